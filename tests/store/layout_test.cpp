// Images that come in a directory, for another platform, or go out compressed.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "fixture.h"
#include "layer/compress.h"
#include "oci/json.h"
#include "oci/platform.h"
#include "store/archive.h"
#include "store/check.h"

namespace suit::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LoadLayout : public StoreTest {
 protected:
  // A layout in a directory is what a store is.
  std::string other_root_ = folder_.path() + "/other";
  Store other_ = must(Store::open(other_root_));
};

TEST_F(LoadLayout, TakesTheImagesOfAnotherStore) {
  Image image = put(other_, {layer_a(), layer_b()}, {"a:1", "a:2"});
  put(other_, {layer_b()}, {"b:1"});
  LoadReport report = must(load_layout(store_, other_root_));
  EXPECT_EQ(report.images.size(), 2U);
  Image loaded = must(store_.find_image("a:2"));
  EXPECT_EQ(loaded.manifest_digest, image.manifest_digest);
  EXPECT_EQ(loaded.size_bytes, image.size_bytes);
  EXPECT_THAT(must(check(store_)).problems, IsEmpty());
}

TEST_F(LoadLayout, ReadsOnlyWhatItsIndexLeadsTo) {
  put(other_, {layer_a()}, {"a:1"});
  must(other_.put_blob("not part of any image"));
  const std::size_t before = must(os::list_dir(other_root_ + "/blobs/sha256")).size();
  must(load_layout(store_, other_root_));
  EXPECT_EQ(must(os::list_dir(root_ + "/blobs/sha256")).size(), before - 1);
}

TEST_F(LoadLayout, RefusesAnotherDirectory) {
  must(os::make_dirs(folder_.path() + "/src"));
  auto loaded = load_layout(store_, folder_.path() + "/src");
  EXPECT_THAT(error_of(loaded), HasSubstr("is a directory, and no OCI layout"));
  EXPECT_THAT(loaded.error().hint(), HasSubstr("name a tar archive"));
  EXPECT_THAT(must(os::list_dir(root_ + "/ingest")), IsEmpty());
}

TEST_F(LoadLayout, LinksDoNotLeadOutOfIt) {
  Image image = put(other_, {layer_a()}, {"a:1"});
  const std::string blob =
      other_root_ + "/blobs/sha256/" + std::string(image.manifest.layers[0].digest.hex());
  const std::string outside = folder_.path() + "/outside";
  must(os::replace_file(outside, layer_a()));
  ASSERT_EQ(::unlink(blob.c_str()), 0);
  ASSERT_EQ(::symlink(outside.c_str(), blob.c_str()), 0);
  // In the layout's root there is no such path, whatever lies there on the host.
  EXPECT_THAT(error_of(load_layout(store_, other_root_)), HasSubstr("lacks its layer"));
  EXPECT_THAT(store_.images(), IsEmpty());
}

TEST_F(LoadLayout, AFifoIsNotWaitedFor) {
  Image image = put(other_, {layer_a()}, {"a:1"});
  const std::string blob =
      other_root_ + "/blobs/sha256/" + std::string(image.manifest.layers[0].digest.hex());
  ASSERT_EQ(::unlink(blob.c_str()), 0);
  ASSERT_EQ(::mkfifo(blob.c_str(), 0600), 0);
  EXPECT_THAT(error_of(load_layout(store_, other_root_)), HasSubstr("is no regular file"));
}

TEST_F(LoadLayout, KeepsToItsLimits) {
  put(other_, {layer_a()}, {"a:1"});
  EXPECT_THAT(error_of(load_layout(store_, other_root_, {.limits = {.size_bytes = 100}})),
              HasSubstr("too large"));
  EXPECT_THAT(error_of(load_layout(store_, other_root_, {.limits = {.entries = 2}})),
              HasSubstr("too many files"));
}

TEST_F(LoadLayout, AChainOfIndexesEnds) {
  std::string text = R"({"schemaVersion":2,"manifests":[]})";
  oci::Descriptor inner;
  for (int i = 0; i < 30; ++i) {
    must(other_.put_blob(text));
    oci::Index index;
    index.manifests = {describe(text, oci::kMediaIndex)};
    text = oci::to_json(index);
  }
  must(os::replace_file(other_root_ + "/index.json", text));
  EXPECT_THAT(error_of(load_layout(store_, other_root_)), HasSubstr("nested too deeply"));
}

TEST_F(LoadLayout, TakesThePlatformThatWasAskedFor) {
  oci::Index index;
  for (const char* architecture : {"amd64", "arm64", "s390x"}) {
    oci::ImageConfig config = make_config({layer_a()}, architecture);
    config.platform.architecture = architecture;
    must(other_.put_blob(layer_a()));
    oci::Manifest manifest;
    std::string text = oci::to_json(config);
    manifest.config = describe(text, oci::kMediaConfig);
    must(other_.put_blob(text));
    manifest.layers = {describe(layer_a(), oci::kMediaLayerTar)};
    text = oci::to_json(manifest);
    must(other_.put_blob(text));
    index.manifests.push_back(describe(text, oci::kMediaManifest));
    index.manifests.back().platform = config.platform;
  }
  const std::string inner = oci::to_json(index);
  must(other_.put_blob(inner));
  oci::Index outer;
  outer.manifests = {describe(inner, oci::kMediaIndex)};
  outer.manifests[0].annotations["org.opencontainers.image.ref.name"] = "many:1";
  must(os::replace_file(other_root_ + "/index.json", oci::to_json(outer)));
  LoadReport report = must(
      load_layout(store_, other_root_, {.platform = must(oci::parse_platform("linux/s390x"))}));
  ASSERT_EQ(report.images.size(), 1U);
  EXPECT_EQ(report.images[0].config.platform.architecture, "s390x");
  EXPECT_THAT(error_of(load_layout(store_, other_root_,
                                   {.platform = must(oci::parse_platform("linux/riscv64"))})),
              HasSubstr("no image for linux/riscv64, only for: linux/amd64, linux/arm64"));
}

