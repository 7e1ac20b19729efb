#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "fixture.h"

namespace suit::store {
namespace {

using ::testing::HasSubstr;
using BlobWriter = StoreTest;

std::string path_of(const Store& store, const digest::Digest& digest) {
  return store.root() + "/blobs/sha256/" + std::string(digest.hex());
}

TEST_F(BlobWriter, PutsContentUnderItsDigestReadOnly) {
  digest::Digest digest = must(store_.put_blob("hello"));
  EXPECT_EQ(digest.text(),
            "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  struct stat info{};
  ASSERT_EQ(::lstat(path_of(store_, digest).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0444U);
  EXPECT_EQ(must(store_.read_blob(digest)), "hello");
  EXPECT_TRUE(must(os::list_dir(root_ + "/ingest")).empty());
}

TEST_F(BlobWriter, TakesContentThatIsThereAlready) {
  EXPECT_EQ(must(store_.put_blob("hello")), must(store_.put_blob("hello")));
  EXPECT_EQ(must(os::list_dir(root_ + "/blobs/sha256")).size(), 1U);
  EXPECT_TRUE(must(os::list_dir(root_ + "/ingest")).empty());
}

TEST_F(BlobWriter, LeavesNothingWithoutACommit) {
  {
    auto writer = must(store_.begin_blob());
    must(writer.write(bytes_of("half")));
    EXPECT_EQ(writer.size_bytes(), 4U);
    EXPECT_EQ(must(os::list_dir(root_ + "/ingest")).size(), 1U);
  }
  EXPECT_TRUE(must(os::list_dir(root_ + "/ingest")).empty());
  EXPECT_TRUE(must(os::list_dir(root_ + "/blobs/sha256")).empty());
}

TEST_F(BlobWriter, RefusesContentWithAnotherDigestThanExpected) {
  auto writer = must(store_.begin_blob());
  must(writer.write(bytes_of("hello")));
  digest::Digest other = hash::sha256("other");
  auto committed = writer.commit(other);
  EXPECT_EQ(error_of(committed),
            "blob " + other.text() + " has the digest " + hash::sha256("hello").text());
  EXPECT_FALSE(store_.has_blob(other));
  EXPECT_FALSE(store_.has_blob(hash::sha256("hello")));
}

TEST_F(BlobWriter, ReplacesABlobThatWasCutShort) {
  digest::Digest digest = must(store_.put_blob("hello"));
  ASSERT_EQ(::unlink(path_of(store_, digest).c_str()), 0);
  must(os::replace_file(path_of(store_, digest), "he"));
  must(store_.put_blob("hello"));
  EXPECT_EQ(must(store_.read_blob(digest)), "hello");
}

using OpenBlob = StoreTest;

TEST_F(OpenBlob, NamesTheBlobThatIsMissing) {
  digest::Digest digest = hash::sha256("x");
  auto read = store_.read_blob(digest);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ENOENT);
  EXPECT_THAT(read.error().message(), HasSubstr("blob " + digest.text()));
  EXPECT_THAT(read.error().hint(), HasSubstr("load the image again"));
}

TEST_F(OpenBlob, NoticesDamagedContent) {
  digest::Digest digest = must(store_.put_blob("hello"));
  ASSERT_EQ(::unlink(path_of(store_, digest).c_str()), 0);
  must(os::replace_file(path_of(store_, digest), "jello"));
  EXPECT_THAT(error_of(store_.read_blob(digest)), HasSubstr("is damaged"));
}

TEST_F(OpenBlob, DoesNotFollowALinkPlantedInItsPlace) {
  must(os::replace_file(folder_.path() + "/secret", "canary"));
  digest::Digest digest = hash::sha256("canary");
  ASSERT_EQ(::symlink((folder_.path() + "/secret").c_str(), path_of(store_, digest).c_str()), 0);
  EXPECT_FALSE(store_.has_blob(digest));
  EXPECT_THAT(error_of(store_.read_blob(digest)), HasSubstr("ELOOP"));
}

TEST_F(OpenBlob, DoesNotWaitForAFifo) {
  digest::Digest digest = hash::sha256("fifo");
  ASSERT_EQ(::mkfifo(path_of(store_, digest).c_str(), 0600), 0);
  EXPECT_THAT(error_of(store_.read_blob(digest)), HasSubstr("is no regular file"));
}

TEST_F(OpenBlob, KeepsToItsLimit) {
  digest::Digest digest = must(store_.put_blob("hello"));
  EXPECT_THAT(error_of(store_.read_blob(digest, 4)), HasSubstr("EFBIG"));
}

}  // namespace
}  // namespace suit::store
