#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "fixture.h"

namespace suit::store {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using OpenStore = StoreTest;

TEST_F(OpenStore, CreatesALegalImageLayoutForTheOwnerAlone) {
  EXPECT_THAT(
      must(os::list_dir(root_)),
      UnorderedElementsAre("blobs", "cache", "containers", "index.json", "index.lock", "ingest",
                           "oci-layout", "partial", "scaffold", "sizes", "snapshots"));
  EXPECT_EQ(must(os::read_file(root_ + "/oci-layout")), R"({"imageLayoutVersion":"1.0.0"})");
  EXPECT_TRUE(oci::parse_index(must(os::read_file(root_ + "/index.json"))));
  EXPECT_EQ(must(os::stat_at(os::FdRef::cwd(), root_)).st_mode & 07777, 0700U);
}

TEST_F(OpenStore, HasAScaffoldOfMountPoints) {
  EXPECT_THAT(must(os::list_dir(store_.scaffold_dir())),
              UnorderedElementsAre("dev", "etc", "proc", "sys"));
  EXPECT_THAT(must(os::list_dir(store_.scaffold_dir() + "/etc")),
              UnorderedElementsAre("hostname", "hosts", "resolv.conf"));
  EXPECT_EQ(must(os::stat_at(os::FdRef::cwd(), store_.scaffold_dir())).st_mode & 07777, 0755U);
}

TEST_F(OpenStore, FindsWhatIsThereTheSecondTime) {
  Image image = put(store_, {layer_a()}, {"a:1"});
  Store again = must(Store::open(root_ + "/"));
  EXPECT_EQ(must(again.find_image("a:1")).id, image.id);
}

TEST_F(OpenStore, RefusesARelativePath) {
  EXPECT_THAT(error_of(Store::open("store")), HasSubstr("the path must be absolute"));
}

TEST_F(OpenStore, RefusesAFolderOfSomethingElse) {
  must(os::replace_file(folder_.path() + "/photo.jpg", "x"));
  EXPECT_THAT(error_of(Store::open(folder_.path())),
              HasSubstr("holds \"photo.jpg\" and is no store"));
  EXPECT_FALSE(os::exists(folder_.path() + "/blobs"));
}

TEST_F(OpenStore, RefusesALayoutOfAnotherVersion) {
  must(os::replace_file(root_ + "/oci-layout", R"({"imageLayoutVersion":"2.0.0"})"));
  EXPECT_THAT(error_of(Store::open(root_)), HasSubstr("imageLayoutVersion is \"2.0.0\""));
}

TEST_F(OpenStore, NamesABrokenIndexAndTheWayToMendIt) {
  must(os::replace_file(root_ + "/index.json", "{\"schemaVersion\":2,"));
  auto opened = Store::open(root_);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message(), HasSubstr(root_ + "/index.json"));
  EXPECT_THAT(opened.error().hint(),
              HasSubstr("mend the file by hand, or start a new list with: echo"));
}

TEST_F(OpenStore, RefusesAFolderThatIsALink) {
  must(os::remove_tree(root_ + "/snapshots"));
  ASSERT_EQ(::symlink("/tmp", (root_ + "/snapshots").c_str()), 0);
  EXPECT_THAT(error_of(Store::open(root_)), HasSubstr("/snapshots\" is no directory"));
}

TEST_F(OpenStore, DoesNotReadTheIndexThroughALink) {
  must(os::rename(root_ + "/index.json", folder_.path() + "/index.json"));
  ASSERT_EQ(::symlink("../index.json", (root_ + "/index.json").c_str()), 0);
  EXPECT_THAT(error_of(Store::open(root_)), HasSubstr("ELOOP"));
}

TEST_F(OpenStore, SweepsWhatDeadProcessesLeftButNotWhatIsBeingWritten) {
  auto writer = must(store_.begin_blob());
  must(os::replace_file(root_ + "/ingest/dead", "x"));
  must(os::make_dirs(root_ + "/ingest/deadfolder/fs/etc"));
  ASSERT_EQ(::symlink("/tmp", (root_ + "/ingest/link").c_str()), 0);
  must(Store::open(root_));
  EXPECT_EQ(must(os::list_dir(root_ + "/ingest")).size(), 1U);
  must(writer.write(bytes_of("hello")));
  EXPECT_TRUE(store_.has_blob(must(writer.commit())));
}

}  // namespace
}  // namespace suit::store
