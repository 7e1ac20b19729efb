#include <unistd.h>

#include <gmock/gmock.h>

#include "fixture.h"

namespace suit::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using PutImage = StoreTest;

TEST_F(PutImage, ListsItUnderItsNames) {
  Image image = put(store_, {layer_a(), layer_b()}, {"python:3.9", "localhost:5000/py"});
  EXPECT_THAT(image.names,
              UnorderedElementsAre("docker.io/library/python:3.9", "localhost:5000/py:latest"));
  auto images = store_.images();
  ASSERT_EQ(images.size(), 1U);
  EXPECT_EQ(images[0].id, image.id);
  EXPECT_THAT(images[0].names,
              UnorderedElementsAre("docker.io/library/python:3.9", "localhost:5000/py:latest"));
  EXPECT_EQ(images[0].size_bytes, 12U) << "of the files, not of the tars";
}

TEST_F(PutImage, WritesOneDescriptorANameWithBothAnnotations) {
  put(store_, {layer_a()}, {"python:3.9", "python:3"});
  oci::Index index = must(oci::parse_index(must(os::read_file(root_ + "/index.json"))));
  ASSERT_EQ(index.manifests.size(), 2U);
  EXPECT_EQ(index.manifests[0].annotations["org.opencontainers.image.ref.name"],
            "docker.io/library/python:3.9");
  EXPECT_EQ(index.manifests[0].annotations["io.containerd.image.name"],
            "docker.io/library/python:3.9");
}

TEST_F(PutImage, ListsANamelessImageOnceUntilItGetsAName) {
  put(store_, {layer_a()}, {});
  Image image = put(store_, {layer_a()}, {});
  ASSERT_EQ(store_.images().size(), 1U);
  EXPECT_THAT(store_.images()[0].names, IsEmpty());
  must(store_.tag(image, name("a:1")));
  oci::Index index = must(oci::parse_index(must(os::read_file(root_ + "/index.json"))));
  EXPECT_EQ(index.manifests.size(), 1U);
}

TEST_F(PutImage, TakesANameAwayFromTheImageThatHadIt) {
  Image old_image = put(store_, {layer_a()}, {"a:1"});
  Image new_image = put(store_, {layer_b()}, {"a:1"});
  EXPECT_EQ(must(store_.find_image("a:1")).id, new_image.id);
  Image dangling = must(store_.find_image(old_image.id.text()));
  EXPECT_THAT(dangling.names, IsEmpty());
  EXPECT_EQ(store_.images().size(), 2U);
}

TEST_F(PutImage, RefusesLayersThatAreNotThere) {
  oci::ImageConfig config = make_config({"gone"}, "x");
  auto image = store_.put_image(config, {describe("gone", oci::kMediaLayerTar)}, {name("a")});
  EXPECT_THAT(error_of(image), HasSubstr("layer " + hash::sha256("gone").text()));
  EXPECT_THAT(store_.images(), IsEmpty());
}

TEST_F(PutImage, RefusesAConfigWithAnotherNumberOfLayers) {
  must(store_.put_blob(layer_a()));
  auto image =
      store_.put_image(make_config({}, "x"), {describe(layer_a(), oci::kMediaLayerTar)}, {});
  EXPECT_THAT(error_of(image), HasSubstr("has 0 diff_ids for 1 layers"));
}

TEST_F(PutImage, RefusesADescriptorWithTheWrongSize) {
  must(store_.put_blob(layer_a()));
  oci::Descriptor layer = describe(layer_a(), oci::kMediaLayerTar);
  layer.size_bytes += 1;
  EXPECT_THAT(error_of(store_.put_image(make_config({layer_a()}, "x"), {layer}, {})),
              HasSubstr("of its descriptor"));
}

TEST_F(PutImage, RefusesATagWithADigest) {
  Image image = put(store_, {layer_a()}, {"a:1"});
  auto tagged = store_.tag(image, name("b@" + image.id.text()));
  EXPECT_THAT(error_of(tagged), HasSubstr("refusing to create a tag with a digest reference"));
}

