#include "os/file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace suit::os {
namespace {

class FileTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  std::string top() const { return folder_.path(); }

 private:
  TempDir folder_ = TempDir::create("/tmp", "suit-file-").value();
};

TEST_F(FileTest, ReadsBackWhatItReplaced) {
  ASSERT_TRUE(replace_file(path("a"), "old"));
  ASSERT_TRUE(replace_file(path("a"), std::string("new\0text", 8), 0644, Durable::Yes));
  EXPECT_EQ(read_file(path("a")).value(), std::string("new\0text", 8));
  EXPECT_EQ(list_dir(top()).value(), std::vector<std::string>{"a"});
}

TEST_F(FileTest, GivesAReplacedFileItsModeWhateverTheUmaskIs) {
  mode_t old = ::umask(0077);
  auto written = replace_file(path("a"), "text", 0666);
  ::umask(old);
  ASSERT_TRUE(written);
  EXPECT_EQ(stat_at(FdRef::cwd(), path("a")).value().st_mode & 07777U, 0666U);
}

TEST_F(FileTest, ReplacesASymlinkAndNotItsTarget) {
  ASSERT_TRUE(replace_file(path("target"), "kept"));
  ASSERT_EQ(::symlink("target", path("link").c_str()), 0);
  ASSERT_TRUE(replace_file(path("link"), "new"));
  EXPECT_EQ(read_file(path("target")).value(), "kept");
  EXPECT_EQ(read_file(path("link")).value(), "new");
}

TEST_F(FileTest, LeavesNothingBehindWhenReplacingFails) {
  ASSERT_TRUE(make_dirs(path("folder/full")));
  auto replaced = replace_file(path("folder"), "text");
  ASSERT_FALSE(replaced);
  EXPECT_EQ(replaced.error().message(),
            "replace \"" + path("folder") + "\": rename: Is a directory (EISDIR)");
  EXPECT_EQ(list_dir(top()).value(), std::vector<std::string>{"folder"});
}

TEST_F(FileTest, BoundsWhatItReads) {
  ASSERT_TRUE(replace_file(path("a"), "12345"));
  EXPECT_EQ(read_file(path("a"), 5).value(), "12345");
  auto text = read_file(path("a"), 4);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().message(),
            "read \"" + path("a") +
                "\": more than 4 bytes where less was expected: File too large (EFBIG)");
}

TEST_F(FileTest, NamesTheFileThatIsMissing) {
  EXPECT_EQ(read_file(path("gone")).error().message(),
            "openat(\"" + path("gone") + "\"): No such file or directory (ENOENT)");
  EXPECT_EQ(write_file(path("gone"), "1").error().code(), ENOENT);
  EXPECT_EQ(read_link(FdRef::cwd(), path("gone")).error().code(), ENOENT);
  EXPECT_EQ(stat_at(FdRef::cwd(), path("gone")).error().code(), ENOENT);
  EXPECT_EQ(list_dir(path("gone")).error().code(), ENOENT);
  EXPECT_FALSE(exists(path("gone")));
}

TEST_F(FileTest, MakesParentsAndAcceptsWhatIsThere) {
  ASSERT_TRUE(make_dirs(path("a/b/c")));
  EXPECT_TRUE(make_dirs(path("a/b/c")));
  EXPECT_TRUE(make_dirs(path("a/b/c/")));
  EXPECT_EQ(stat_at(FdRef::cwd(), path("a/b")).value().st_mode & 07777U, 0700U);
}

TEST_F(FileTest, MakesNoDirectoryWhereAFileIs) {
  ASSERT_TRUE(replace_file(path("a"), ""));
  EXPECT_EQ(make_dirs(path("a")).error().code(), ENOTDIR);
  EXPECT_EQ(make_dirs(path("a/b")).error().code(), ENOTDIR);
}

TEST_F(FileTest, ListsNamesInBytewiseOrder) {
  for (const char* name : {"b", "a", "B", ".hidden"})
    ASSERT_TRUE(replace_file(path(name), ""));
  EXPECT_EQ(list_dir(top()).value(), (std::vector<std::string>{".hidden", "B", "a", "b"}));
}

TEST_F(FileTest, RemovesATreeAndSparesWhatItsSymlinksPointTo) {
  ASSERT_TRUE(make_dirs(path("keep")));
  ASSERT_TRUE(replace_file(path("keep/file"), "kept"));
  ASSERT_TRUE(make_dirs(path("tree/a/b")));
  ASSERT_TRUE(replace_file(path("tree/a/file"), ""));
  ASSERT_EQ(::symlink("../../keep", path("tree/a/folder").c_str()), 0);
  ASSERT_EQ(::symlink("../keep/file", path("tree/file").c_str()), 0);
  ASSERT_TRUE(remove_tree(path("tree")));
  EXPECT_FALSE(exists(path("tree")));
  EXPECT_EQ(read_file(path("keep/file")).value(), "kept");
}

TEST_F(FileTest, RemovesATreeWithUnreadableFolders) {
  ASSERT_TRUE(make_dirs(path("tree/closed/inner")));
  ASSERT_EQ(::chmod(path("tree/closed").c_str(), 0), 0);
  auto removed = remove_tree(path("tree"));
  EXPECT_TRUE(removed) << removed.error().message();
}

