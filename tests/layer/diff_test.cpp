#include <fcntl.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>

#include <fmt/format.h>

#include "layer/tree.h"
#include "support.h"

namespace suit::layer::test {
namespace {

class Diff : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0)
      GTEST_SKIP() << "needs root: overlayfs marks are devices and trusted attributes";
    upper_ = scratch_.make_dir("upper");
    lower_ = scratch_.make_dir("lower");
  }

  std::vector<std::string> plan() const {
    auto changes = plan_diff(upper_, {lower_}, {});
    EXPECT_TRUE(changes.has_value()) << changes.error().message();
    std::vector<std::string> lines;
    if (!changes) return lines;
    for (const Change& change : *changes)
      lines.push_back(fmt::format("{} {}", "AMD"[static_cast<int>(change.kind)], change.path));
    return lines;
  }
  void whiteout(const std::string& path) const {
    ASSERT_EQ(::mknod((upper_ + "/" + path).c_str(), S_IFCHR, 0), 0);
  }
  void mark(const std::string& path, const char* name, const char* value) const {
    ASSERT_EQ(::setxattr((upper_ + "/" + path).c_str(), name, value, strlen(value), 0), 0);
  }
  // The same directory or file in both trees, equal in everything.
  void copied_up(const std::string& path) const {
    for (const std::string& tree : {lower_, upper_}) {
      if (path.ends_with('/')) {
        ASSERT_OK(os::make_dirs(tree + "/" + path, 0755));
      } else {
        write_text(tree + "/" + path, "same");
      }
    }
  }
  void settle(const std::string& path) const {
    set_mtime(lower_ + "/" + path, 1000);
    set_mtime(upper_ + "/" + path, 1000);
  }

  Scratch scratch_;
  std::string upper_;
  std::string lower_;
};

using Lines = std::vector<std::string>;

TEST_F(Diff, AnEmptyUpperChangesNothing) { EXPECT_EQ(plan(), Lines{}); }

TEST_F(Diff, CopiedUpIsNotChanged) {
  copied_up("usr/");
  copied_up("usr/lib/");
  copied_up("usr/lib/file");
  for (const char* path : {"usr/lib/file", "usr/lib", "usr"})
    settle(path);
  EXPECT_EQ(plan(), Lines{});
  ASSERT_EQ(::chmod((upper_ + "/usr/lib/file").c_str(), 0600), 0);
  EXPECT_EQ(plan(), (Lines{"M usr", "M usr/lib", "M usr/lib/file"})) << "parents come along";
}

TEST_F(Diff, ContentDecidesWhenSizeAndTimeAreKept) {
  copied_up("f");
  write_text(upper_ + "/f", "SAME");
  settle("f");
  EXPECT_EQ(plan(), Lines{"M f"});
}

TEST_F(Diff, WhiteoutsNeedSomethingToHide) {
  write_text(lower_ + "/there", "x");
  whiteout("there");
  whiteout("nowhere");
  EXPECT_EQ(plan(), Lines{"D there"});
}

TEST_F(Diff, AnOpaqueDirectoryHidesByName) {
  ASSERT_OK(os::make_dirs(lower_ + "/d/sub/deep", 0755));
  write_text(lower_ + "/d/old", "x");
  write_text(lower_ + "/d/sub/old", "x");
  ASSERT_OK(os::make_dirs(upper_ + "/d/sub", 0755));
  mark("d", "trusted.overlay.opaque", "y");
  write_text(upper_ + "/d/sub/new", "x");
  EXPECT_EQ(plan(),
            (Lines{"M d", "D d/old", "M d/sub", "D d/sub/deep", "D d/sub/old", "A d/sub/new"}));
}

TEST_F(Diff, LowerLayersAreMerged) {
  std::string top = scratch_.make_dir("top");
  ASSERT_OK(os::make_dirs(lower_ + "/d", 0755));
  write_text(lower_ + "/d/hidden", "x");
  write_text(lower_ + "/d/seen", "x");
  ASSERT_OK(os::make_dirs(top + "/d", 0755));
  ASSERT_EQ(::mknod((top + "/d/hidden").c_str(), S_IFCHR, 0), 0);
  ASSERT_OK(os::make_dirs(upper_ + "/d", 0755));
  whiteout("d/hidden");
  whiteout("d/seen");
  auto changes = plan_diff(upper_, {top, lower_}, {});
  ASSERT_OK(changes);
  ASSERT_EQ(changes->size(), 2U);
  EXPECT_EQ((*changes)[1].path, "d/seen");
}

