#include "base/suggest.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace suit {
namespace {

constexpr std::array<std::string_view, 4> kCommands = {"build", "run", "rmi", "images"};

TEST(EditDistance, CountsInsertDeleteReplaceAndSwap) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "run"), 3U);
  EXPECT_EQ(edit_distance("run", ""), 3U);
  EXPECT_EQ(edit_distance("run", "runs"), 1U);
  EXPECT_EQ(edit_distance("run", "rn"), 1U);
  EXPECT_EQ(edit_distance("run", "ran"), 1U);
  EXPECT_EQ(edit_distance("run", "rnu"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(EditDistance, IgnoresCase) { EXPECT_EQ(edit_distance("FROM", "from"), 0U); }

TEST(EditDistance, IsTheSameInBothDirections) {
  const std::vector<std::string> words = {"", "a", "ab", "ba", "abc", "cab", "container"};
  for (const std::string& a : words)
    for (const std::string& b : words)
      EXPECT_EQ(edit_distance(a, b), edit_distance(b, a));
}

TEST(Nearest, FindsTheWordThatWasMeant) {
  EXPECT_EQ(nearest("biuld", kCommands), "build");
  EXPECT_EQ(nearest("image", kCommands), "images");
}

TEST(Nearest, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(nearest("teleport", kCommands), "");
  EXPECT_EQ(nearest("x", kCommands), "");
  EXPECT_EQ(nearest("", kCommands), "");
  EXPECT_EQ(nearest("run", std::vector<std::string>{}), "");
}

TEST(Nearest, PrefersTheFirstOfEquals) {
  EXPECT_EQ(nearest("rum", std::vector<std::string>{"run", "rug"}), "run");
}

TEST(DidYouMean, AppendsToAMessage) {
  EXPECT_EQ(did_you_mean("buidl", kCommands), " (did you mean \"build\"?)");
  EXPECT_EQ(did_you_mean("teleport", kCommands), "");
}

}  // namespace
}  // namespace suit
