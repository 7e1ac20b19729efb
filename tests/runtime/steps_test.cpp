#include "base/steps.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "os/file.h"

namespace suit {
namespace {

TEST(Steps, AreCompleteAndUnique) {
  std::set<std::string_view> ids;
  for (const Step& step : all_steps()) {
    EXPECT_TRUE(ids.insert(step.id).second) << step.id;
    for (std::string_view text : {step.title, step.why, step.without, step.man, step.tutorial})
      EXPECT_FALSE(text.empty()) << step.id;
    EXPECT_TRUE(step.man.ends_with(")")) << step.id;
    EXPECT_EQ(find_step(step.id), &step);
  }
  EXPECT_EQ(find_step("no.such"), nullptr);
}

std::string anchor_of(std::string_view heading) {
  std::string anchor;
  for (char c : heading) {
    if (std::isalnum(static_cast<unsigned char>(c)))
      anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (c == ' ' || c == '-')
      anchor += '-';
  }
  return anchor;
}

TEST(Steps, PointToHeadingsOfTheTutorials) {
  int checked = 0;
  for (const Step& step : all_steps()) {
    std::size_t hash = step.tutorial.find('#');
    ASSERT_NE(hash, std::string_view::npos) << step.id;
    std::string file =
        SUIT_SOURCE_DIR "/tutorials/" + std::string(step.tutorial.substr(0, hash)) + ".md";
    auto text = os::read_file(file);
    if (!text) continue;  // the lesson is not written yet
    std::set<std::string> anchors;
    for (std::size_t at = 0; at < text->size();) {
      std::size_t end = std::min(text->find('\n', at), text->size());
      std::string_view line = std::string_view(*text).substr(at, end - at);
      if (line.starts_with('#'))
        anchors.insert(anchor_of(line.substr(std::min(line.find_first_not_of("# "), line.size()))));
      at = end + 1;
    }
    EXPECT_TRUE(anchors.contains(std::string(step.tutorial.substr(hash + 1))))
        << step.id << ": " << step.tutorial;
    ++checked;
  }
  if (checked == 0) GTEST_SKIP() << "needs the tutorials";
}

}  // namespace
}  // namespace suit
