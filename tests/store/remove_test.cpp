#include <unistd.h>

#include <gmock/gmock.h>

#include "fixture.h"

namespace suit::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using RemoveImage = StoreTest;

TEST_F(RemoveImage, OnlyUntagsWhileThereIsAnotherName) {
  Image image = put(store_, {layer_a()}, {"a:1", "a:2"});
  auto removed = must(store_.remove_image("a:1", false, {}));
  EXPECT_THAT(removed.untagged, ElementsAre("a:1"));
  EXPECT_THAT(removed.deleted, IsEmpty());
  EXPECT_EQ(must(store_.find_image("a:2")).id, image.id);
}

TEST_F(RemoveImage, DeletesTheImageAndItsLayersWithTheLastName) {
  Image image = put(store_, {layer_a(), layer_b()}, {"a:1"});
  must(store_.lower_dirs(image));
  auto removed = must(store_.remove_image("a:1", false, {}));
  auto chain = hash::chain_ids(image.config.diff_ids);
  EXPECT_THAT(removed.untagged, ElementsAre("a:1"));
  EXPECT_THAT(removed.deleted, ElementsAre(image.id, chain[1], chain[0]));
  EXPECT_THAT(must(os::list_dir(root_ + "/blobs/sha256")), IsEmpty());
  EXPECT_THAT(must(os::list_dir(root_ + "/snapshots")), IsEmpty());
}

TEST_F(RemoveImage, KeepsLayersThatAnotherImageHas) {
  Image image = put(store_, {layer_a(), layer_b()}, {"a:1"});
  Image other = put(store_, {layer_a()}, {"b:1"});
  auto removed = must(store_.remove_image("a:1", false, {}));
  EXPECT_THAT(removed.deleted, ElementsAre(image.id, hash::chain_ids(image.config.diff_ids)[1]));
  must(store_.lower_dirs(other));
}

TEST_F(RemoveImage, TakesAllTagsOfOneRepositoryWithAnId) {
  Image image = put(store_, {layer_a()}, {"a:1", "a:2"});
  auto removed = must(store_.remove_image(image.id.short_hex(), false, {}));
  EXPECT_THAT(removed.untagged, ElementsAre("a:1", "a:2"));
  EXPECT_THAT(store_.images(), IsEmpty());
}

TEST_F(RemoveImage, WantsForceForAnIdInSeveralRepositories) {
  Image image = put(store_, {layer_a()}, {"a:1", "b:1"});
  EXPECT_THAT(error_of(store_.remove_image(image.id.short_hex(), false, {})),
              HasSubstr("(must be forced) - image is referenced in multiple repositories"));
  must(store_.remove_image(image.id.short_hex(), true, {}));
  EXPECT_THAT(store_.images(), IsEmpty());
}

TEST_F(RemoveImage, RefusesWhatAContainerUses) {
  Image image = put(store_, {layer_a()}, {"a:1"});
  EXPECT_THAT(error_of(store_.remove_image("a:1", false, {image.id})),
              HasSubstr("conflict: unable to remove repository reference \"a:1\" (must force)"));
  EXPECT_THAT(error_of(store_.remove_image(image.id.text(), false, {image.id})),
              HasSubstr("image is being used by a container"));
  auto removed = must(store_.remove_image("a:1", true, {image.id}));
  EXPECT_THAT(removed.deleted, IsEmpty());
  EXPECT_THAT(must(store_.find_image(image.id.text())).names, IsEmpty());
}

TEST_F(RemoveImage, TakesANamelessImageById) {
  Image image = put(store_, {layer_a()}, {});
  auto removed = must(store_.remove_image(image.id.short_hex(), false, {}));
  EXPECT_THAT(removed.untagged, IsEmpty());
  EXPECT_THAT(store_.images(), IsEmpty());
}

TEST_F(RemoveImage, UntagsADamagedImage) {
  Image image = put(store_, {layer_a()}, {"a:1"});
  ASSERT_EQ(::unlink((root_ + "/blobs/sha256/" + std::string(image.id.hex())).c_str()), 0);
  EXPECT_THAT(must(store_.remove_image("a:1", false, {})).untagged, ElementsAre("a:1"));
  EXPECT_THAT(error_of(store_.find_image("a:1")), HasSubstr("no image \"a:1\""));
}

TEST_F(RemoveImage, NamesWhatIsNotThere) {
  EXPECT_THAT(error_of(store_.remove_image("a:1", true, {})), HasSubstr("no image \"a:1\""));
}

TEST_F(RemoveImage, LeavesContentToTheCollectionWhileTheStoreIsInUse) {
  Image image = put(store_, {layer_a()}, {"a:1"});
  {
    auto use = must(store_.use());
    must(store_.remove_image("a:1", false, {}));
    EXPECT_TRUE(store_.has_blob(image.id));
  }
  must(store_.collect_garbage(std::chrono::seconds(0)));
  EXPECT_FALSE(store_.has_blob(image.id));
}

}  // namespace
}  // namespace suit::store
