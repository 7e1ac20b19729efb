#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <fmt/format.h>

#include "support.h"

namespace suit::layer::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kCanary = "canary: nobody wrote here";

ApplyOptions whole_tree() {
  ApplyOptions options;
  options.overlay_whiteouts = false;
  return options;
}

// A destination with a canary beside it and one in the host's /tmp style place outside.
class Apply : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to keep owners";
    root_ = scratch_.make_dir("root");
    scratch_.make_dir("outside");
    write_text(scratch_.path("outside/canary"), kCanary, 0600);
    ::stat(scratch_.path("outside/canary").c_str(), &before_);
  }
  void TearDown() override {
    if (root_.empty()) return;
    struct stat after{};
    ASSERT_EQ(::stat(scratch_.path("outside/canary").c_str(), &after), 0)
        << "the canary was removed";
    EXPECT_EQ(read_text(scratch_.path("outside/canary")), kCanary);
    EXPECT_EQ(after.st_mode, before_.st_mode);
    EXPECT_EQ(after.st_uid, before_.st_uid);
    EXPECT_EQ(after.st_nlink, 1U) << "the canary got a second name";
    EXPECT_EQ(after.st_mtim.tv_sec, before_.st_mtim.tv_sec);
    EXPECT_EQ(os::list_dir(scratch_.path("outside")).value(), std::vector<std::string>{"canary"});
    EXPECT_EQ(os::list_dir(scratch_.path()).value(), names_outside_);
  }

  bool has(const std::string& path) const {
    struct stat info{};
    return ::lstat((root_ + "/" + path).c_str(), &info) == 0;
  }
  struct stat info(const std::string& path) const {
    struct stat found{};
    EXPECT_EQ(::lstat((root_ + "/" + path).c_str(), &found), 0) << path;
    return found;
  }

  Scratch scratch_;
  std::string root_;
  struct stat before_{};
  std::vector<std::string> names_outside_{"outside", "root"};
};