class LoadNonArchive : public StoreTest {};

TEST_F(LoadNonArchive, SaysWhatItSaw) {
  for (const auto& [content, said] : std::vector<std::pair<std::string, std::string>>{
           {"", "no tar archive, but nothing: it is empty"},
           {"PK\x03\x04....", "a zip archive"},
           {"FROM debian\n", "text that begins \"FROM debian\""}}) {
    StringReader in(content);
    EXPECT_THAT(error_of(load_archive(store_, in)), HasSubstr(said));
  }
}

TEST_F(LoadNonArchive, ABombIsStoppedBeforeItFillsTheDisk) {
  // A tar of one file of 3 GiB of zeros: 3 MiB of gzip, made and read as it goes.
  StringWriter packed;
  layer::CompressingWriter gzip(packed, {.format = layer::Compression::Gzip, .level = 1});
  layer::TarWriter tar(gzip);
  layer::TarEntry entry;
  entry.path = "zeros";
  entry.size_bytes = 3ULL << 30;
  must(tar.begin(entry));
  const std::string zeros(1U << 20, '\0');
  for (int i = 0; i < 3 << 10; ++i)
    must(tar.write(bytes_of(zeros)));
  must(tar.finish());
  must(gzip.finish());
  StringReader in(packed.text());
  auto loaded = load_archive(store_, in);
  EXPECT_THAT(error_of(loaded), HasSubstr("more than 200 times as much"));
  EXPECT_THAT(must(os::list_dir(root_ + "/ingest")), IsEmpty());
}

using SaveCompressed = StoreTest;

TEST_F(SaveCompressed, KeepsTheImageAndShrinksItsLayers) {
  const std::string big = make_tar({{"big", std::string(3U << 20, 'x')}});
  Image image = put(store_, {big, layer_a()}, {"a:1"});
  for (auto [format, type] : {std::pair{layer::Compression::Gzip, oci::kMediaLayerGzip},
                              std::pair{layer::Compression::Zstd, oci::kMediaLayerZstd}}) {
    StringWriter out;
    const SaveOptions options{.compression = {.format = format, .level = {}}};
    must(save_archive(store_, {"a:1"}, out, options));
    EXPECT_LT(out.text().size(), big.size() / 10);
    StringWriter again;
    must(save_archive(store_, {"a:1"}, again, options));
    EXPECT_EQ(again.text(), out.text());
    Store fresh = must(Store::open(folder_.path() + "/" + std::string(layer::name_of(format))));
    StringReader in(out.text());
    LoadReport report = must(load_archive(fresh, in));
    ASSERT_EQ(report.images.size(), 1U);
    EXPECT_EQ(report.images[0].id, image.id) << "the config is the same";
    EXPECT_EQ(report.images[0].size_bytes, image.size_bytes);
    EXPECT_EQ(report.images[0].manifest.layers[0].media_type, type);
    must(fresh.lower_dirs(report.images[0]));
    EXPECT_EQ(must(fresh.find_image("a:1")).size_bytes, image.size_bytes);
    EXPECT_THAT(must(check(fresh)).problems, IsEmpty());
  }
  EXPECT_THAT(must(os::list_dir(root_ + "/ingest")), IsEmpty());
}

TEST_F(SaveCompressed, NoticesADamagedLayer) {
  Image image = put(store_, {layer_a()}, {"a:1"});
  const std::string path =
      root_ + "/blobs/sha256/" + std::string(image.manifest.layers[0].digest.hex());
  std::string damaged = layer_a();
  damaged[600] = '!';
  must(os::replace_file(path, damaged));
  StringWriter out;
  EXPECT_THAT(
      error_of(save_archive(store_, {"a:1"}, out,
                            {.compression = {.format = layer::Compression::Zstd, .level = {}}})),
      HasSubstr("is damaged"));
}

using IndexOfAnotherTool = StoreTest;

TEST_F(IndexOfAnotherTool, KeepsItsUnknownMembersWhenItIsRewritten) {
  Image image = put(store_, {layer_a()}, {"a:1"});
  std::string text = must(os::read_file(root_ + "/index.json"));
  // Members that this project has no name for, in the index and in a descriptor.
  text.insert(text.find("\"digest\""),
              R"("urls":["https://example.com/x"],"x.y":{"b":1,"a":[2]},)");
  text.insert(1, R"("org.example":{"k":"v"},)");
  must(os::replace_file(root_ + "/index.json", text));
  must(store_.tag(must(store_.find_image("a:1")), name("b:1")));
  const std::string after = must(os::read_file(root_ + "/index.json"));
  EXPECT_THAT(after, HasSubstr(R"("urls":["https://example.com/x"],"x.y":{"b":1,"a":[2]})"));
  EXPECT_THAT(after, HasSubstr(R"("org.example":{"k":"v"})"));
}

}  // namespace
}  // namespace suit::store