using FindImage = StoreTest;

TEST_F(FindImage, KnowsANameInEveryForm) {
  Image image = put(store_, {layer_a()}, {"python"});
  for (const char* form : {"python", "python:latest", "library/python", "docker.io/python",
                           "docker.io/library/python:latest", "index.docker.io/library/python"})
    EXPECT_EQ(must(store_.find_image(form)).id, image.id) << form;
}

TEST_F(FindImage, KnowsAnIdFromItsFirstDigitOn) {
  Image image = put(store_, {layer_a()}, {"a:1"});
  for (std::size_t length : {1U, 6U, 12U, 63U, 64U})
    EXPECT_EQ(must(store_.find_image(image.id.hex().substr(0, length))).id, image.id) << length;
  EXPECT_EQ(must(store_.find_image(image.id.text())).id, image.id);
  EXPECT_EQ(must(store_.find_image(image.id.text().substr(0, 15))).id, image.id);
  EXPECT_EQ(must(store_.find_image(image.manifest_digest.text())).id, image.id);
}

TEST_F(FindImage, PrefersANameToTheStartOfAnId) {
  Image first = put(store_, {layer_a()}, {});
  Image named = put(store_, {layer_b()}, {std::string(first.id.hex().substr(0, 6))}, "named");
  EXPECT_EQ(must(store_.find_image(first.id.hex().substr(0, 6))).id, named.id);
}

TEST_F(FindImage, RefusesAnIdThatSeveralImagesShare) {
  std::map<char, std::string> seen;
  for (int i = 0; i < 17; ++i) {  // 17 ids, 16 first digits
    Image image = put(store_, {}, {}, std::to_string(i));
    seen[image.id.hex()[0]] += image.id.short_hex();
  }
  for (const auto& [digit, ids] : seen) {
    if (ids.size() < 24) continue;
    EXPECT_THAT(error_of(store_.find_image(std::string(1, digit))), HasSubstr("image ids: "));
    return;
  }
  FAIL() << "no two ids share a digit";
}

TEST_F(FindImage, KnowsANameWithADigest) {
  Image image = put(store_, {layer_a()}, {"python:3.9"});
  EXPECT_EQ(must(store_.find_image("python@" + image.manifest_digest.text())).id, image.id);
  EXPECT_EQ(must(store_.find_image("python:3.9@" + image.id.text())).id, image.id);
  EXPECT_FALSE(store_.find_image("ruby@" + image.manifest_digest.text()));
}

TEST_F(FindImage, SaysWhereItLookedAndWhatToDo) {
  put(store_, {layer_a()}, {"python:3.9"});
  auto found = store_.find_image("pyhton:3.9");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ENOENT);
  EXPECT_THAT(found.error().message(),
              HasSubstr("no image \"pyhton:3.9\" (docker.io/library/pyhton:3.9) in the store at " +
                        root_ + "; did you mean \"python:3.9\"?"));
  EXPECT_THAT(found.error().hint(), HasSubstr("suit load -i"));
  EXPECT_THAT(found.error().hint(), HasSubstr("`suit pull NAME` brings it from its registry"));
}

TEST_F(FindImage, RefusesWhatIsNoName) {
  EXPECT_THAT(error_of(store_.find_image("Python")), HasSubstr("must be lowercase"));
}

TEST_F(FindImage, LeavesADamagedImageOutOfTheList) {
  Image image = put(store_, {layer_a()}, {"a:1"});
  put(store_, {layer_b()}, {"b:1"}, "other");
  ASSERT_EQ(::unlink((root_ + "/blobs/sha256/" + std::string(image.id.hex())).c_str()), 0);
  ASSERT_EQ(store_.images().size(), 1U);
  EXPECT_THAT(store_.images()[0].names, ElementsAre("docker.io/library/b:1"));
  EXPECT_THAT(error_of(store_.find_image("a:1")),
              HasSubstr("image \"a:1\": blob " + image.id.text()));
}

}  // namespace
}  // namespace suit::store