TEST_F(Apply, KeepsEverythingAnEntryHas) {
  Member set_id = file("bin/tool", "#!x", 06755);
  set_id.entry.uid = 12;
  set_id.entry.gid = 34;
  set_id.entry.mtime_s = 1600000000;
  set_id.entry.xattrs["security.capability"] =
      std::string("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  Member node;
  node.entry.type = EntryType::CharDevice;
  node.entry.path = "null";
  node.entry.mode = 0666;
  node.entry.device_major = 1;
  node.entry.device_minor = 3;
  Member fifo;
  fifo.entry.type = EntryType::Fifo;
  fifo.entry.path = "fifo";
  fifo.entry.mode = 0640;
  Member bin = directory("bin", 0555);
  bin.entry.mtime_s = 1500000000;
  Member link = symlink("sh", "bin/tool");
  link.entry.uid = 7;
  link.entry.mtime_s = 1400000000;
  auto stats =
      unpack(tar_of({bin, set_id, node, fifo, link, hard_link("again", "bin/tool")}), root_);
  ASSERT_OK(stats);
  EXPECT_EQ(stats->entries, 6U);
  EXPECT_EQ(stats->size_bytes, 3U);
  struct stat tool = info("bin/tool");
  EXPECT_EQ(tool.st_mode & 07777, 06755U) << "chown must come before chmod";
  EXPECT_EQ(tool.st_uid, 12U);
  EXPECT_EQ(tool.st_gid, 34U);
  EXPECT_EQ(tool.st_mtim.tv_sec, 1600000000);
  EXPECT_EQ(tool.st_ino, info("again").st_ino);
  char value[64];
  EXPECT_EQ(::lgetxattr((root_ + "/bin/tool").c_str(), "security.capability", value, sizeof value),
            20);
  EXPECT_EQ(info("bin").st_mtim.tv_sec, 1500000000) << "directory times are set last";
  EXPECT_EQ(info("bin").st_mode & 07777, 0555U);
  EXPECT_EQ(info("null").st_rdev, makedev(1, 3));
  EXPECT_EQ(info("null").st_mode & 07777, 0666U);
  EXPECT_EQ(info("fifo").st_mode & 07777, 0640U);
  EXPECT_EQ(info("sh").st_uid, 7U);
  EXPECT_EQ(info("sh").st_mtim.tv_sec, 1400000000);
}

TEST_F(Apply, NamesStayInside) {
  ASSERT_OK(unpack(tar_of({file("../outside/a", "x"), file("/../../outside/b", "x"),
                           file("/abs", "x"), file("c/../../outside/d", "x"), file("./././e", "x"),
                           file("f//g", "x"), file("outside/../../outside/h", "x")}),
                   root_));
  for (const char* name : {"outside/a", "outside/b", "abs", "outside/d", "e", "f/g", "outside/h"})
    EXPECT_TRUE(has(name)) << name;
}

TEST_F(Apply, NobodyWritesThroughASymlinkToTheOutside) {
  const std::string outside = scratch_.path("outside");
  for (const std::string& target :
       {outside, std::string("../outside"), std::string("../../../../..") + outside}) {
    SCOPED_TRACE(target);
    ASSERT_OK(
        unpack(tar_of({symlink("x", target), file("x/canary", "evil"), directory("x/canary.d"),
                       symlink("x/link", "/"), hard_link("x/hard", "x/canary")}),
               root_, whole_tree()));
    EXPECT_TRUE(S_ISLNK(info("x").st_mode)) << "the link stays a link";
    ASSERT_OK(os::remove_tree(root_ + "/x"));
  }
}

TEST_F(Apply, ReplacesASymlinkAndNotWhatItPointsTo) {
  const std::string canary = scratch_.path("outside/canary");
  ASSERT_OK(unpack(tar_of({symlink("x", canary), file("x", "mine")}), root_));
  EXPECT_EQ(read_text(root_ + "/x"), "mine");
  ASSERT_OK(unpack(tar_of({symlink("y", scratch_.path("outside")), directory("y", 0777)}), root_,
                   whole_tree()));
  EXPECT_TRUE(S_ISDIR(info("y").st_mode));
}

TEST_F(Apply, HardLinksStayInsideTheLayer) {
  const std::string canary = scratch_.path("outside/canary");
  for (const std::string& target :
       {canary, std::string("../outside/canary"), std::string("missing")}) {
    EXPECT_FAILS_WITH(unpack(tar_of({hard_link("h", target)}), root_),
                      fmt::format("the hard link's target \"{}\" is not in this layer", target));
  }
  EXPECT_FAILS_WITH(unpack(tar_of({directory("d"), hard_link("h", "d")}), root_), "is a directory");
  EXPECT_FAILS_WITH(unpack(tar_of({hard_link("h", "/")}), root_), "is not in this layer");
  ASSERT_OK(unpack(tar_of({symlink("s", canary), hard_link("t", "s")}), root_));
  EXPECT_TRUE(S_ISLNK(info("t").st_mode)) << "a link to a symlink is the symlink";
  ASSERT_OK(unpack(tar_of({file("self", "x"), hard_link("self", "self")}), root_));
  EXPECT_EQ(read_text(root_ + "/self"), "x");
}

TEST_F(Apply, ASymlinkLoopIsAnError) {
  EXPECT_FAILS_WITH(unpack(tar_of({symlink("a", "b"), symlink("b", "a"), file("a/x", "")}), root_),
                    "more than 40 symlinks");
}

TEST_F(Apply, TheRootIsNeverReplaced) {
  ASSERT_OK(unpack(
      tar_of({symlink(".", scratch_.path("outside")), symlink("..", "/etc"), file("a/..", "x"),
              hard_link("./", "b"), directory("./", 0711), file("in", "x")}),
      root_));
  EXPECT_EQ(info("").st_mode & 07777, 0711U) << "its attributes are the archive's";
  EXPECT_TRUE(has("in"));
}

TEST_F(Apply, WhiteoutsOfNothingAreRefused) {
  for (const char* name : {".wh.", ".wh..", ".wh...", "d/.wh.", "d/.wh..", "d/.wh..."})
    EXPECT_FAILS_WITH(unpack(tar_of({directory("d"), file(name, "")}), root_),
                      "a whiteout that names nothing");
  EXPECT_FAILS_WITH(unpack(tar_of({directory(".wh.d")}), root_),
                    "a directory cannot have the name of a whiteout");
  ASSERT_OK(unpack(tar_of({file(".wh..wh.plnk", "")}), root_));
  EXPECT_FALSE(has(".wh..wh.plnk"));
}

TEST_F(Apply, WhiteoutsInATreeDeleteOnlyWhatWasThereBefore) {
  ASSERT_OK(unpack(
      tar_of({file("d/old", "1"), file("d/both", "1"), file("gone", "1"), file("e/sub/old", "1")}),
      root_));
  ASSERT_OK(unpack(tar_of({file("d/new", "2"), file("d/both", "2"), file("d/.wh..wh..opq", ""),
                           file(".wh.gone", ""), file("e/sub/new", "2"), file(".wh.e", ""),
                           file(".wh.never", "")}),
                   root_, whole_tree()));
  EXPECT_FALSE(has("d/old"));
  EXPECT_FALSE(has("gone"));
  EXPECT_FALSE(has("e/sub/old"));
  EXPECT_EQ(read_text(root_ + "/d/both"), "2");
  EXPECT_TRUE(has("d/new"));
  EXPECT_TRUE(has("e/sub/new"));
}

TEST_F(Apply, AWhiteoutDoesNotDeleteThroughASymlink) {
  ASSERT_OK(unpack(tar_of({symlink("x", scratch_.path("outside")), file("x/.wh.canary", ""),
                           file("x/.wh..wh..opq", ""),
                           symlink("y", scratch_.path("outside/canary")), file(".wh.y", "")}),
                   root_, whole_tree()));
  ASSERT_OK(unpack(tar_of({file(".wh.y", "")}), root_, whole_tree()));
  EXPECT_FALSE(has("y"));
}

TEST_F(Apply, WhiteoutsInALayerAreOverlayfsMarks) {
  ASSERT_OK(unpack(tar_of({file(".wh.gone", ""), file("d/.wh..wh..opq", ""), directory("d", 0750),
                           file(".wh.dir", ""), directory("dir"), directory("rid"),
                           file(".wh.rid", ""), file(".wh.file", ""), file("file", "mine")}),
                   root_));
  EXPECT_TRUE(S_ISCHR(info("gone").st_mode));
  EXPECT_EQ(info("gone").st_rdev, 0U);
  for (const char* name : {"d", "dir", "rid"}) {
    char value[4] = "";
    EXPECT_EQ(
        ::lgetxattr((root_ + "/" + name).c_str(), "trusted.overlay.opaque", value, sizeof value), 1)
        << name;
    EXPECT_EQ(value[0], 'y');
  }
  EXPECT_EQ(info("d").st_mode & 07777, 0750U);
  EXPECT_EQ(read_text(root_ + "/file"), "mine");
}

TEST_F(Apply, OverlayMarksOfAnArchiveAreNotTaken) {
  Member sly = file("sly", "x");
  sly.entry.xattrs = {{"trusted.overlay.opaque", "y"},
                      {"user.overlay.opaque", "y"},
                      {"trusted.overlay.redirect", "/etc"},
                      {"security.selinux", "x"}};
  auto stats = unpack(tar_of({sly}), root_);
  ASSERT_OK(stats);
  EXPECT_EQ(stats->skipped_xattrs, 4U);
  char names[256];
  EXPECT_LE(::llistxattr((root_ + "/sly").c_str(), names, sizeof names), 0);
  Member zero;
  zero.entry.type = EntryType::CharDevice;
  zero.entry.path = "zero";
  EXPECT_FAILS_WITH(unpack(tar_of({zero}), root_), "device 0:0 would be a whiteout");
}

TEST_F(Apply, LimitsAreNamed) {
  ApplyOptions options;
  options.limits = {.size_bytes = 10, .entries = 3, .depth = 4};
  EXPECT_FAILS_WITH(unpack(tar_of({file("a", "123456"), file("b", "12345")}), root_, options),
                    "\"b\": the archive holds more than 10 bytes");
  EXPECT_FAILS_WITH(
      unpack(tar_of({file("a", ""), file("b", ""), file("c", ""), file("d", "")}), root_, options),
      "more than 3 entries");
  EXPECT_FAILS_WITH(unpack(tar_of({file("a/b/c/d/e", "")}), root_, options),
                    "nested deeper than 4");
  std::string huge =
      raw_header("petabyte", '0', std::string_view("\x80\0\0\0\0\x04\0\0\0\0\0\0", 12));
  EXPECT_FAILS_WITH(unpack(huge, root_), "the archive holds more than");
}

TEST_F(Apply, LongAndOddNamesWork) {
  std::string deep;
  for (int i = 0; i < 100; ++i)
    deep += std::string(100, 'd') + "/";  // 10 100 bytes: beyond PATH_MAX
  ASSERT_OK(unpack(tar_of({file(deep + "f", "deep"), file(deep + "g", "deep"),
                           file("new\nline\xff", "odd"), file(std::string(255, 'n'), "long")}),
                   root_));
  EXPECT_TRUE(has("new\nline\xff"));
  EXPECT_FAILS_WITH(unpack(tar_of({file(std::string(256, 'n'), "")}), root_), "ENAMETOOLONG");
}

TEST_F(Apply, AnErrorNamesTheEntry) {
  EXPECT_FAILS_WITH(unpack(tar_of({file("f", ""), file("f/g", "")}), root_),
                    "unpack file \"f/g\": \"f\": \"f\" is not a directory");
}

TEST_F(Apply, MissingParentsAreTakenFromBelow) {
  names_outside_ = {"lower", "outside", "root"};
  scratch_.make_dir("lower/opt/tool");
  ASSERT_EQ(::chmod(scratch_.path("lower/opt").c_str(), 01750), 0);
  ASSERT_EQ(::chown(scratch_.path("lower/opt").c_str(), 5, 6), 0);
  set_mtime(scratch_.path("lower/opt"), 1234567890);
  ASSERT_EQ(::symlink("opt/tool", scratch_.path("lower/alias").c_str()), 0);
  ApplyOptions options;
  options.lower = {scratch_.path("lower")};
  ASSERT_OK(
      unpack(tar_of({file("opt/f", ""), file("alias/g", ""), file("new/h", "")}), root_, options));
  EXPECT_EQ(info("opt").st_mode & 07777, 01750U);
  EXPECT_EQ(info("opt").st_uid, 5U);
  EXPECT_EQ(info("opt").st_gid, 6U);
  EXPECT_EQ(info("opt").st_mtim.tv_sec, 1234567890);
  EXPECT_TRUE(has("opt/tool/g")) << "a symlink of the layer below is followed, not replaced";
  EXPECT_FALSE(has("alias"));
  EXPECT_EQ(info("new").st_mode & 07777, 0755U);
}

TEST_F(Apply, AnOpaqueRootHidesEveryNameBelow) {
  names_outside_ = {"lower", "outside", "root"};
  scratch_.make_dir("lower/d/e");
  scratch_.make_dir("lower/kept");
  write_text(scratch_.path("lower/f"), "x");
  ApplyOptions options;
  options.lower = {scratch_.path("lower")};
  ASSERT_OK(unpack(tar_of({file(".wh..wh..opq", ""), file("kept/new", "")}), root_, options));
  EXPECT_TRUE(S_ISCHR(info("d").st_mode));
  EXPECT_TRUE(S_ISCHR(info("f").st_mode));
  char value[4];
  EXPECT_EQ(::lgetxattr((root_ + "/kept").c_str(), "trusted.overlay.opaque", value, sizeof value),
            1);
}

TEST_F(Apply, ADirectoryOverADirectoryKeepsItsContent) {
  ASSERT_OK(unpack(tar_of({directory("d", 0700), file("d/f", "x"), directory("d", 0755)}), root_));
  EXPECT_TRUE(has("d/f"));
  EXPECT_EQ(info("d").st_mode & 07777, 0755U);
  ASSERT_OK(unpack(tar_of({file("d", "now a file")}), root_));
  EXPECT_EQ(read_text(root_ + "/d"), "now a file");
}

}  // namespace
}  // namespace suit::layer::test