TEST_F(Diff, WhiteoutsComeBeforeTheirSiblings) {
  write_text(lower_ + "/z", "x");
  whiteout("z");
  write_text(upper_ + "/a", "x");
  ASSERT_OK(os::make_dirs(upper_ + "/a-b/c", 0755));
  EXPECT_EQ(plan(), (Lines{"D z", "A a", "A a-b", "A a-b/c"}));
}

TEST_F(Diff, RedirectsAndUnwritableNamesAreRefused) {
  ASSERT_OK(os::make_dirs(upper_ + "/d", 0755));
  mark("d", "trusted.overlay.redirect", "/elsewhere");
  EXPECT_FAILS_WITH(plan_diff(upper_, {lower_}, {}),
                    "\"d\" has the overlayfs attribute \"redirect\"");
  ASSERT_OK(os::remove_tree(upper_ + "/d"));
  write_text(upper_ + "/.wh.passwd", "");
  EXPECT_FAILS_WITH(plan_diff(upper_, {lower_}, {}), "\".wh.passwd\" cannot be in a layer");
}

TEST_F(Diff, ASocketIsSkippedAndHidesWhatWasThere) {
  write_text(lower_ + "/was", "x");
  for (const char* name : {"was", "new"}) {
    int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    os::Fd owned(fd);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    fmt::format_to_n(address.sun_path, sizeof address.sun_path - 1, "{}/{}", upper_, name);
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  EXPECT_EQ(plan(), Lines{"D was"});
}

std::string tar_of_changes(const std::string& upper, const std::vector<std::string>& lower,
                           const DiffOptions& options = {}) {
  auto changes = plan_diff(upper, lower, options);
  EXPECT_TRUE(changes.has_value()) << changes.error().message();
  StringWriter out;
  auto written = write_changes(upper, *changes, options, out);
  EXPECT_TRUE(written.has_value()) << written.error().message();
  return out.take();
}

TEST_F(Diff, TheFirstNameOfAFileCarriesItsContent) {
  write_text(upper_ + "/b", "data");
  ASSERT_EQ(::link((upper_ + "/b").c_str(), (upper_ + "/a").c_str()), 0);
  ASSERT_EQ(::link((upper_ + "/b").c_str(), (upper_ + "/c").c_str()), 0);
  auto members = members_of(tar_of_changes(upper_, {}));
  ASSERT_OK(members);
  ASSERT_EQ(members->size(), 3U);
  EXPECT_EQ((*members)[0].content, "data");
  EXPECT_EQ((*members)[1].entry.type, EntryType::HardLink);
  EXPECT_EQ((*members)[1].entry.link, "a");
  EXPECT_EQ((*members)[2].entry.link, "a");
}

TEST_F(Diff, ALinkThatCopyingUpBrokeIsAChange) {
  copied_up("f");
  settle("f");
  EXPECT_EQ(plan(), Lines{});
  ASSERT_EQ(::link((lower_ + "/f").c_str(), (lower_ + "/g").c_str()), 0);
  EXPECT_EQ(plan(), Lines{"M f"});
}

TEST_F(Diff, NoTimeIsLaterThanTheEpoch) {
  write_text(upper_ + "/late", "");
  write_text(upper_ + "/early", "");
  set_mtime(upper_ + "/early", 1000, 999999999);
  write_text(lower_ + "/gone", "");
  whiteout("gone");
  DiffOptions options;
  options.epoch_s = 1500000000;
  auto members = members_of(tar_of_changes(upper_, {lower_}, options));
  ASSERT_OK(members);
  ASSERT_EQ(members->size(), 3U);
  EXPECT_EQ((*members)[0].entry.path, ".wh.gone");
  EXPECT_EQ((*members)[0].entry.mtime_s, 0);
  EXPECT_EQ((*members)[1].entry.mtime_s, 1000);
  EXPECT_EQ((*members)[2].entry.mtime_s, 1500000000);
}

TEST_F(Diff, OnlyCapabilitiesAndUserAttributesAreWritten) {
  write_text(upper_ + "/f", "");
  if (::setxattr((upper_ + "/f").c_str(), "user.note", "n", 1, 0) != 0)
    GTEST_SKIP() << "the file system takes no user attributes";
  mark("f", "user.overlay.origin", "o");
  mark("f", "trusted.other", "o");
  auto members = members_of(tar_of_changes(upper_, {}));
  ASSERT_OK(members);
  EXPECT_EQ(members->front().entry.xattrs,
            (std::map<std::string, std::string>{{"user.note", "n"}}));
}

TEST_F(Diff, SameTreeSameBytes) {
  for (int i = 0; i < 50; ++i)
    write_text(fmt::format("{}/file{}", upper_, (i * 37) % 50), "x");
  std::string first = tar_of_changes(upper_, {});
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(tar_of_changes(upper_, {}) == first);
}

TEST_F(Diff, WhatIsNoPathOfTheTreeIsRefused) {
  for (const char* path : {"..", "a/..", "", "../x", "/etc"}) {
    StringWriter out;
    EXPECT_FALSE(write_changes(upper_, {{Change::Kind::Add, path}}, {}, out).has_value()) << path;
  }
  ASSERT_EQ(::symlink("/etc", (upper_ + "/link").c_str()), 0);
  StringWriter out;
  EXPECT_FAILS_WITH(write_changes(upper_, {{Change::Kind::Add, "link/passwd"}}, {}, out),
                    "openat2(\"link\"): Not a directory");
}

TEST_F(Diff, AFileThatShrinksIsAnErrorAndOneThatGrowsIsCut) {
  // A sparse file of 64 MiB is read in pieces; the reader truncates it after the first.
  class Shrinker final : public Writer {
   public:
    Shrinker(std::string path, off_t size) : path_(std::move(path)), size_(size) {}
    Result<void> write(std::span<const std::byte> bytes) override {
      total_ += bytes.size();
      EXPECT_EQ(::truncate(path_.c_str(), size_), 0);
      return {};
    }
    std::size_t total_ = 0;

   private:
    std::string path_;
    off_t size_;
  };
  write_text(upper_ + "/f", "");
  ASSERT_EQ(::truncate((upper_ + "/f").c_str(), 64 << 20), 0);
  Shrinker shrink(upper_ + "/f", 4096);
  EXPECT_FAILS_WITH(write_changes(upper_, {{Change::Kind::Add, "f"}}, {}, shrink),
                    "\"f\" shrank while the layer was written");
  Shrinker grow(upper_ + "/f", 8192);
  ASSERT_OK(write_changes(upper_, {{Change::Kind::Add, "f"}}, {}, grow));
  EXPECT_EQ(grow.total_, 512U + 4096 + 1024);
}

TEST_F(Diff, TreesDeeperThanPathMaxAreWritten) {
  os::Fd dir = os::open_at(os::FdRef::cwd(), upper_, O_PATH | O_DIRECTORY).value();
  const std::string name(200, 'd');
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(::mkdirat(dir.raw(), name.c_str(), 0755), 0);
    dir = os::open_at(dir, name, O_PATH | O_DIRECTORY).value();
  }
  auto members = members_of(tar_of_changes(upper_, {}));
  ASSERT_OK(members);
  EXPECT_EQ(members->size(), 40U);
  std::string again = scratch_.make_dir("again");
  ASSERT_OK(unpack(tar_of_changes(upper_, {}), again));
  EXPECT_TRUE(tar_of_changes(again, {}) == tar_of_changes(upper_, {}));
}

TEST_F(Diff, AWholeTreeIsItsOwnLayer) {
  ASSERT_OK(os::make_dirs(upper_ + "/a/b", 0755));
  write_text(upper_ + "/a/b/f", "x");
  write_text(upper_ + "/a.txt", "x");
  StringWriter out;
  ASSERT_OK(write_tree(upper_, {}, out));
  EXPECT_TRUE(out.text() == tar_of_changes(upper_, {}));
}

}  // namespace
}  // namespace suit::layer::test