// A container can nest directories without an end; its removal must not need a descriptor for each.
TEST_F(FileTest, RemovesATreeDeeperThanItsDescriptors) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = 256;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  ASSERT_TRUE(make_dirs(path("tree")));
  Fd at = open_at(FdRef::cwd(), path("tree"), O_RDONLY | O_DIRECTORY).value();
  for (int level = 0; level < 3000; ++level) {
    ASSERT_EQ(::mkdirat(at.raw(), "d", 0700), 0);
    Fd next = open_at(at, "d", O_RDONLY | O_DIRECTORY).value();
    if (level % 500 == 0 && ::fchmod(at.raw(), 0) != 0) FAIL() << level;
    at = std::move(next);
  }
  at.reset();
  auto removed = remove_tree(path("tree"));
  EXPECT_TRUE(removed) << removed.error().message();
  EXPECT_FALSE(exists(path("tree")));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(FileTest, RemovesASymlinkNotItsTarget) {
  ASSERT_TRUE(make_dirs(path("keep")));
  ASSERT_EQ(::symlink("keep", path("link").c_str()), 0);
  ASSERT_TRUE(remove_tree(path("link")));
  EXPECT_TRUE(exists(path("keep")));
  EXPECT_FALSE(exists(path("link")));
}

TEST_F(FileTest, RemovesNothingWithoutComplaint) { EXPECT_TRUE(remove_tree(path("gone"))); }

TEST_F(FileTest, RenamesAndReadsLinks) {
  ASSERT_EQ(::symlink("where/to", path("a").c_str()), 0);
  ASSERT_TRUE(rename(path("a"), path("b")));
  EXPECT_EQ(read_link(FdRef::cwd(), path("b")).value(), "where/to");
  EXPECT_EQ(rename(path("a"), path("b")).error().code(), ENOENT);
}

TEST_F(FileTest, CopiesThroughDescriptors) {
  std::string text(200'000, 'x');
  ASSERT_TRUE(replace_file(path("a"), text));
  Fd out = open_at(FdRef::cwd(), path("b"), O_WRONLY | O_CREAT, 0600).value();
  FdReader reader(open_at(FdRef::cwd(), path("a"), O_RDONLY).value());
  FdWriter writer(out);
  EXPECT_EQ(copy(reader, writer).value(), text.size());
  EXPECT_EQ(read_file(path("b")).value(), text);
}

TEST_F(FileTest, WritesThroughAFullPipe) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Fd out(ends[1]);
  FdReader reader{Fd(ends[0])};
  pid_t child = ::fork();
  if (child == 0) {
    FdWriter writer(out);
    ::_exit(writer.write(bytes_of(std::string(300'000, 'y'))) ? 0 : 1);
  }
  out.reset();
  EXPECT_EQ(read_all(reader, 1'000'000).value().size(), 300'000U);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(FileTest, HandsALockToOneOwnerAtATime) {
  {
    Lock held = Lock::acquire(path("lock"), LockMode::Exclusive).value();
    auto second = Lock::acquire(path("lock"), LockMode::Shared, Wait::No);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), EWOULDBLOCK);
    EXPECT_TRUE(second.error().message().starts_with("flock(\"" + path("lock") + "\")"));
  }
  EXPECT_TRUE(Lock::acquire(path("lock"), LockMode::Exclusive, Wait::No));
}

TEST_F(FileTest, SharesALockAmongReaders) {
  Lock first = Lock::acquire(path("lock"), LockMode::Shared).value();
  Lock second = Lock::acquire(path("lock"), LockMode::Shared, Wait::No).value();
  EXPECT_FALSE(Lock::acquire(path("lock"), LockMode::Exclusive, Wait::No));
}

TEST_F(FileTest, LosesALockWithTheProcessThatHeldIt) {
  pid_t child = ::fork();
  if (child == 0) {
    auto lock = Lock::acquire(path("lock"), LockMode::Exclusive);
    ::_exit(lock ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(Lock::acquire(path("lock"), LockMode::Exclusive, Wait::No));
}

TEST(TempDir, GoesAwayWithWhatItHolds) {
  std::string path;
  {
    TempDir folder = TempDir::create("/tmp", "suit-temp-").value();
    path = folder.path();
    EXPECT_TRUE(path.starts_with("/tmp/suit-temp-"));
    ASSERT_TRUE(make_dirs(path + "/a/b"));
    TempDir moved = std::move(folder);
    EXPECT_TRUE(exists(path));
  }
  EXPECT_FALSE(exists(path));
}

TEST(TempDir, StaysWhenReleased) {
  std::string path = TempDir::create("/tmp", "suit-temp-").value().release();
  EXPECT_TRUE(exists(path));
  EXPECT_TRUE(remove_tree(path));
}

TEST(TempDir, NamesTheParentThatIsMissing) {
  auto folder = TempDir::create("/no/such", "x-");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code(), ENOENT);
  EXPECT_NE(folder.error().message().find("/no/such/x-"), std::string::npos);
}

TEST(RandomHex, HasTwoDigitsAByteAndDiffers) {
  std::string first = random_hex(32);
  EXPECT_EQ(first.size(), 64U);
  EXPECT_EQ(first.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(first, random_hex(32));
}

}  // namespace
}  // namespace suit::os
