#include <unistd.h>

#include <gmock/gmock.h>

#include "fixture.h"
#include "oci/json.h"
#include "store/archive.h"

namespace suit::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::string save(const Store& store, const std::vector<std::string>& images) {
  StringWriter out;
  must(save_archive(store, images, out));
  return out.take();
}

// Path to content of a tar.
std::map<std::string, std::string> files_of(const std::string& tar) {
  std::map<std::string, std::string> files;
  StringReader in(tar);
  layer::TarReader reader(in);
  while (auto entry = must(reader.next())) {
    std::string content(entry->size_bytes, '\0');
    std::size_t have = 0;
    while (have < content.size())
      have += must(reader.read(std::as_writable_bytes(std::span(content)).subspan(have)));
    files[entry->path] = content;
  }
  return files;
}

using SaveArchive = StoreTest;

TEST_F(SaveArchive, IsALayoutAndADockerArchiveAtOnce) {
  Image image = put(store_, {layer_a(), layer_b()}, {"a:1"});
  auto files = files_of(save(store_, {"a:1"}));
  oci::Index index = must(oci::parse_index(files["index.json"]));
  ASSERT_EQ(index.manifests.size(), 1U);
  EXPECT_EQ(index.manifests[0].digest, image.manifest_digest);
  std::string layer = "blobs/sha256/" + std::string(hash::sha256(layer_b()).hex());
  EXPECT_EQ(files[layer], layer_b());
  oci::Json list = must(oci::parse_json(files["manifest.json"]));
  EXPECT_EQ(*list.as_array()->front().find("RepoTags"), oci::Json(std::vector<std::string>{"a:1"}));
  EXPECT_THAT(files["manifest.json"], HasSubstr(layer));
  EXPECT_EQ(files["repositories"],
            R"({"a":{"1":")" + std::string(hash::sha256(layer_b()).hex()) + "\"}}");
  EXPECT_EQ(files["oci-layout"], R"({"imageLayoutVersion":"1.0.0"})");
}

TEST_F(SaveArchive, IsTheSameBytesForTheSameImages) {
  put(store_, {layer_a()}, {"a:1"});
  put(store_, {layer_b()}, {"b:1"});
  EXPECT_EQ(save(store_, {"a:1", "b:1"}), save(store_, {"a:1", "b:1"}));
}

TEST_F(SaveArchive, ComesBackAsItWas) {
  Image a = put(store_, {layer_a()}, {"a:1", "a:2"});
  Image b = put(store_, {layer_a(), layer_b()}, {"localhost:5000/b:1"});
  std::string tar = save(store_, {"a:1", "a:2", "localhost:5000/b:1"});
  Store other = must(Store::open(folder_.path() + "/other"));
  StringReader reader(tar);
  LoadReport report = must(load_archive(other, reader));
  ASSERT_EQ(report.images.size(), 2U);
  EXPECT_EQ(report.images[0].manifest_digest, a.manifest_digest);
  EXPECT_THAT(report.images[0].names,
              UnorderedElementsAre("docker.io/library/a:1", "docker.io/library/a:2"));
  EXPECT_EQ(report.images[1].manifest_digest, b.manifest_digest);
  must(other.lower_dirs(report.images[1]));
}

TEST_F(SaveArchive, CarriesNoNameThatWasNotAskedFor) {
  Image image = put(store_, {layer_a()}, {"a:1", "secret:1"});
  EXPECT_THAT(save(store_, {"a:1"}), ::testing::Not(HasSubstr("secret")));
  auto files = files_of(save(store_, {std::string(image.id.short_hex())}));
  EXPECT_THAT(files["manifest.json"], HasSubstr("\"RepoTags\":null"));
}

TEST_F(SaveArchive, NamesAnImageThatIsNotThere) {
  StringWriter out;
  EXPECT_THAT(error_of(save_archive(store_, {"gone"}, out)), HasSubstr("no image \"gone\""));
  EXPECT_THAT(out.text(), IsEmpty());
}

TEST_F(SaveArchive, StopsAtADamagedBlob) {
  put(store_, {layer_a()}, {"a:1"});
  std::string path = root_ + "/blobs/sha256/" + std::string(hash::sha256(layer_a()).hex());
  std::string text = layer_a();
  text[600] = 'X';
  ASSERT_EQ(::unlink(path.c_str()), 0);
  must(os::replace_file(path, text));
  StringWriter out;
  EXPECT_THAT(error_of(save_archive(store_, {"a:1"}, out)), HasSubstr("is damaged"));
}

using ImportRootfs = StoreTest;

TEST_F(ImportRootfs, MakesAnImageOfOneLayer) {
  std::string tar = layer_a();
  StringReader reader(tar);
  ImportOptions options;
  options.names = {name("rootfs:1")};
  options.config.cmd = {"/bin/sh"};
  options.message = "from a tar";
  Image image = must(import_rootfs(store_, reader, options));
  EXPECT_THAT(image.config.diff_ids, ElementsAre(hash::sha256(tar)));
  EXPECT_EQ(image.manifest.layers[0].digest, hash::sha256(tar));
  EXPECT_EQ(image.config.history[0].comment, "from a tar");
  EXPECT_THAT(*image.config.config.cmd, ElementsAre("/bin/sh"));
  EXPECT_EQ(must(store_.find_image("rootfs:1")).id, image.id);
}

TEST_F(ImportRootfs, RefusesWhatIsNoTar) {
  StringReader reader("this is no tar, though it is long enough to look at");
  EXPECT_THAT(error_of(import_rootfs(store_, reader, {})), HasSubstr("import a root file system"));
  EXPECT_THAT(store_.images(), IsEmpty());
}

using EmbeddedBase = StoreTest;

TEST_F(EmbeddedBase, IsLoadedOnceFromItsArchive) {
  std::string path = folder_.path() + "/base.tar";
  Store other = must(Store::open(folder_.path() + "/other"));
  put(other, {layer_a()}, {"spacesuit/base:1"});
  must(os::replace_file(path, save(other, {"spacesuit/base:1"})));
  Image image = must(embedded_base(store_, path));
  EXPECT_THAT(image.names, ElementsAre(std::string(kEmbeddedBaseName)));
  must(os::remove_tree(path));
  EXPECT_EQ(must(embedded_base(store_, path)).id, image.id);
}

TEST_F(EmbeddedBase, NamesTheArchiveThatIsMissing) {
  EXPECT_THAT(error_of(embedded_base(store_, "/nowhere/base.tar")),
              HasSubstr("load the base image of /nowhere/base.tar"));
}

}  // namespace
}  // namespace suit::store
