#include "base/source.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace suit {
namespace {

constexpr std::string_view kText = "FROM base\nRUN one\nCOPPY a b\nRUN two\nRUN three\n";

SourceSpan span_of(std::string_view text, std::string_view word) {
  SourceSpan span;
  span.offset = text.find(word);
  span.length = word.size();
  span.line = 1;
  span.column = 1;
  for (char c : text.substr(0, span.offset)) {
    span.column = c == '\n' ? 1 : span.column + 1;
    if (c == '\n') ++span.line;
  }
  return span;
}

TEST(Location, ReadsAsEditorsUnderstandIt) {
  EXPECT_EQ(location("Dockerfile", span_of(kText, "COPPY")), "Dockerfile:3:1");
}

TEST(Excerpt, ShowsTwoLinesEitherSideAndACaretUnderEachByte) {
  EXPECT_EQ(render_excerpt("Dockerfile", kText, span_of(kText, "COPPY")),
            "Dockerfile:3:1\n"
            "--------------------\n"
            "   1 |     FROM base\n"
            "   2 |     RUN one\n"
            "   3 | >>> COPPY a b\n"
            "     |     ^^^^^\n"
            "   4 |     RUN two\n"
            "   5 |     RUN three\n"
            "--------------------\n");
}

TEST(Excerpt, MarksEveryLineOfALongSpan) {
  std::string shown = render_excerpt("Dockerfile", kText, span_of(kText, "one\nCOPPY"));
  EXPECT_NE(shown.find("   2 | >>> RUN one\n     |         ^^^\n   3 | >>> COPPY a b\n"),
            std::string::npos)
      << shown;
}

TEST(Excerpt, LinesTheCaretUpBehindTabs) {
  std::string_view text = "RUN\tfoo";
  std::string shown = render_excerpt("Dockerfile", text, span_of(text, "foo"));
  EXPECT_NE(shown.find("     |        \t^^^\n"), std::string::npos) << shown;
}

TEST(Excerpt, PointsBehindTheLastByte) {
  std::string shown = render_excerpt("f", "ab", SourceSpan{2, 0, 1, 3});
  EXPECT_NE(shown.find("     |       ^\n"), std::string::npos) << shown;
}

TEST(Excerpt, IsEmptyWithoutAPlace) {
  EXPECT_EQ(render_excerpt("f", "text", SourceSpan{}), "");
  EXPECT_EQ(render_excerpt("f", "text", SourceSpan{0, 1, 7, 1}), "");
}

TEST(Excerpt, KeepsControlBytesFromTheTerminal) {
  std::string shown = render_excerpt("f", "RUN \x1b[31mred", SourceSpan{0, 3, 1, 1});
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
}

TEST(Excerpt, CutsAnEndlessLine) {
  std::string text(100000, 'x');
  EXPECT_LT(render_excerpt("f", text, SourceSpan{0, text.size(), 1, 1}).size(), 500U);
}

TEST(Excerpt, SurvivesSpansOutsideTheText) {
  SourceSpan span{999, 999, 1, 999};
  EXPECT_FALSE(render_excerpt("f", "short", span).empty());
}

}  // namespace
}  // namespace suit
