#include <sys/stat.h>

#include <thread>

#include <gmock/gmock.h>

#include "fake_registry.h"

namespace suit::registry {
namespace {

using test::Asked;
using test::FakeRegistry;
using test::Puller;

std::size_t count(const std::vector<std::string>& lines, const std::string& line) {
  return static_cast<std::size_t>(std::ranges::count(lines, line));
}

TEST(Pull, BringsAnImageThatCanBeRun) {
  FakeRegistry registry;
  Puller puller;
  auto pulled = puller.pull(registry.reference());
  ASSERT_TRUE(pulled.has_value()) << pulled.error().message();
  EXPECT_EQ(pulled->image.manifest_digest, hash::sha256(registry.manifest));
  EXPECT_THAT(pulled->image.names, testing::ElementsAre(registry.reference().canonical()));
  auto lower = puller.store().lower_dirs(pulled->image);
  ASSERT_TRUE(lower.has_value());
  EXPECT_TRUE(os::exists(lower->front() + "/file"));
}

TEST(Pull, AnUnchangedTagIsOneRequest) {
  FakeRegistry registry;
  Puller puller;
  ASSERT_TRUE(puller.pull(registry.reference()).has_value());
  std::size_t before = registry.lines().size();
  auto again = puller.pull(registry.reference());
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(again->was_current);
  EXPECT_EQ(registry.lines().size() - before, 1U);
}

TEST(Pull, AByteThatIsHereIsNotFetchedAgain) {
  std::atomic<std::size_t> cut = 700;
  std::atomic<int> goes = 0;
  FakeRegistry* self = nullptr;
  FakeRegistry registry([&](Asked& asked) {
    if (!asked.is("GET " + self->layer_path()) || goes++ > 0) return false;
    asked.connection.write(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}",
                                       self->layer.size(), self->layer.substr(0, cut)));
    ::shutdown(asked.connection.fd(), SHUT_RDWR);
    return true;
  });
  self = &registry;
  Puller puller;
  auto pulled = puller.pull(registry.reference());
  ASSERT_TRUE(pulled.has_value()) << pulled.error().message();
  EXPECT_NE(registry.heads().find("Range: bytes=700-"), std::string::npos) << registry.heads();
}

TEST(Pull, GoesOnWhereADeadProcessStopped) {
  FakeRegistry registry;
  Puller puller;
  std::string path =
      puller.store().root() + "/partial/" + std::string(hash::sha256(registry.layer).hex());
  ASSERT_TRUE(os::replace_file(path, registry.layer.substr(0, 900)).has_value());
  auto prepared =
      prepare_pull(puller.access(), puller.store(), registry.reference(), oci::host_platform());
  ASSERT_TRUE(prepared.has_value());
  EXPECT_EQ(prepared->plan.items.back().move, Move::Resume);
  EXPECT_EQ(prepared->plan.items.back().bytes, registry.layer.size() - 900);
  ASSERT_TRUE(
      execute(std::move(*prepared), puller.store(), [](const BlobProgress&) {}).has_value());
  EXPECT_NE(registry.heads().find("Range: bytes=900-"), std::string::npos);
  EXPECT_FALSE(os::exists(path));
}

TEST(Pull, ARemainderThatIsWrongIsFoundOut) {
  FakeRegistry registry;
  Puller puller;
  std::string path =
      puller.store().root() + "/partial/" + std::string(hash::sha256(registry.layer).hex());
  ASSERT_TRUE(os::replace_file(path, std::string(900, '?')).has_value());
  EXPECT_NE(puller.refusal(registry.reference()).find("has the digest"), std::string::npos);
  // The second time nothing of it is left, so that it cannot fail forever.
  EXPECT_TRUE(puller.pull(registry.reference()).has_value());
}

TEST(Pull, TwoAtOnceShareOneDownload) {
  FakeRegistry registry({}, 4U << 20);
  Puller puller;
  std::atomic<int> good = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      if (puller.pull(registry.reference())) ++good;
    });
  threads.clear();
  EXPECT_EQ(good, 3);
  EXPECT_EQ(count(registry.lines(), "GET " + registry.layer_path()), 1U);
}

TEST(Pull, TakesTheHostsPlatformOfAnIndex) {
  FakeRegistry* self = nullptr;
  std::string index;
  FakeRegistry registry([&](Asked& asked) {
    if (!asked.is("GET /v2/app/manifests/1")) return false;
    FakeRegistry::document(asked, index, std::string(oci::kMediaIndex));
    return true;
  });
  self = &registry;
  oci::Index document;
  oci::Descriptor child{
      .media_type = std::string(oci::kMediaManifest),
      .digest = hash::sha256("other"),
      .size_bytes = 5,
      .platform =
          oci::Platform{.os = "linux", .architecture = "s390x", .variant = {}, .os_version = {}},
      .annotations = {}};
  document.manifests.push_back(child);
  child.digest = hash::sha256(self->manifest);
  child.size_bytes = self->manifest.size();
  child.platform = oci::host_platform();
  document.manifests.push_back(child);
  index = oci::to_json(document);
  Puller puller;
  auto pulled = puller.pull(registry.reference());
  ASSERT_TRUE(pulled.has_value()) << pulled.error().message();
  EXPECT_EQ(pulled->image.manifest_digest, hash::sha256(registry.manifest));
}

TEST(Pull, LogsInWithATokenForThisRepositoryAlone) {
  std::string host;
  FakeRegistry* self = nullptr;
  FakeRegistry registry([&](Asked& asked) {
    if (asked.line().starts_with("GET /token?")) {
      asked.connection.answer("200 OK", R"({"token":"letmein"})");
      return true;
    }
    if (asked.head.find("Authorization: Bearer letmein") != std::string::npos) return false;
    asked.connection.answer(
        "401 Unauthorized", "",
        fmt::format("WWW-Authenticate: Bearer realm=\"http://{}/token\",service=\"s, t\"\r\n",
                    host));
    return true;
  });
  self = &registry;
  host = self->host();
  Puller puller;
  auto pulled = puller.pull(registry.reference());
  ASSERT_TRUE(pulled.has_value()) << pulled.error().message();
  auto lines = registry.lines();
  EXPECT_EQ(count(lines, "GET /token?service=s%2C%20t&scope=repository%3Aapp%3Apull"), 1U)
      << testing::PrintToString(lines);
}

}  // namespace
}  // namespace suit::registry
