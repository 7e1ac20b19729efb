#include <csignal>

#include <gtest/gtest.h>

#include "engine/record.h"

namespace suit::engine {
namespace {

TEST(Signal, IsReadInEverySpelling) {
  for (const char* text : {"SIGTERM", "sigterm", "TERM", "Term", "15"}) {
    auto number = parse_signal(text);
    ASSERT_TRUE(number) << text;
    EXPECT_EQ(*number, SIGTERM) << text;
  }
  EXPECT_EQ(parse_signal("RTMIN").value(), 34);
  EXPECT_EQ(parse_signal("SIGRTMIN+3").value(), 37);
  EXPECT_EQ(parse_signal("RTMAX").value(), 64);
}

TEST(Signal, ThatDoesNotExistIsRefusedWithTheNearest) {
  auto parsed = parse_signal("SIGTREM");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message(), "invalid signal: \"SIGTREM\" (did you mean \"TERM\"?)");
  for (const char* bad : {"", "0", "-1", "65", "99999999999999", "15x", "RTMIN+31", "SIG"})
    EXPECT_FALSE(parse_signal(bad)) << bad;
}

}  // namespace
}  // namespace suit::engine
