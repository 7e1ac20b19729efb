#include "runner/regions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace suit::lesson {
namespace {

using ::testing::ElementsAre;

std::string error_of(std::string_view text) {
  auto regions = parse_regions("main.cpp", text);
  return regions ? "no error" : regions.error().message();
}

TEST(Regions, AreCutOutWithoutMarkersAndIndentation) {
  auto regions = parse_regions("main.cpp",
                               "int main() {\n"
                               "  //> clone\n"
                               "  if (x) {\n"
                               "    y();\n"
                               "\n"
                               "  }\n"
                               "  //< clone\n"
                               "}\n");
  ASSERT_TRUE(regions) << regions.error().message();
  ASSERT_EQ(regions->size(), 1U);
  EXPECT_EQ(regions->at(0).name, "clone");
  EXPECT_EQ(regions->at(0).line, 2U);
  EXPECT_THAT(regions->at(0).lines, ElementsAre("if (x) {", "  y();", "", "}"));
}

TEST(Regions, MayNest) {
  auto regions = parse_regions("main.cpp", "//> outer\na\n//> inner\nb\n//< inner\nc\n//< outer\n");
  ASSERT_TRUE(regions) << regions.error().message();
  EXPECT_THAT(regions->at(0).lines, ElementsAre("a", "b", "c"));
  EXPECT_THAT(regions->at(1).lines, ElementsAre("b"));
}

TEST(Regions, ShowAnElidedPartAsOneSign) {
  auto regions = parse_regions("main.cpp", "//> r\na\n  //-\n  b\n  c\n  //-\nd\n//< r\n");
  ASSERT_TRUE(regions) << regions.error().message();
  EXPECT_THAT(regions->at(0).lines, ElementsAre("a", "  ⋯", "d"));
}

TEST(Regions, UseTheHashSignInScripts) {
  auto regions = parse_regions("Dockerfile", "#> base\nFROM scratch\n#< base\n");
  ASSERT_TRUE(regions) << regions.error().message();
  EXPECT_THAT(regions->at(0).lines, ElementsAre("FROM scratch"));
}

TEST(Regions, LeaveOtherCommentsAlone) {
  auto file = shown_file("a.h", "int x;  //< documented after\n#include <x>\n//>x\n");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_THAT(*file, ElementsAre("int x;  //< documented after", "#include <x>", "//>x"));
}

TEST(Regions, ThatCrossAreAnError) {
  EXPECT_EQ(error_of("//> a\n//> b\n//< a\n//< b\n"),
            "main.cpp:3: region \"a\" crosses region \"b\" (opened at line 2)");
}

TEST(Regions, WithoutEndAreAnError) {
  EXPECT_EQ(error_of("x\n//> a\ny\n"), "main.cpp:2: region \"a\" is never closed");
}

TEST(Regions, WithoutBeginningAreAnError) {
  EXPECT_EQ(error_of("x\n//< a\n"), "main.cpp:2: region \"a\" is closed but not open");
}

TEST(Regions, OfTheSameNameAreAnError) {
  EXPECT_EQ(error_of("//> a\n//< a\n//> a\n//< a\n"),
            "main.cpp:3: region \"a\" was opened before, at line 1");
}

TEST(Regions, WithAStrangeNameAreAnError) {
  EXPECT_EQ(error_of("//> A b\n"), "main.cpp:1: \"A b\" is no region name");
}

TEST(Regions, ElidedWithoutEndAreAnError) {
  EXPECT_EQ(error_of("//> a\n//-\n"), "main.cpp:2: `//-` has no second `//-`");
}

TEST(Regions, OpenedInAnElidedPartAreAnError) {
  EXPECT_EQ(error_of("//-\n//> a\n//-\n"),
            "main.cpp:2: a region marker inside an elided part (`//-` at line 1)");
}

}  // namespace
}  // namespace suit::lesson
