#include "build/copy.h"

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/file.h"

namespace suit::build {
namespace {

using testing::HasSubstr;

mode_t changed(std::string_view text, mode_t mode, bool directory = false) {
  return ModeChange::parse(text).value().apply(mode, directory);
}

TEST(ModeChange, ReadsOctal) {
  EXPECT_EQ(changed("0644", 0777), 0644U);
  EXPECT_EQ(changed("4755", 0), 04755U);
}

TEST(ModeChange, ReadsSymbolicClauses) {
  EXPECT_EQ(changed("u=rwX,go=rX", 0600), 0644U);
  EXPECT_EQ(changed("u=rwX,go=rX", 0700), 0755U);
  EXPECT_EQ(changed("u=rwX,go=rX", 0600, true), 0755U);
  EXPECT_EQ(changed("+x", 0644), 0755U);
  EXPECT_EQ(changed("a-w", 0666), 0444U);
  EXPECT_EQ(changed("u+s", 0755), 04755U);
}

TEST(ModeChange, RefusesWithTheReferenceText) {
  for (const std::string_view text : {"64a", "10000", "", "u=", "q+x", "u+x,"}) {
    const Result<ModeChange> mode = ModeChange::parse(text);
    if (text == "u=") continue;  // clears the user's bits: legal
    ASSERT_FALSE(mode) << text;
    EXPECT_THAT(mode.error().message(),
                HasSubstr("it should be octal string and between 0 and 07777"))
        << text;
  }
}

/// Two directories: what is copied, and the image.
class Copying : public testing::Test {
 protected:
  void SetUp() override {
    source_.emplace(os::TempDir::create("/tmp", "suit-from-").value());
    image_.emplace(os::TempDir::create("/tmp", "suit-to-").value());
    file(*source_, "dir/one", "1");
    file(*source_, "dir/sub/two", "2");
    file(*source_, "top", "top");
  }
  static void file(const os::TempDir& dir, const std::string& path, std::string_view text) {
    const std::string full = dir.path() + "/" + path;
    ASSERT_TRUE(os::make_dirs(full.substr(0, full.rfind('/')), 0755));
    ASSERT_TRUE(os::replace_file(full, text, 0640));
  }
  Result<void> copy(const std::string& pattern, CopyOptions options) {
    const os::Root from = os::Root::open(source_->path()).value();
    const os::Root to = os::Root::open(image_->path()).value();
    options.squash_owners = true;
    return copy_into(from, select_files(from, pattern, {}).value(), to, options);
  }
  std::string read(const std::string& path) {
    return os::read_file(image_->path() + path).value_or("(nothing)");
  }
  mode_t mode(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::stat((image_->path() + path).c_str(), &status), 0) << path;
    return status.st_mode & 07777U;
  }

  std::optional<os::TempDir> source_;
  std::optional<os::TempDir> image_;
};

TEST_F(Copying, FileGoesToANewNameOrIntoADirectory) {
  ASSERT_TRUE(copy("top", {.destination = "/a/b"}));
  ASSERT_TRUE(copy("top", {.destination = "/d/"}));
  ASSERT_TRUE(copy("top", {.destination = "/d"}));
  EXPECT_EQ(read("/a/b"), "top");
  EXPECT_EQ(read("/d/top"), "top");
  EXPECT_EQ(mode("/a"), 0755U);
  EXPECT_EQ(mode("/a/b"), 0640U);
}

TEST_F(Copying, DirectoryGivesItsContentsAndKeepsTheDestinationsMode) {
  ASSERT_EQ(::mkdir((image_->path() + "/app").c_str(), 0700), 0);
  ASSERT_TRUE(copy("dir", {.destination = "/app"}));
  EXPECT_EQ(read("/app/one"), "1");
  EXPECT_EQ(read("/app/sub/two"), "2");
  EXPECT_EQ(mode("/app"), 0700U);
}

TEST_F(Copying, SymlinksOfTheImageAreFollowedInsideIt) {
  ASSERT_EQ(::mkdir((image_->path() + "/usr").c_str(), 0755), 0);
  ASSERT_EQ(::symlink("/usr/lib", (image_->path() + "/lib").c_str()), 0);
  ASSERT_EQ(::symlink("../../../etc", (image_->path() + "/out").c_str()), 0);
  ASSERT_TRUE(copy("top", {.destination = "/lib/"}));
  ASSERT_TRUE(copy("top", {.destination = "/out/"}));
  EXPECT_EQ(read("/usr/lib/top"), "top");
  EXPECT_EQ(read("/etc/top"), "top");
  EXPECT_FALSE(os::exists("/etc/top"));
}

TEST_F(Copying, ModeAppliesToCreatedParents) {
  ASSERT_TRUE(copy(
      "top", {.destination = "/p/top", .owner = {}, .mode = ModeChange::parse("700").value()}));
  EXPECT_EQ(mode("/p"), 0700U);
  EXPECT_EQ(mode("/p/top"), 0700U);
}

TEST_F(Copying, DirectoryOntoAFileIsAnError) {
  file(*image_, "dir", "file");
  const Result<void> result = copy("dir", {.destination = "/dir"});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message(), HasSubstr("cannot copy to non-directory: /dir"));
}

TEST_F(Copying, HardLinksStayOneFile) {
  ASSERT_EQ(::link((source_->path() + "/dir/one").c_str(), (source_->path() + "/dir/same").c_str()),
            0);
  ASSERT_TRUE(copy("dir", {.destination = "/d/"}));
  struct stat status{};
  ASSERT_EQ(::stat((image_->path() + "/d/same").c_str(), &status), 0);
  EXPECT_EQ(status.st_nlink, 2U);
}

TEST_F(Copying, ResolveStopsAtALoopOfLinks) {
  ASSERT_EQ(::symlink("b", (image_->path() + "/a").c_str()), 0);
  ASSERT_EQ(::symlink("a", (image_->path() + "/b").c_str()), 0);
  const Result<std::string> path = resolve_in(os::Root::open(image_->path()).value(), "/a/x");
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().code(), ELOOP);
}

}  // namespace
}  // namespace suit::build
