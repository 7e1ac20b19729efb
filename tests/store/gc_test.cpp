#include <gmock/gmock.h>

#include "fixture.h"

namespace suit::store {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using CollectGarbage = StoreTest;
constexpr std::chrono::seconds kNow{0};

TEST_F(CollectGarbage, KeepsWhatAnImageNeeds) {
  Image image = put(store_, {layer_a(), layer_b()}, {"a:1"});
  auto dirs = must(store_.lower_dirs(image));
  EXPECT_EQ(must(store_.collect_garbage(kNow)), 0U);
  EXPECT_EQ(must(store_.lower_dirs(image)), dirs);
  EXPECT_EQ(must(os::list_dir(root_ + "/blobs/sha256")).size(), 4U);
}

TEST_F(CollectGarbage, RemovesWhatNothingPointsTo) {
  must(store_.put_blob("orphan"));
  must(store_.commit_snapshot(must(store_.begin_snapshot()), hash::sha256("orphan chain")));
  EXPECT_GT(must(store_.collect_garbage(kNow)), 0U);
  EXPECT_THAT(must(os::list_dir(root_ + "/blobs/sha256")), IsEmpty());
  EXPECT_THAT(must(os::list_dir(root_ + "/snapshots")), IsEmpty());
  EXPECT_THAT(must(os::list_dir(root_ + "/ingest")), IsEmpty());
}

TEST_F(CollectGarbage, SparesTheYoungUnlessToldOtherwise) {
  digest::Digest orphan = must(store_.put_blob("orphan"));
  EXPECT_EQ(must(store_.collect_garbage()), 0U);
  EXPECT_TRUE(store_.has_blob(orphan));
}

TEST_F(CollectGarbage, KeepsWhatCacheRecordsAndContainersPointTo) {
  digest::Digest cached = must(store_.put_blob("cached"));
  digest::Digest config = must(store_.put_blob("config of a container"));
  digest::Digest step = hash::sha256("step");
  digest::Digest base = hash::sha256("base");
  for (const auto& id : {step, base})
    must(store_.commit_snapshot(must(store_.begin_snapshot()), id));
  must(os::replace_file(
      root_ + "/cache/key.json",
      R"({"blobs":[")" + cached.text() + R"("],"snapshots":[")" + step.text() + "\"]}"));
  must(os::make_dirs(root_ + "/containers/c1"));
  must(os::make_dirs(root_ + "/containers/being-made"));
  must(os::replace_file(
      root_ + "/containers/c1/container.json",
      R"({"imageId":")" + config.text() + R"(","snapshots":[")" + base.text() + "\"]}"));
  EXPECT_EQ(must(store_.collect_garbage(kNow)), 0U);
  EXPECT_TRUE(store_.has_blob(cached) && store_.has_blob(config));
  EXPECT_TRUE(store_.has_snapshot(step) && store_.has_snapshot(base));
  must(os::remove_tree(root_ + "/cache/key.json"));
  EXPECT_GT(must(store_.collect_garbage(kNow)), 0U);
  EXPECT_FALSE(store_.has_blob(cached) || store_.has_snapshot(step));
}

TEST_F(CollectGarbage, RemovesNothingWhenAContainersRecordIsUnreadable) {
  digest::Digest orphan = must(store_.put_blob("orphan"));
  must(os::make_dirs(root_ + "/containers/c1"));
  must(os::replace_file(root_ + "/containers/c1/container.json", "{"));
  auto freed = store_.collect_garbage(kNow);
  EXPECT_THAT(error_of(freed), HasSubstr("containers/c1/container.json"));
  EXPECT_THAT(freed.error().hint(), HasSubstr("suit rm c1"));
  EXPECT_TRUE(store_.has_blob(orphan));
}

}  // namespace
}  // namespace suit::store
