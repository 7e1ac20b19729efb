#include "build/stat_index.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include <gtest/gtest.h>

#include "base/time.h"
#include "build/tree.h"
#include "hash/sha256.h"
#include "os/file.h"

namespace suit::build {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

class StatIndexTest : public ::testing::Test {
 protected:
  FileStamp stamp(const std::string& path) const {
    struct stat info{};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return stamp_of(info);
  }
  std::string put(const std::string& name, std::string_view text) const {
    std::string path = folder_.path() + "/" + name;
    os::Fd fd = os::open_at(os::FdRef::cwd(), path, O_WRONLY | O_CREAT | O_TRUNC, 0644).value();
    EXPECT_TRUE(os::FdWriter(fd).write(bytes_of(text)));
    return path;
  }
  os::TempDir folder_ = os::TempDir::create("/tmp", "suit-index-").value();
  std::string file_ = folder_.path() + "/the.index";
  const std::string hash_ = std::string(hash::sha256("x").hex());
};

TEST_F(StatIndexTest, KnowsAFileThatIsAsItWas) {
  const FileStamp old{.device = 1, .inode = 2, .size_bytes = 3, .mtime_ns = 4, .ctime_ns = 5};
  StatIndex index = StatIndex::load(file_);
  index.put("src/a", old, hash_, 10 * kSecond);
  EXPECT_EQ(index.find("src/a", old), hash_);
  EXPECT_EQ(index.find("src/b", old), "");
  ASSERT_TRUE(index.save());
  StatIndex again = StatIndex::load(file_);
  EXPECT_EQ(again.find("src/a", old), hash_);
}

TEST_F(StatIndexTest, NoPartOfTheStampMayDiffer) {
  const FileStamp old{.device = 1, .inode = 2, .size_bytes = 3, .mtime_ns = 4, .ctime_ns = 5};
  StatIndex index = StatIndex::load(file_);
  index.put("a", old, hash_, 10 * kSecond);
  FileStamp now = old;
  for (std::uint64_t* part : {&now.device, &now.inode, &now.size_bytes}) {
    ++*part;
    EXPECT_EQ(index.find("a", now), "");
    --*part;
  }
  for (std::int64_t* part : {&now.mtime_ns, &now.ctime_ns}) {
    ++*part;
    EXPECT_EQ(index.find("a", now), "");
    --*part;
  }
  EXPECT_EQ(index.find("a", now), hash_);
}

TEST_F(StatIndexTest, AFileThatWasJustWrittenIsNotNoted) {
  StatIndex index = StatIndex::load(file_);
  const FileStamp young{
      .device = 1, .inode = 2, .size_bytes = 3, .mtime_ns = 0, .ctime_ns = 100 * kSecond};
  index.put("a", young, hash_, 101 * kSecond);
  EXPECT_EQ(index.find("a", young), "");
  index.put("a", young, hash_, 102 * kSecond);
  EXPECT_EQ(index.find("a", young), hash_);
}

TEST_F(StatIndexTest, ADamagedFileIsAnEmptyIndex) {
  const FileStamp old{.device = 1, .inode = 2, .size_bytes = 3, .mtime_ns = 4, .ctime_ns = 5};
  StatIndex index = StatIndex::load(file_);
  for (const char* name : {"a", "b", "c"})
    index.put(name, old, hash_, 10 * kSecond);
  ASSERT_TRUE(index.save());
  const std::string whole = os::read_file(file_).value();
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    ASSERT_TRUE(os::replace_file(file_, whole.substr(0, size)));
    EXPECT_EQ(StatIndex::load(file_).size(), 0U) << size;
  }
  std::string flipped = whole;
  flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 1);
  ASSERT_TRUE(os::replace_file(file_, flipped));
  EXPECT_EQ(StatIndex::load(file_).size(), 0U);
}

TEST_F(StatIndexTest, ForgetsWhatWasNotAskedFor) {
  const FileStamp old{.device = 1, .inode = 2, .size_bytes = 3, .mtime_ns = 4, .ctime_ns = 5};
  StatIndex first = StatIndex::load(file_);
  first.put("a", old, hash_, 10 * kSecond);
  first.put("b", old, hash_, 10 * kSecond);
  ASSERT_TRUE(first.save());
  StatIndex second = StatIndex::load(file_);
  EXPECT_EQ(second.find("a", old), hash_);
  ASSERT_TRUE(second.save());
  EXPECT_EQ(StatIndex::load(file_).size(), 1U);
}

// The attack on an index: another content of the same size, its times set back.
TEST_F(StatIndexTest, TimesThatAreSetBackDoNotHideAChange) {
  const std::string path = put("f", "one");
  const FileStamp before = stamp(path);
  const timespec times[2] = {{before.mtime_ns / kSecond, before.mtime_ns % kSecond},
                             {before.mtime_ns / kSecond, before.mtime_ns % kSecond}};
  ::usleep(20'000);  // two ticks of the kernel's clock
  put("f", "two");
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  EXPECT_EQ(stamp(path).mtime_ns, before.mtime_ns);
  EXPECT_NE(stamp(path), before);
}

TEST_F(StatIndexTest, ASelectionIsHashedFromTheIndex) {
  put("a", "content of a");
  const os::Root root = os::Root::open(folder_.path()).value();
  StatIndex index = StatIndex::load(file_);
  const SelectOptions options{.index = &index, .as_root = true};
  auto matches = select_files(root, "a", options).value();
  // As if the file had been hashed, to something else, long ago.
  index.put("a", matches[0].entries[0].stamp, hash_, now_ns() + 10 * kSecond);
  matches = select_files(root, "a", options).value();
  ASSERT_TRUE(hash_selection(root, matches, &index));
  EXPECT_EQ(matches[0].entries[0].sha256, hash_) << "the file was read although it is known";
  put("a", "another content");
  matches = select_files(root, "a", options).value();
  ASSERT_TRUE(hash_selection(root, matches, &index));
  EXPECT_EQ(matches[0].entries[0].sha256, hash::sha256("another content").hex());
}

TEST_F(StatIndexTest, FilesOfEverySizeAreHashedAlike) {
  std::vector<std::size_t> sizes{0, 1, 63, 64, 65536, 65537, 70000, 600000};
  for (int i = 0; i < 300; ++i)
    sizes.push_back(static_cast<std::size_t>(i) * 37);
  for (std::size_t i = 0; i < sizes.size(); ++i)
    put(std::to_string(i), std::string(sizes[i], static_cast<char>('a' + i % 26)));
  const os::Root root = os::Root::open(folder_.path()).value();
  auto matches = select_files(root, ".", {.as_root = true}).value();
  ASSERT_TRUE(hash_selection(root, matches));
  for (const FileEntry& entry : matches.at(0).entries) {
    const std::size_t i = std::stoul(entry.source);
    EXPECT_EQ(entry.sha256,
              hash::sha256(std::string(sizes[i], static_cast<char>('a' + i % 26))).hex())
        << sizes[i];
  }
}

}  // namespace
}  // namespace suit::build
