// The keys that leave a terminal.

#include "engine/detach_keys.h"

#include <string>

#include <gtest/gtest.h>

namespace suit::engine {
namespace {

TEST(DetachKeys, AreFoundCutAnywhere) {
  for (std::size_t cut = 0; cut <= 6; ++cut) {
    DetachKeys keys = DetachKeys::usual();
    const std::string text =
        "ab\x10\x11"
        "cd";
    const DetachKeys::Typed first = keys.feed(text.substr(0, cut));
    if (first.detached) {
      EXPECT_EQ(first.bytes, "ab") << cut;
      continue;
    }
    const DetachKeys::Typed rest = keys.feed(text.substr(cut));
    EXPECT_TRUE(rest.detached) << cut;
    EXPECT_EQ(first.bytes + rest.bytes, "ab") << cut;
  }
}

TEST(DetachKeys, HoldBackNoMoreThanTheirBeginning) {
  DetachKeys keys = DetachKeys::usual();
  EXPECT_EQ(keys.feed("x\x10").bytes, "x");
  // The first key twice: the second may begin the sequence anew.
  EXPECT_EQ(keys.feed("\x10").bytes, "\x10");
  const DetachKeys::Typed other = keys.feed("y");
  EXPECT_EQ(other.bytes, "\x10y");
  EXPECT_FALSE(other.detached);
}

TEST(DetachKeys, AreReadAsDockerReadsThem) {
  auto keys = DetachKeys::parse("ctrl-a,d");
  ASSERT_TRUE(keys);
  EXPECT_FALSE(keys->feed("d").detached);
  EXPECT_TRUE(keys->feed("\x01"
                         "d")
                  .detached);
  EXPECT_TRUE(DetachKeys::parse("ctrl-@,ctrl-_,ctrl-["));
  for (const char* bad : {"ctrl-", "ctrl-A", "alt-x", "ab", "ctrl-p,,q", "ctrl-1"}) {
    const auto refused = DetachKeys::parse(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_NE(refused.error().message().find("unknown key"), std::string::npos) << bad;
  }
}

TEST(DetachKeys, NoneAreNeverFound) {
  DetachKeys keys;
  const DetachKeys::Typed typed = keys.feed("\x10\x11");
  EXPECT_EQ(typed.bytes, "\x10\x11");
  EXPECT_FALSE(typed.detached);
}

}  // namespace
}  // namespace suit::engine
