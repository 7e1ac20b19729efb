// Other tools read the store in place, and read the archives that we write.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "fixture.h"
#include "store/archive.h"

namespace suit::store {
namespace {

using ::testing::HasSubstr;

bool installed(const std::string& program) {
  return std::system(fmt::format("command -v {} >/dev/null 2>&1", program).c_str()) == 0;
}

// What a shell command printed, and whether it succeeded.
struct Output {
  int status = -1;
  std::string text;
};

Output sh(const std::string& command) {
  Output out;
  FILE* pipe = ::popen(("(" + command + ") 2>&1").c_str(), "re");
  if (!pipe) return out;
  std::array<char, 4096> buffer{};
  while (std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    out.text.append(buffer.data(), got);
  out.status = ::pclose(pipe);
  return out;
}

class Peers : public StoreTest {
 protected:
  std::string save(const std::string& image) {
    std::string path = folder_.path() + "/saved.tar";
    StringWriter out;
    must(save_archive(store_, {image}, out));
    must(os::replace_file(path, out.text()));
    return path;
  }
  LoadReport load(Store& store, const std::string& path) {
    os::FdReader reader(must(os::open_at(os::FdRef::cwd(), path, O_RDONLY)));
    return must(load_archive(store, reader));
  }
  Image image_ = put(store_, {layer_a(), layer_b()}, {"python:3.9"});
};

TEST_F(Peers, SkopeoInspectsTheStoreInPlace) {
  if (!installed("skopeo")) GTEST_SKIP() << "skopeo is not installed";
  Output out = sh(fmt::format("skopeo inspect oci:{}:docker.io/library/python:3.9", root_));
  ASSERT_EQ(out.status, 0) << out.text;
  EXPECT_THAT(out.text, HasSubstr(image_.manifest_digest.text()));
}

TEST_F(Peers, UmociListsTheStoreInPlace) {
  if (!installed("umoci")) GTEST_SKIP() << "umoci is not installed";
  Output out = sh(fmt::format("umoci ls --layout {}", root_));
  ASSERT_EQ(out.status, 0) << out.text;
  EXPECT_EQ(out.text, "docker.io/library/python:3.9\n");
}

TEST_F(Peers, SkopeoReadsTheArchiveAsBothFormats) {
  if (!installed("skopeo")) GTEST_SKIP() << "skopeo is not installed";
  std::string path = save("python:3.9");
  Output docker = sh(fmt::format("skopeo inspect --config docker-archive:{}:python:3.9", path));
  EXPECT_EQ(docker.status, 0) << docker.text;
  Output oci = sh(fmt::format("skopeo inspect oci-archive:{}", path));
  EXPECT_EQ(oci.status, 0) << oci.text;
  EXPECT_THAT(oci.text, HasSubstr(image_.manifest_digest.text()));
}

TEST_F(Peers, SkopeoWritesArchivesThatLoadWithTheSameId) {
  if (!installed("skopeo")) GTEST_SKIP() << "skopeo is not installed";
  for (const char* format : {"docker-archive", "oci-archive"}) {
    std::string path = fmt::format("{}/{}.tar", folder_.path(), format);
    Output out = sh(fmt::format(
        "skopeo copy --insecure-policy oci:{}:docker.io/library/python:3.9 {}:{}:python:3.9", root_,
        format, path));
    ASSERT_EQ(out.status, 0) << out.text;
    Store other = must(Store::open(fmt::format("{}/{}", folder_.path(), format)));
    LoadReport report = load(other, path);
    ASSERT_EQ(report.images.size(), 1U);
    EXPECT_EQ(report.images[0].id, image_.id) << format;
    EXPECT_THAT(report.images[0].names, ::testing::ElementsAre("docker.io/library/python:3.9"));
    must(other.lower_dirs(report.images[0]));
  }
}

TEST_F(Peers, SkopeoWritesIntoTheStoreInPlace) {
  if (!installed("skopeo")) GTEST_SKIP() << "skopeo is not installed";
  std::string path = save("python:3.9");
  Output out = sh(fmt::format(
      "skopeo copy --insecure-policy docker-archive:{}:python:3.9 oci:{}:copy:1", path, root_));
  ASSERT_EQ(out.status, 0) << out.text;
  must(store_.lower_dirs(must(store_.find_image("copy:1"))));
  EXPECT_EQ(must(store_.find_image("python:3.9")).id, image_.id);
}

TEST_F(Peers, PodmanLoadsTheArchive) {
  if (!installed("podman")) GTEST_SKIP() << "podman is not installed";
  std::string podman =
      fmt::format("podman --root {0}/p --runroot {0}/r --storage-driver vfs", folder_.path());
  Output out = sh(fmt::format("{} load -i {}", podman, save("python:3.9")));
  if (out.status != 0 && ::geteuid() != 0) GTEST_SKIP() << "podman needs root here: " << out.text;
  ASSERT_EQ(out.status, 0) << out.text;
  EXPECT_THAT(out.text, HasSubstr("docker.io/library/python:3.9"));
  Output id = sh(fmt::format("{} images --no-trunc --format '{{{{.Id}}}}'", podman));
  EXPECT_THAT(id.text, HasSubstr(std::string(image_.id.hex())));
}

TEST_F(Peers, DockerLoadsTheArchiveAndSavesItBack) {
  if (sh("docker version").status != 0) GTEST_SKIP() << "no docker daemon is running";
  Output out = sh(fmt::format("docker load -i {}", save("python:3.9")));
  ASSERT_EQ(out.status, 0) << out.text;
  std::string back = folder_.path() + "/back.tar";
  out = sh(fmt::format("docker save -o {0} {1} && docker rmi -f {1}", back, image_.id.text()));
  ASSERT_EQ(out.status, 0) << out.text;
  Store other = must(Store::open(folder_.path() + "/other"));
  EXPECT_EQ(load(other, back).images[0].id, image_.id);
}

}  // namespace
}  // namespace suit::store
