#include "build/tree.h"

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/file.h"

namespace suit::build {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A directory with some files, and what is selected from it.
class Tree : public testing::Test {
 protected:
  void SetUp() override {
    dir_.emplace(os::TempDir::create("/tmp", "suit-tree-").value());
    file("a.py", "a");
    file("b.py", "b");
    file("src/main.py", "main");
    file("src/deep/x.py", "x");
    file("src/deep/y.txt", "y");
  }
  void file(const std::string& path, std::string_view text) {
    const std::string full = dir_->path() + "/" + path;
    ASSERT_TRUE(os::make_dirs(full.substr(0, full.rfind('/')), 0755));
    ASSERT_TRUE(os::replace_file(full, text, 0644));
  }
  void link(const std::string& path, const std::string& target) {
    ASSERT_EQ(::symlink(target.c_str(), (dir_->path() + "/" + path).c_str()), 0);
  }
  std::vector<std::string> select(std::string_view pattern, SelectOptions options = {}) {
    const os::Root root = os::Root::open(dir_->path()).value();
    Result<std::vector<Match>> matches = select_files(root, pattern, options);
    if (!matches) return {"error: " + matches.error().message()};
    std::vector<std::string> out;
    for (const Match& match : *matches) {
      for (const FileEntry& entry : match.entries)
        out.push_back(entry.target);
    }
    return out;
  }
  std::string text() {
    const os::Root root = os::Root::open(dir_->path()).value();
    std::vector<Match> matches = select_files(root, ".", {.as_root = true}).value();
    EXPECT_TRUE(hash_selection(root, matches));
    return tree_text(matches);
  }

  std::optional<os::TempDir> dir_;
};

TEST_F(Tree, FileIsSelectedByName) { EXPECT_THAT(select("a.py"), ElementsAre("a.py")); }

TEST_F(Tree, DirectoryGivesItsContents) {
  EXPECT_THAT(select("src/"), ElementsAre("deep", "deep/x.py", "deep/y.txt", "main.py"));
}

TEST_F(Tree, DotDotStaysInside) {
  EXPECT_THAT(select("../../a.py"), ElementsAre("a.py"));
  EXPECT_THAT(select("/a.py"), ElementsAre("a.py"));
}

TEST_F(Tree, WildcardsMatchOneComponent) {
  EXPECT_THAT(select("*.py"), ElementsAre("a.py", "b.py"));
  EXPECT_THAT(select("src/*/x.py"), ElementsAre("x.py"));
  EXPECT_THAT(select("*.go"), IsEmpty());
}

TEST_F(Tree, MissingNameSelectsNothing) { EXPECT_THAT(select("nope"), IsEmpty()); }

TEST_F(Tree, NamedSymlinkIsFollowedAndOthersAreKept) {
  link("l", "src/main.py");
  link("src/inner", "main.py");
  const os::Root root = os::Root::open(dir_->path()).value();
  const std::vector<Match> named = select_files(root, "l", {}).value();
  EXPECT_EQ(named.at(0).entries.at(0).kind, FileKind::Regular);
  const std::vector<Match> all =
      select_files(root, "src", {}).value();  // deep, deep/x.py, deep/y.txt, inner, main.py
  EXPECT_EQ(all.at(0).entries.at(3).target, "inner");
  EXPECT_EQ(all.at(0).entries.at(3).kind, FileKind::Symlink);
}

TEST_F(Tree, LinksNeverLeadOutOfTheRoot) {
  link("passwd", "/etc/passwd");
  link("up", "../../../../etc");
  EXPECT_THAT(select("passwd"), IsEmpty());
  EXPECT_THAT(select("up/passwd"), IsEmpty());
}

TEST_F(Tree, IgnoredFilesAreLeftOutByAnyOfTheirNames) {
  const auto ignore = dockerfile::IgnoreMatcher::create({"src/deep", "!src/deep/y.txt"}).value();
  link("way", "src/deep/x.py");
  EXPECT_THAT(select("src", {.ignore = &ignore}), ElementsAre("deep", "deep/y.txt", "main.py"));
  EXPECT_THAT(select("src/deep/x.py", {.ignore = &ignore}), IsEmpty());
  EXPECT_THAT(select("way", {.ignore = &ignore}), IsEmpty());
  EXPECT_THAT(select("src/deep", {.ignore = &ignore}), ElementsAre("y.txt"));
}

TEST_F(Tree, ExcludePatternsAreRelativeToTheSource) {
  const auto exclude = dockerfile::IgnoreMatcher::create({"deep/*.txt"}).value();
  EXPECT_THAT(select("src", {.exclude = &exclude}), ElementsAre("deep", "deep/x.py", "main.py"));
}

TEST_F(Tree, FifoOfAContextIsRefused) {
  ASSERT_EQ(::mkfifo((dir_->path() + "/src/pipe").c_str(), 0600), 0);
  EXPECT_THAT(
      select("src", {.refuse_special = true}),
      ElementsAre(HasSubstr("\"src/pipe\" is a named pipe, which a build context cannot hold")));
}

TEST_F(Tree, TextIgnoresTimesAndSeesContentAndMode) {
  const std::string before = text();
  const timespec times[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (dir_->path() + "/a.py").c_str(), times, 0), 0);
  EXPECT_EQ(text(), before);
  ASSERT_EQ(::chmod((dir_->path() + "/a.py").c_str(), 0755), 0);
  const std::string with_mode = text();
  EXPECT_THAT(diff_trees(before, with_mode).changes, ElementsAre("M a.py"));
  file("a.py", "other");
  file("c.py", "new");
  ASSERT_EQ(::unlink((dir_->path() + "/b.py").c_str()), 0);
  const TreeDiff diff = diff_trees(before, text());
  EXPECT_THAT(diff.changes, ElementsAre("M a.py", "D b.py", "A c.py"));
  EXPECT_EQ(diff.total, 7U);
}

}  // namespace
}  // namespace suit::build
