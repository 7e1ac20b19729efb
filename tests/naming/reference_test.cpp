#include "naming/reference.h"

#include <gtest/gtest.h>

#include "naming/grammar.h"

namespace suit::naming {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'b');

TEST(Reference, FillsInWhatPeopleLeaveOut) {
  const Reference python = parse_reference("python").value();
  EXPECT_EQ(python.canonical(), "docker.io/library/python:latest");
  EXPECT_EQ(python.repository(), "docker.io/library/python");
  EXPECT_EQ(python.familiar(), "python:latest");
  EXPECT_TRUE(python.tag_assumed);
  EXPECT_FALSE(parse_reference("python:3.9").value().tag_assumed);
}

TEST(Reference, TakesTheFirstPartForARegistryOnlyIfItLooksLikeOne) {
  EXPECT_EQ(parse_reference("localhost/foo").value().canonical(), "localhost/foo:latest");
  EXPECT_EQ(parse_reference("localhost").value().canonical(), "docker.io/library/localhost:latest");
  EXPECT_EQ(parse_reference("foo:5000").value().canonical(), "docker.io/library/foo:5000");
  EXPECT_EQ(parse_reference("foo:5000/bar").value().canonical(), "foo:5000/bar:latest");
  EXPECT_EQ(parse_reference("user/app:1").value().canonical(), "docker.io/user/app:1");
  EXPECT_EQ(parse_reference("Foo/bar").value().domain, "Foo");
  EXPECT_EQ(parse_reference("index.docker.io/a").value().canonical(), "docker.io/library/a:latest");
}

TEST(Reference, KeepsTagAndDigestAndAssumesNoTagBesideADigest) {
  EXPECT_EQ(parse_reference("a@" + kDigest).value().canonical(), "docker.io/library/a@" + kDigest);
  EXPECT_EQ(parse_reference("a:1@" + kDigest).value().familiar(), "a:1@" + kDigest);
}

TEST(Reference, SaysWhatIsWrongAndWhatWouldBeRight) {
  const Error upper = parse_reference("library/Foo").error();
  EXPECT_EQ(upper.message(),
            "invalid reference format: repository name (library/Foo) must be lowercase");
  const Error empty_part = parse_reference("a//b").error();
  EXPECT_EQ(empty_part.message(), "invalid reference format");
  EXPECT_EQ(empty_part.hint(),
            "\"a//b\" should be [registry[:port]/]name[:tag][@digest], such as python:3.12");
  EXPECT_EQ(parse_reference("a@sha256:" + std::string(32, 'c')).error().message(),
            "invalid checksum digest length: \"sha256:" + std::string(32, 'c') +
                "\" has 32 hex digits, sha256 has 64");
  EXPECT_EQ(parse_reference(std::string(256, 'a')).error().message(),
            "repository name must not be more than 255 characters");
}

TEST(Reference, RefusesBytesThatAreNoName) {
  for (std::string_view bad : {"", ":", "@", "/", "a:", ":a", "a@", "a b", "a\n", "-a", "a/..",
                               "a/", "/a", "a:b:c", "\xff", "a:\x01"})
    EXPECT_FALSE(parse_reference(bad)) << bad;
}

TEST(Pattern, IsThatOfGosPathMatch) {
  const Reference name = parse_reference("foo/c/baz:tag").value();
  EXPECT_TRUE(matches_pattern(name, "foo/*/baz").value());
  EXPECT_TRUE(matches_pattern(name, "foo/?/b[a-c]z:t*").value());
  EXPECT_TRUE(matches_pattern(name, "foo/[^a]/*").value());
  EXPECT_TRUE(matches_pattern(name, "foo/\\c/baz").value());
  EXPECT_FALSE(matches_pattern(name, "foo/*").value());
  EXPECT_FALSE(matches_pattern(name, "").value());
  EXPECT_EQ(matches_pattern(name, "[a").error().message(), "syntax error in pattern \"[a\"");
  EXPECT_EQ(matches_pattern(name, "a\\").error().message(), "syntax error in pattern \"a\\\"");
}

}  // namespace
}  // namespace suit::naming
