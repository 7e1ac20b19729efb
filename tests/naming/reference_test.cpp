#include "naming/reference.h"

#include <algorithm>

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

TEST(Reference, ShortensNoNameIntoAnotherOne) {
  EXPECT_EQ(parse_reference("docker.io/user.name/app:1").value().familiar(),
            "docker.io/user.name/app:1");
  EXPECT_EQ(parse_reference("docker.io/localhost/app:1").value().familiar(),
            "docker.io/localhost/app:1");
  EXPECT_EQ(parse_reference("docker.io/user-name/app:1").value().familiar(), "user-name/app:1");
  EXPECT_EQ(parse_reference("docker.io/app.v1:1").value().familiar(), "app.v1:1");
}

TEST(Reference, SaysWhatIsWrongAndWhatWouldBeRight) {
  const Error upper = parse_reference("library/Foo").error();
  EXPECT_EQ(upper.message(),
            "invalid reference format: repository name (library/Foo) must be lowercase");
  const Error empty_part = parse_reference("a//b").error();
  EXPECT_EQ(empty_part.message(), "invalid reference format");
  EXPECT_EQ(
      empty_part.hint(),
      "a name is missing before this; the form is [registry[:port]/]name[:tag][@digest], such "
      "as python:3.12");
  EXPECT_EQ(empty_part.excerpt(), "    a//b\n      ^\n");
  EXPECT_EQ(parse_reference("a@sha256:" + std::string(32, 'c')).error().message(),
            "invalid checksum digest length: \"sha256:" + std::string(32, 'c') +
                "\" has 32 hex digits, sha256 has 64");
  EXPECT_EQ(parse_reference(std::string(256, 'a')).error().message(),
            "repository name must not be more than 255 characters");
}

TEST(Reference, PointsAtTheFirstByteThatIsWrong) {
  struct Row {
    std::string_view text;
    std::size_t column;  // from 0
    std::string_view reason;
  };
  const std::string long_tag = "a:" + std::string(129, 't');
  const std::string short_digest = "a@sha256:" + std::string(31, 'c');
  const Row rows[] = {
      {"", 0, "a name is missing"},
      {"/a", 0, "a name is missing before this"},
      {"a//b", 2, "a name is missing before this"},
      {"a/", 2, "a name is missing after the slash"},
      {":tag", 0, "a name is missing before this"},
      {"a/:tag", 2, "a name is missing before this"},
      {"-a", 0, "a letter or a digit must stand on both sides of . _ __ and -"},
      {"a..b", 2, "a letter or a digit must stand on both sides of . _ __ and -"},
      {"a___b", 3, "a letter or a digit must stand on both sides of . _ __ and -"},
      {"user/a-", 7, "a letter or a digit must stand on both sides of . _ __ and -"},
      {"user/App", 5, "a repository's name is lower-case"},
      {"a b", 1, "a name has lower-case letters and digits, with . _ __ or - between them"},
      {"https://x.y/a", 5, "a name has no https:// in front: leave it out"},
      {"x.y:80a/b", 6, "a port is a number"},
      {"x.y:/b", 4, "a port is a number"},
      {"x..y:1/b", 2, "a part of the registry's name is missing here"},
      {"[::1%eth0]/a", 4, "an IPv6 address is written [2001:db8::1], perhaps with :PORT"},
      {"a:", 2, "a tag is missing after the colon"},
      {"a:b:c", 3, "a name has one tag, and no tag holds a colon"},
      {"a:-1", 2, "a tag begins with a letter, a digit or _"},
      {"a:1+2", 3, "a tag has letters, digits, _ . and -"},
      {long_tag, 130, "a tag has at most 128 characters"},
      {"a@", 2, "a digest is missing after the @"},
      {"a@sha256", 8, "a digest is written sha256:HEX"},
      {short_digest, 40, "a digest has at least 32 hex digits"},
      {"a@sha256:xyz", 9, "a digest has hex digits after its colon"},
  };
  for (const Row& row : rows) {
    const Result<Reference> result = parse_reference(row.text);
    ASSERT_FALSE(result) << row.text;
    EXPECT_TRUE(result.error().hint().starts_with(row.reason))
        << row.text << ": " << result.error().hint();
    const std::string& excerpt = result.error().excerpt();
    const std::size_t second = excerpt.find('\n') + 1;
    // A long text is shown from 60 bytes before the caret on.
    EXPECT_EQ(excerpt.find('^') - second, 4 + std::min<std::size_t>(row.column, 60)) << excerpt;
  }
}

TEST(Reference, ShowsNoByteThatATerminalObeys) {
  const std::string excerpt = parse_reference("a\x1b[2k").error().excerpt();
  EXPECT_EQ(excerpt, "    a?[2k\n     ^\n");
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
