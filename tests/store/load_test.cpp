#include <zlib.h>

#include <gmock/gmock.h>

#include "fixture.h"
#include "oci/json.h"
#include "store/archive.h"

namespace suit::store {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using layer::EntryType;

Result<LoadReport> load(Store& store, const std::string& archive, const LoadLimits& limits = {}) {
  StringReader reader(archive);
  return load_archive(store, reader, {.limits = limits, .platform = oci::host_platform()});
}

std::string hex(std::string_view content) { return std::string(hash::sha256(content).hex()); }

// An archive as Docker up to 24 writes it, with one image.
struct DockerArchive {
  std::vector<std::string> layers = {layer_a(), layer_b()};
  std::string config = oci::to_json(make_config(layers, "x"));
  std::string config_path = hex(config) + ".json";
  std::string tags = R"(["a:1"])";
  std::vector<TarFile> files;

  DockerArchive() {
    files = {{"one/", ""},         {"one/VERSION", "1.0"},
             {"one/json", "{}"},   {"one/layer.tar", layers[0]},
             {"two/", ""},         {"two/layer.tar", layers[1]},
             {config_path, config}};
  }
  std::string manifest() const {
    return R"([{"Config":")" + config_path + R"(","RepoTags":)" + tags +
           R"(,"Layers":["one/layer.tar","two/layer.tar"]}])";
  }
  std::string tar() const {
    auto all = files;
    all.push_back({"manifest.json", manifest()});
    return make_tar(all);
  }
};

using LoadDockerArchive = StoreTest;

TEST_F(LoadDockerArchive, KeepsTheImageIdAndTheNames) {
  DockerArchive archive;
  archive.tags = R"(["a:1","localhost:5000/a:2"])";
  LoadReport report = must(load(store_, archive.tar()));
  ASSERT_EQ(report.images.size(), 1U);
  EXPECT_EQ(report.images[0].id, hash::sha256(archive.config));
  EXPECT_THAT(report.images[0].names,
              UnorderedElementsAre("docker.io/library/a:1", "localhost:5000/a:2"));
  auto dirs = must(store_.lower_dirs(must(store_.find_image("a:1"))));
  EXPECT_EQ(must(os::read_file(dirs[0] + "/etc/b")), "from b");
  EXPECT_THAT(must(os::list_dir(root_ + "/ingest")), IsEmpty());
}

TEST_F(LoadDockerArchive, TakesEntriesInAnyOrder) {
  DockerArchive archive;
  archive.files.insert(archive.files.begin(), {"manifest.json", archive.manifest()});
  std::reverse(archive.files.begin(), archive.files.end());
  EXPECT_EQ(must(load(store_, make_tar(archive.files))).images.size(), 1U);
}

TEST_F(LoadDockerArchive, FollowsLinksToLayersThatAreInItTwice) {
  DockerArchive archive;
  archive.layers = {layer_a(), layer_a()};
  archive.config = oci::to_json(make_config(archive.layers, "x"));
  archive.config_path = hex(archive.config) + ".json";
  archive.files = {{"one/layer.tar", layer_a()},
                   {"two/layer.tar", "../one/layer.tar", EntryType::Symlink},
                   {archive.config_path, archive.config}};
  EXPECT_EQ(must(load(store_, archive.tar())).images[0].manifest.layers.size(), 2U);
}

TEST_F(LoadDockerArchive, TakesAWholeFileThatIsCompressed) {
  std::string plain = DockerArchive().tar();
  std::string packed(plain.size() + 1024, '\0');
  z_stream stream{};
  ASSERT_EQ(::deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  ASSERT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  EXPECT_EQ(must(load(store_, packed)).images.size(), 1U);
}

TEST_F(LoadDockerArchive, AgreesToAnImageWithoutATag) {
  DockerArchive archive;
  archive.tags = "null";
  EXPECT_THAT(must(load(store_, archive.tar())).images[0].names, IsEmpty());
}

TEST_F(LoadDockerArchive, MendsADamagedBlob) {
  DockerArchive archive;
  Image image = must(load(store_, archive.tar())).images[0];
  std::string blob = root_ + "/blobs/sha256/" + std::string(image.id.hex());
  std::string text = must(os::read_file(blob));
  text[0] = 'X';
  must(os::remove_tree(blob));
  must(os::replace_file(blob, text));
  must(load(store_, archive.tar()));
  EXPECT_EQ(must(store_.find_image("a:1")).id, image.id);
}

// Every refusal leaves the list of images and the folder for staging empty.
class RefuseArchive : public StoreTest {
 protected:
  void refuses(const std::string& archive, const std::string& words,
               const LoadLimits& limits = {}) {
    EXPECT_THAT(error_of(load(store_, archive, limits)), HasSubstr(words));
    EXPECT_THAT(store_.images(), IsEmpty());
    EXPECT_THAT(must(os::list_dir(root_ + "/blobs/sha256")), IsEmpty());
    EXPECT_THAT(must(os::list_dir(root_ + "/ingest")), IsEmpty());
  }
  DockerArchive archive_;
};

TEST_F(RefuseArchive, WithPathsThatLeadOut) {
  for (const char* path : {"../escape", "a/../../escape", "/escape"}) {
    auto files = archive_.files;
    files.push_back({path, "canary"});
    refuses(make_tar(files), "leads out of the archive");
  }
  EXPECT_FALSE(os::exists(folder_.path() + "/escape") || os::exists("/escape"));
}

TEST_F(RefuseArchive, WithLinksThatLeadOut) {
  archive_.files.push_back({"three/layer.tar", "../../etc/passwd", EntryType::Symlink});
  refuses(archive_.tar(), "leads out of the archive");
}

TEST_F(RefuseArchive, WithAConfigThatLeadsOut) {
  archive_.config_path = "../../../../etc/passwd";
  refuses(archive_.tar(), "lacks the config \"../../../../etc/passwd\"");
}

TEST_F(RefuseArchive, WithLinksInACircle) {
  archive_.files[3] = {"one/layer.tar", "layer2.tar", EntryType::Symlink};
  archive_.files.push_back({"one/layer2.tar", "layer.tar", EntryType::Symlink});
  refuses(archive_.tar(), "lacks the layer \"one/layer.tar\"");
}

TEST_F(RefuseArchive, WithAFifo) {
  archive_.files.push_back({"fifo", "", EntryType::Fifo});
  refuses(archive_.tar(), "\"fifo\" is a ");
}

TEST_F(RefuseArchive, WithTwoFilesOfOneName) {
  archive_.files.push_back({"one/layer.tar", layer_b()});
  refuses(archive_.tar(), "two different files \"one/layer.tar\"");
}

TEST_F(RefuseArchive, WithAWrongDiffId) {
  archive_.files[3].content = layer_b();
  refuses(archive_.tar(), "but the config says " + hash::sha256(layer_a()).text());
}

TEST_F(RefuseArchive, WithAConfigThatIsNotWhatItsNameSays) {
  archive_.config_path = hex("other") + ".json";
  archive_.files.back() = {archive_.config_path, archive_.config};
  refuses(archive_.tar(), "has the digest " + hash::sha256(archive_.config).text());
}

TEST_F(RefuseArchive, WithANameThatIsNone) {
  archive_.tags = R"(["../Bad:1"])";
  refuses(archive_.tar(), "the archive's image name \"../Bad:1\"");
}

TEST_F(RefuseArchive, WithTooManyLayersForItsConfig) {
  archive_.config = oci::to_json(make_config({layer_a()}, "x"));
  archive_.config_path = hex(archive_.config) + ".json";
  archive_.files.back() = {archive_.config_path, archive_.config};
  refuses(archive_.tar(), "has 1 diff_ids for 2 layers");
}

TEST_F(RefuseArchive, ThatIsCutShort) {
  std::string tar = archive_.tar();
  for (std::size_t size : {tar.size() - 1024, tar.size() / 2, std::size_t{700}}) {
    EXPECT_FALSE(load(store_, tar.substr(0, size))) << size;
    EXPECT_THAT(must(os::list_dir(root_ + "/ingest")), IsEmpty());
  }
  EXPECT_THAT(store_.images(), IsEmpty());
}

TEST_F(RefuseArchive, ThatIsTooLarge) {
  refuses(archive_.tar(), "larger than 1000 bytes together", {.size_bytes = 1000, .entries = 100});
  refuses(archive_.tar(), "more than 3 entries", {.size_bytes = 1 << 20, .entries = 3});
}

TEST_F(RefuseArchive, ThatHoldsNoImage) {
  refuses(make_tar({{"etc/passwd", "root"}}), "this is no image archive");
  refuses(make_tar({{"manifest.json", "[]"}}), "the archive holds no image");
  refuses(make_tar({{"repositories", "{}"}}), "Docker before 1.10");
  refuses(make_tar({{"manifest.json", "{}"}}), "must be a list of images");
  refuses(make_tar({{"manifest.json", R"([{"Config":7}])"}}), "Config must be a string");
}

// An OCI layout as a tar, image by image.
struct OciArchive {
  std::vector<TarFile> files = {{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"}};
  oci::Index index;

  oci::Descriptor blob(const std::string& content, std::string_view media_type) {
    files.push_back({"blobs/sha256/" + hex(content), content});
    return describe(content, media_type);
  }
  oci::Descriptor image(const std::vector<std::string>& layers, const std::string& comment) {
    oci::Manifest manifest;
    manifest.config = blob(oci::to_json(make_config(layers, comment)), oci::kMediaConfig);
    for (const std::string& layer : layers) {
      bool known = std::ranges::any_of(
          files, [&](const TarFile& file) { return file.path.ends_with(hex(layer)); });
      manifest.layers.push_back(known ? describe(layer, oci::kMediaLayerTar)
                                      : blob(layer, oci::kMediaLayerTar));
    }
    return blob(oci::to_json(manifest), oci::kMediaManifest);
  }
  void add(oci::Descriptor descriptor, const std::string& key, const std::string& value) {
    descriptor.annotations[key] = value;
    index.manifests.push_back(std::move(descriptor));
  }
  std::string tar() const {
    auto all = files;
    all.push_back({"index.json", oci::to_json(index)});
    return make_tar(all);
  }
};

constexpr const char* kRef = "org.opencontainers.image.ref.name";

using LoadOciArchive = StoreTest;

TEST_F(LoadOciArchive, KeepsTheManifestDigestAndEveryName) {
  OciArchive archive;
  oci::Descriptor image = archive.image({layer_a()}, "x");
  archive.add(image, kRef, "a:1");
  archive.add(image, "io.containerd.image.name", "docker.io/library/b:2");
  LoadReport report = must(load(store_, archive.tar()));
  ASSERT_EQ(report.images.size(), 1U);
  EXPECT_EQ(report.images[0].manifest_digest, image.digest);
  EXPECT_THAT(report.images[0].names,
              UnorderedElementsAre("docker.io/library/a:1", "docker.io/library/b:2"));
}

TEST_F(LoadOciArchive, LoadsSeveralImages) {
  OciArchive archive;
  archive.add(archive.image({layer_a()}, "a"), kRef, "a:1");
  archive.add(archive.image({layer_a(), layer_b()}, "b"), kRef, "b:1");
  EXPECT_EQ(must(load(store_, archive.tar())).images.size(), 2U);
  EXPECT_EQ(store_.images().size(), 2U);
}

TEST_F(LoadOciArchive, TakesTheHostsPlatformAndSaysSo) {
  OciArchive archive;
  oci::Descriptor ours = archive.image({layer_a()}, "ours");
  ours.platform = oci::host_platform();
  oci::Descriptor theirs = archive.image({layer_b()}, "theirs");
  theirs.platform =
      oci::Platform{.os = "linux", .architecture = "s390x", .variant = {}, .os_version = {}};
  oci::Index inner;
  inner.manifests = {theirs, ours};
  archive.add(archive.blob(oci::to_json(inner), oci::kMediaIndex), kRef, "a:1");
  LoadReport report = must(load(store_, archive.tar()));
  EXPECT_EQ(report.images[0].manifest_digest, ours.digest);
  EXPECT_THAT(report.notes, ElementsAre(HasSubstr("out of: linux/s390x, ")));
}

TEST_F(LoadOciArchive, NamesThePlatformsWhenNoneIsTheHosts) {
  OciArchive archive;
  oci::Index inner;
  for (const char* architecture : {"s390x", "riscv64"}) {
    oci::Descriptor image = archive.image({layer_a()}, architecture);
    image.platform =
        oci::Platform{.os = "linux", .architecture = architecture, .variant = {}, .os_version = {}};
    inner.manifests.push_back(image);
  }
  archive.add(archive.blob(oci::to_json(inner), oci::kMediaIndex), kRef, "a:1");
  EXPECT_THAT(error_of(load(store_, archive.tar())),
              HasSubstr("only for: linux/s390x, linux/riscv64"));
}

TEST_F(LoadOciArchive, TakesATagAloneForNoName) {
  OciArchive archive;
  archive.add(archive.image({layer_a()}, "a"), kRef, "latest");
  LoadReport report = must(load(store_, archive.tar()));
  EXPECT_THAT(report.images[0].names, IsEmpty());
  EXPECT_THAT(report.notes, ElementsAre(HasSubstr("only the tag \"latest\"")));
}

class RefuseOciArchive : public RefuseArchive {};

TEST_F(RefuseOciArchive, WithAWrongDigest) {
  OciArchive archive;
  archive.add(archive.image({layer_a()}, "a"), kRef, "a:1");
  for (TarFile& file : archive.files)
    if (file.content == layer_a()) file.content = layer_b();
  refuses(archive.tar(), "has the digest " + hash::sha256(layer_b()).text());
}

TEST_F(RefuseOciArchive, WithAMissingBlob) {
  OciArchive archive;
  archive.add(archive.image({layer_a()}, "a"), kRef, "a:1");
  std::erase_if(archive.files, [](const TarFile& file) { return file.content == layer_a(); });
  refuses(archive.tar(), "lacks its layer blobs/sha256/" + hex(layer_a()));
}

TEST_F(RefuseOciArchive, WithAWrongSize) {
  OciArchive archive;
  oci::Descriptor image = archive.image({layer_a()}, "a");
  image.size_bytes += 1;
  archive.add(image, kRef, "a:1");
  refuses(archive.tar(), "of its descriptor");
}

TEST_F(RefuseOciArchive, WithADocumentThatIsIndexAndManifestAtOnce) {
  OciArchive archive;
  oci::Descriptor image = archive.image({layer_a()}, "a");
  std::string text = archive.files.back().content;
  text.insert(1, R"("manifests":[],)");
  archive.add(archive.blob(text, oci::kMediaManifest), kRef, "a:1");
  refuses(archive.tar(), "the archive's manifest " + hash::sha256(text).text());
}

TEST_F(RefuseOciArchive, WithAnIndexCalledAManifest) {
  OciArchive archive;
  oci::Index inner;
  inner.manifests = {archive.image({layer_a()}, "a")};
  archive.add(archive.blob(oci::to_json(inner), oci::kMediaManifest), kRef, "a:1");
  refuses(archive.tar(), "the archive's manifest ");
}

TEST_F(RefuseOciArchive, WithAKeyTwice) {
  OciArchive archive;
  archive.image({layer_a()}, "a");
  archive.files.push_back({"index.json", R"({"schemaVersion":2,"manifests":[],"manifests":[]})"});
  refuses(make_tar(archive.files), "the archive's index.json");
}

TEST_F(RefuseOciArchive, WithANameThatIsNone) {
  OciArchive archive;
  archive.add(archive.image({layer_a()}, "a"), "io.containerd.image.name", "Bad//name");
  refuses(archive.tar(), "the archive's image name \"Bad//name\"");
}

}  // namespace
}  // namespace suit::store
