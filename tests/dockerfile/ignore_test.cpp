#include "dockerfile/ignore.h"

#include <chrono>

#include <gtest/gtest.h>

#include "dockerfile/glob.h"

namespace suit::dockerfile {
namespace {

TEST(Glob, MatchesAsFilepathMatchDoes) {
  EXPECT_TRUE(glob_match("*.go", "main.go").value());
  EXPECT_FALSE(glob_match("*.go", "dir/main.go").value());
  EXPECT_TRUE(glob_match("a/*/c", "a/b/c").value());
  EXPECT_TRUE(glob_match("[a-c]?[^x]", "b\xc3\xa9y").value());
  EXPECT_TRUE(glob_match("\\*", "*").value());
  EXPECT_TRUE(glob_match("", "").value());
  EXPECT_FALSE(glob_match("", "a").value());
  EXPECT_TRUE(glob_match("[[]x", "[x").value());
}

TEST(Glob, RefusesMalformedPatterns) {
  for (const char* pattern : {"[", "[]a]", "[-x]", "[a-", "a\\", "[x-]"}) {
    auto result = glob_match(pattern, "a");
    ASSERT_FALSE(result) << pattern;
    EXPECT_EQ(result.error().message(), "syntax error in pattern");
  }
}

TEST(Glob, DoesNotBacktrackForEver) {
  std::string pattern;
  for (int i = 0; i < 200; ++i)
    pattern += "*a";
  auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(glob_match(pattern + "b", std::string(5000, 'a')).value());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Ignore, LastMatchDecides) {
  auto matcher = IgnoreMatcher::create({"*.md", "!README.md", "docs"});
  ASSERT_TRUE(matcher);
  EXPECT_TRUE(matcher->matches("a.md"));
  EXPECT_FALSE(matcher->matches("README.md"));
  EXPECT_TRUE(matcher->matches("docs/deep/file"));
  EXPECT_FALSE(matcher->matches("src/docs"));
}

TEST(Ignore, TellsWhichDirectoriesCanBeLeftOutWhole) {
  auto matcher = IgnoreMatcher::create({"vendor", "build", "!build/keep/*.txt"});
  ASSERT_TRUE(matcher);
  EXPECT_FALSE(matcher->may_reinclude_below("vendor"));
  EXPECT_TRUE(matcher->may_reinclude_below("build"));
  EXPECT_TRUE(matcher->may_reinclude_below("build/keep"));
  EXPECT_FALSE(matcher->may_reinclude_below("build/other"));
}

TEST(Ignore, RefusesABareExclamationMark) {
  auto matcher = IgnoreMatcher::create({"a", "!"});
  ASSERT_FALSE(matcher);
  EXPECT_EQ(matcher.error().message(), "illegal exclusion pattern: \"!\"");
}

TEST(Ignore, DoesNotBacktrackForEver) {
  std::string pattern;
  for (int i = 0; i < 100; ++i)
    pattern += "**/";
  auto matcher = IgnoreMatcher::create({pattern + "*x*y*z"});
  ASSERT_TRUE(matcher);
  std::string path;
  for (int i = 0; i < 200; ++i)
    path += "xy/";
  auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(matcher->matches(path + "end"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(CleanPath, IsGosPathClean) {
  EXPECT_EQ(clean_path("a//b/../c/."), "a/c");
  EXPECT_EQ(clean_path("../../a"), "../../a");
  EXPECT_EQ(clean_path("/../a/"), "/a");
  EXPECT_EQ(clean_path(""), ".");
}

}  // namespace
}  // namespace suit::dockerfile
