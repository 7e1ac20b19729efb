#include "runner/match.h"

#include <gtest/gtest.h>

namespace suit::lesson {
namespace {

using Lines = std::vector<std::string>;

/// "" when it matches; the difference, or the error, in words.
std::string difference(const Lines& expected, const Lines& actual, Captures& captures) {
  auto result = match_output(expected, actual, captures);
  return result ? *result : result.error().message();
}
std::string difference(const Lines& expected, const Lines& actual) {
  Captures captures;
  return difference(expected, actual, captures);
}

TEST(Match, LiteralLinesAreEqual) {
  EXPECT_EQ(difference({"a (b) [c]*", "d"}, {"a (b) [c]*", "d  "}), "");
  EXPECT_EQ(difference({"a"}, {"b"}), "output line 1: expected \"a\", got \"b\"");
}

TEST(Match, NamesTheFirstLineTooMuchOrTooLittle) {
  EXPECT_EQ(difference({"a"}, {"a", "b"}), "output line 2: expected the end, got \"b\"");
  EXPECT_EQ(difference({"a", "b"}, {"a"}), "output line 2: expected \"b\", got the end");
}

TEST(Match, DotsStandForAnyLines) {
  EXPECT_EQ(difference({"a", "...", "z"}, {"a", "z"}), "");
  EXPECT_EQ(difference({"a", "...", "z"}, {"a", "b", "z", "c", "z"}), "");
  EXPECT_EQ(difference({"..."}, {}), "");
  EXPECT_EQ(difference({"a", "...", "z"}, {"a", "b"}),
            "output line 3: expected \"z\", got the end");
}

TEST(Match, RemembersAndCompares) {
  Captures captures;
  EXPECT_EQ(difference({"pid:[{{outside:\\d+}}]"}, {"pid:[4026531836]"}, captures), "");
  EXPECT_EQ(captures["outside"], "4026531836");
  EXPECT_EQ(difference({"again {{=outside}}"}, {"again 4026531836"}, captures), "");
  EXPECT_EQ(difference({"again {{=outside}}"}, {"again 1"}, captures),
            "output line 1: expected \"again {{=outside}}\", got \"again 1\"");
}

TEST(Match, MustDifferRefusesTheSame) {
  Captures captures{{"outside", "42"}};
  EXPECT_EQ(difference({"{{!=outside:\\d+}}"}, {"43"}, captures), "");
  EXPECT_EQ(difference({"{{!=outside:\\d+}}"}, {"42"}, captures),
            "\"42\" must differ from outside, which is \"42\" too");
  EXPECT_EQ(difference({"{{!=outside:\\d+}}"}, {"none"}, captures),
            "output line 1: expected \"{{!=outside:\\d+}}\", got \"none\"");
}

TEST(Match, ComparesWithinOneOutput) {
  EXPECT_EQ(difference({"{{a:\\d+}} {{=a}}"}, {"7 7"}), "");
  EXPECT_NE(difference({"{{a:\\d+}} {{=a}}"}, {"7 8"}), "");
  EXPECT_NE(difference({"{{a:\\d+}}", "{{!=a:\\d+}}"}, {"7", "7"}), "");
}

TEST(Match, GroupsInARegexDoNotDisturbTheCaptures) {
  Captures captures;
  EXPECT_EQ(difference({"{{a:(x|y)+}} {{b:\\d{2}}} {{=b}}"}, {"xy 12 12"}, captures), "");
  EXPECT_EQ(captures["b"], "12");
}

TEST(Match, AFailureRemembersNothing) {
  Captures captures;
  EXPECT_NE(difference({"{{a:\\d+}}", "x"}, {"7", "y"}, captures), "");
  EXPECT_TRUE(captures.empty());
}

TEST(Match, WrongTemplatesAreErrors) {
  EXPECT_EQ(difference({"{{=pid}}"}, {"1"}), "{{=pid}}: nothing was remembered as \"pid\"");
  EXPECT_EQ(difference({"{{pid}}"}, {"1"}), "{{pid}}: write name:regex, =name or !=name:regex");
  EXPECT_EQ(difference({"{{pid:(}}"}, {"1"}), "{{pid:(}}: \"(\" is no regular expression");
  EXPECT_EQ(difference({"{{pid:1"}, {"1"}), "\"{{pid:1\" has no `}}`");
}

}  // namespace
}  // namespace suit::lesson
