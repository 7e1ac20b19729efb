#include "store/check.h"

#include <unistd.h>

#include <gmock/gmock.h>

#include "fixture.h"

namespace suit::store {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using CheckStore = StoreTest;

TEST_F(CheckStore, FindsNothingWrongWithASoundStore) {
  must(store_.lower_dirs(put(store_, {layer_a(), layer_b()}, {"a:1"})));
  CheckReport report = must(check(store_));
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.blobs, 4U);
  EXPECT_EQ(report.images, 1U);
  EXPECT_EQ(report.snapshots, 2U);
}

TEST_F(CheckStore, NamesADamagedBlob) {
  digest::Digest digest = must(store_.put_blob("hello"));
  std::string path = root_ + "/blobs/sha256/" + std::string(digest.hex());
  ASSERT_EQ(::unlink(path.c_str()), 0);
  must(os::replace_file(path, "jello"));
  CheckReport report = must(check(store_));
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_EQ(report.problems[0].object, path);
  EXPECT_THAT(report.problems[0].what, HasSubstr("its content has the digest sha256:"));
}

TEST_F(CheckStore, NamesWhatAnImageLacks) {
  Image image = put(store_, {layer_a()}, {"a:1"});
  std::string hex(image.manifest.layers[0].digest.hex());
  ASSERT_EQ(::unlink((root_ + "/blobs/sha256/" + hex).c_str()), 0);
  CheckReport report = must(check(store_));
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_EQ(report.problems[0].object, "docker.io/library/a:1");
  EXPECT_THAT(report.problems[0].what, HasSubstr("its layer sha256:" + hex + " is missing"));
}

TEST_F(CheckStore, NamesStrangersAmongTheBlobsAndSnapshots) {
  must(os::replace_file(root_ + "/blobs/sha256/notes.txt", "x"));
  must(os::make_dirs(root_ + "/snapshots/half"));
  CheckReport report = must(check(store_));
  ASSERT_EQ(report.problems.size(), 2U);
  EXPECT_EQ(report.problems[0].what, "its name is no sha256 digest");
  EXPECT_EQ(report.problems[1].what, "it is no snapshot");
}

TEST_F(CheckStore, NamesAContainerWithoutItsSnapshot) {
  must(os::make_dirs(root_ + "/containers/c1"));
  must(os::replace_file(root_ + "/containers/c1/container.json",
                        R"({"snapshots":[")" + hash::sha256("x").text() + "\"]}"));
  CheckReport report = must(check(store_));
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(report.problems[0].mend, HasSubstr("suit rm c1"));
}

}  // namespace
}  // namespace suit::store
