#include "base/steps.h"

#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace suit {
namespace {

TEST(Steps, AreNamedOnce) {
  std::set<std::string_view> ids;
  for (const Step& step : all_steps())
    EXPECT_TRUE(ids.insert(step.id).second) << step.id;
}

TEST(Steps, SayWhyAndWhatBreaksAndWhereToRead) {
  for (const Step& step : all_steps()) {
    EXPECT_FALSE(step.title.empty()) << step.id;
    EXPECT_FALSE(step.why.empty()) << step.id;
    EXPECT_FALSE(step.without.empty()) << step.id;
    EXPECT_FALSE(step.man.empty()) << step.id;
    EXPECT_NE(step.tutorial.find('#'), std::string_view::npos) << step.id;
  }
}

TEST(Steps, AreFoundByTheirId) {
  for (const Step& step : all_steps())
    EXPECT_EQ(find_step(step.id), &step);
  EXPECT_EQ(find_step("no.such.step"), nullptr);
}

}  // namespace
}  // namespace suit
