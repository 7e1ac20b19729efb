#include "base/log.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace suit {
namespace {

std::vector<std::string> g_lines;
void keep(log::Level /*level*/, std::string_view line) { g_lines.emplace_back(line); }

class Log : public ::testing::Test {
 protected:
  void SetUp() override { g_lines.clear(); }
  void TearDown() override { log::set_sink(nullptr, log::Level::Off); }
};

TEST_F(Log, SaysNothingWithoutASink) {
  int evaluated = 0;
  SUIT_LOG(Error, "{}", ++evaluated);
  EXPECT_EQ(evaluated, 0);
}

TEST_F(Log, FormatsLinesOfItsLevelAndAbove) {
  log::set_sink(keep, log::Level::Warn);
  SUIT_LOG(Info, "below");
  SUIT_LOG(Warn, "at {}", 7);
  SUIT_LOG(Error, "above");
  EXPECT_EQ(g_lines, (std::vector<std::string>{"at 7", "above"}));
}

TEST_F(Log, DoesNotEvaluateWhatItDoesNotWrite) {
  log::set_sink(keep, log::Level::Warn);
  int evaluated = 0;
  SUIT_LOG(Debug, "{}", ++evaluated);
  EXPECT_EQ(evaluated, 0);
}

}  // namespace
}  // namespace suit
