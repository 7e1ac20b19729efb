#include "os/root.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include <gtest/gtest.h>

#include "os/file.h"

namespace suit::os {
namespace {

// A root with a canary beside it that no path in the root may reach.
class RootTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_dirs(top() + "/root/etc"));
    ASSERT_TRUE(replace_file(top() + "/canary", "outside"));
    ASSERT_TRUE(replace_file(top() + "/root/etc/hosts", "inside"));
  }

  std::string top() const { return folder_.path(); }
  Root root() const { return Root::open(top() + "/root").value(); }
  void link(const std::string& name, const std::string& target) const {
    ASSERT_EQ(::symlink(target.c_str(), (top() + "/root/" + name).c_str()), 0) << name;
  }

 private:
  TempDir folder_ = TempDir::create("/tmp", "suit-root-").value();
};

TEST_F(RootTest, ReadsAbsoluteAndRelativePathsFromTheRoot) {
  EXPECT_EQ(root().read("/etc/hosts", 100).value(), "inside");
  EXPECT_EQ(root().read("etc/hosts", 100).value(), "inside");
  EXPECT_EQ(root().read("//etc/./hosts", 100).value(), "inside");
}

TEST_F(RootTest, IsItsOwnParent) {
  for (const char* path : {"../canary", "/../canary", "etc/../../canary", "../../../../canary"}) {
    auto text = root().read(path, 100);
    ASSERT_FALSE(text) << path;
    EXPECT_EQ(text.error().code(), ENOENT) << text.error().message();
  }
  EXPECT_EQ(root().read("../../etc/hosts", 100).value(), "inside");
}

TEST_F(RootTest, KeepsSymlinksInside) {
  link("absolute", "/etc/hosts");
  link("up", "../../../../etc/hosts");
  link("out", top() + "/canary");
  link("folder", "/..");
  EXPECT_EQ(root().read("absolute", 100).value(), "inside");
  EXPECT_EQ(root().read("up", 100).value(), "inside");
  EXPECT_EQ(root().read("out", 100).error().code(), ENOENT);
  EXPECT_EQ(root().read("folder/canary", 100).error().code(), ENOENT);
  EXPECT_EQ(root().read("folder/etc/hosts", 100).value(), "inside");
}

TEST_F(RootTest, DoesNotCreateThroughAnEscapingSymlink) {
  link("victim", top() + "/planted");
  auto fd = root().open_in("victim", O_WRONLY | O_CREAT, 0600);
  EXPECT_FALSE(exists(top() + "/planted"));
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().code(), ENOENT) << fd.error().message();
}

TEST_F(RootTest, RefusesMagicLinks) {
  Fd canary = open_at(FdRef::cwd(), top() + "/canary", O_RDONLY).value();
  Root host = Root::open("/proc").value();
  auto fd = host.open_in("self/fd/" + std::to_string(canary.raw()), O_RDONLY);
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().code(), ELOOP) << fd.error().message();
  EXPECT_FALSE(host.open_in("self/root/etc", O_PATH));
  EXPECT_FALSE(host.open_in("self/cwd", O_PATH));
}

TEST_F(RootTest, EndsALoopOfSymlinks) {
  link("a", "b");
  link("b", "a");
  auto text = root().read("a", 100);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().message(), "openat2(\"a\"): Too many levels of symbolic links (ELOOP)");
}

TEST_F(RootTest, IsReachedByTheEmptyPathAndBySlash) {
  struct stat itself = stat_at(root().fd(), "").value();
  EXPECT_EQ(root().stat("").value().st_ino, itself.st_ino);
  EXPECT_EQ(root().stat("/").value().st_ino, itself.st_ino);
  EXPECT_EQ(root().stat("..").value().st_ino, itself.st_ino);
}

TEST_F(RootTest, TellsASymlinkFromItsTarget) {
  link("name", "etc/hosts");
  EXPECT_TRUE(S_ISLNK(root().lstat("name").value().st_mode));
  EXPECT_TRUE(S_ISREG(root().stat("name").value().st_mode));
}

TEST_F(RootTest, RefusesToReadWhatIsNoRegularFile) {
  ASSERT_EQ(::mkfifo((top() + "/root/fifo").c_str(), 0600), 0);
  for (const char* path : {"fifo", "etc"}) {
    auto text = root().read(path, 100);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().message(),
              "\"" + std::string(path) + "\" is not a regular file: Invalid argument (EINVAL)");
  }
}

TEST_F(RootTest, BoundsWhatItReads) {
  auto text = root().read("etc/hosts", 5);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), EFBIG);
  EXPECT_EQ(
      text.error().message(),
      "read \"etc/hosts\": more than 5 bytes where less was expected: File too large (EFBIG)");
}

TEST_F(RootTest, RefusesANulByteInAPath) {
  auto text = root().read(std::string_view("etc/hosts\0.txt", 14), 100);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), EINVAL);
}

TEST_F(RootTest, MarksDescriptorsCloseOnExec) {
  Fd fd = root().open_in("etc/hosts", O_RDONLY).value();
  EXPECT_NE(::fcntl(fd.raw(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(RootTest, MakesEveryMissingDirectory) {
  ASSERT_TRUE(root().make_dirs("/var/lib/app", 0755));
  EXPECT_TRUE(S_ISDIR(root().stat("var/lib/app").value().st_mode));
  EXPECT_TRUE(root().make_dirs("/var/lib/app", 0755));
  EXPECT_TRUE(root().make_dirs("/", 0755));
}

TEST_F(RootTest, MakesDirectoriesInsideWhateverSymlinksSay) {
  link("var", "../../..");
  ASSERT_TRUE(root().make_dirs("/var/lib/app", 0755));
  EXPECT_TRUE(exists(top() + "/root/lib/app"));
  EXPECT_FALSE(exists(top() + "/lib"));
  link("dangling", top() + "/planted");
  EXPECT_FALSE(root().make_dirs("/dangling/app", 0755));
  EXPECT_FALSE(exists(top() + "/planted"));
}

TEST_F(RootTest, MakesNoDirectoryBelowAFile) {
  auto made = root().make_dirs("/etc/hosts/app", 0755);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ENOTDIR) << made.error().message();
}

TEST(RootOpen, NamesTheDirectoryThatIsMissing) {
  auto root = Root::open("/no/such/root");
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().message(),
            "openat(\"/no/such/root\"): No such file or directory (ENOENT)");
}

}  // namespace
}  // namespace suit::os
