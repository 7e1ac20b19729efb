#include "registry/document.h"

#include <gtest/gtest.h>

#include "fake_registry.h"

namespace suit::registry {
namespace {

using test::Asked;
using test::FakeRegistry;
using test::Puller;

oci::Index index_of(const std::vector<std::string>& platforms) {
  oci::Index index;
  for (const std::string& text : platforms) {
    oci::Descriptor child;
    child.media_type = oci::kMediaManifest;
    child.digest = hash::sha256(text);
    if (text == "unknown/unknown")
      child.platform = oci::Platform{
          .os = "unknown", .architecture = "unknown", .variant = {}, .os_version = {}};
    else
      child.platform = oci::parse_platform(text).value();
    index.manifests.push_back(std::move(child));
  }
  return index;
}

std::string chosen(const std::vector<std::string>& platforms, const char* wanted) {
  auto found = choose(index_of(platforms), oci::parse_platform(wanted).value(), "app");
  return found ? oci::to_text(*found->platform) : found.error().message();
}

TEST(Choose, TakesThePlatformOrOneThatRunsThere) {
  EXPECT_EQ(chosen({"linux/arm64", "linux/amd64"}, "linux/amd64"), "linux/amd64");
  EXPECT_EQ(chosen({"unknown/unknown", "linux/amd64"}, "linux/amd64"), "linux/amd64");
  EXPECT_EQ(chosen({"linux/arm/v6", "linux/arm/v7"}, "linux/arm/v7"), "linux/arm/v7");
  EXPECT_EQ(chosen({"linux/arm/v6"}, "linux/arm/v7"), "linux/arm/v6");
}

TEST(Choose, SaysWhichPlatformsThereAre) {
  EXPECT_NE(chosen({"linux/s390x"}, "linux/amd64").find("no matching manifest for linux/amd64"),
            std::string::npos);
  auto none = choose(index_of({"linux/s390x"}), oci::parse_platform("linux/amd64").value(), "app");
  EXPECT_NE(none.error().hint().find("linux/s390x"), std::string::npos);
}

TEST(Tags, AreReadPageByPageAndALoopEnds) {
  int page = 0;
  FakeRegistry registry([&](Asked& asked) {
    if (!asked.line().starts_with("GET /v2/app/tags/list")) return false;
    ++page;
    asked.connection.answer(
        "200 OK", page < 3 ? fmt::format(R"({{"tags":["t{}"]}})", page) : R"({"tags":[]})",
        "Link: </v2/app/tags/list?last=x>; rel=\"next\"\r\n");
    return true;
  });
  Puller puller;
  Session session(puller.access(), endpoint_of({}, registry.host()), "app", Action::Pull);
  auto tags = fetch_tags(session);
  ASSERT_TRUE(tags.has_value()) << tags.error().message();
  EXPECT_EQ(*tags, (std::vector<std::string>{"t1", "t2"}));
}

TEST(Referrers, AreLookedUpByTagWhereThereIsNoInterface) {
  FakeRegistry registry([&](Asked& asked) {
    if (asked.line().find("/referrers/") != std::string::npos) {
      asked.connection.answer("404 Not Found", "");
      return true;
    }
    if (asked.line().find("/manifests/sha256-") == std::string::npos) return false;
    FakeRegistry::document(
        asked,
        R"({"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":1,"artifactType":"a/b"}]})",
        std::string(oci::kMediaIndex));
    return true;
  });
  Puller puller;
  Session session(puller.access(), endpoint_of({}, registry.host()), "app", Action::Pull);
  auto all = fetch_referrers(session, hash::sha256("x"), "");
  ASSERT_TRUE(all.has_value()) << all.error().message();
  EXPECT_EQ(all->manifests.size(), 1U);
  EXPECT_EQ(fetch_referrers(session, hash::sha256("x"), "c/d")->manifests.size(), 0U);
  EXPECT_EQ(fetch_referrers(session, hash::sha256("x"), "a/b")->manifests.size(), 1U);
}

}  // namespace
}  // namespace suit::registry
