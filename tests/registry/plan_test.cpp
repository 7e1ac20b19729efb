#include "registry/plan.h"

#include <gtest/gtest.h>

#include "hash/sha256.h"

namespace suit::registry {
namespace {

oci::Descriptor blob(const std::string& content, std::string_view type) {
  oci::Descriptor out;
  out.media_type = type;
  out.digest = hash::sha256(content);
  out.size_bytes = content.size();
  return out;
}

PullPlan documents() {
  PullPlan plan;
  plan.reference = naming::parse_reference("reg.lan/app").value();
  plan.manifest.config = blob("config", oci::kMediaConfig);
  plan.manifest.layers = {blob("layer one", oci::kMediaLayerGzip),
                          blob("layer two!", oci::kMediaLayerZstd)};
  return plan;
}

TEST(PullPlan, FetchesWhatIsMissingAndResumesWhatIsBegun) {
  auto here = [](const oci::Descriptor& each) -> std::uint64_t {
    if (each.media_type == oci::kMediaLayerGzip) return 4;
    return each.media_type == oci::kMediaLayerZstd ? each.size_bytes : 0;
  };
  PullPlan plan = plan_pull(documents(), here, false).value();
  ASSERT_EQ(plan.items.size(), 3U);
  EXPECT_EQ(plan.items[0].move, Move::Fetch);
  EXPECT_EQ(plan.items[1].move, Move::Resume);
  EXPECT_EQ(plan.items[1].bytes, 5U);
  EXPECT_EQ(plan.items[2].move, Move::Keep);
  EXPECT_EQ(plan.bytes, 6U + 5U);
  EXPECT_FALSE(plan.is_current);
}

TEST(PullPlan, IsCurrentOnlyWhenTheNameIsHereToo) {
  auto all = [](const oci::Descriptor& each) { return each.size_bytes; };
  EXPECT_TRUE(plan_pull(documents(), all, true)->is_current);
  EXPECT_FALSE(plan_pull(documents(), all, false)->is_current);
}

TEST(PullPlan, ALayerThatStandsTwiceTravelsOnce) {
  PullPlan twice = documents();
  twice.manifest.layers.push_back(twice.manifest.layers.front());
  PullPlan plan = plan_pull(twice, [](const oci::Descriptor&) { return 0; }, false).value();
  EXPECT_EQ(plan.items.back().move, Move::Keep);
  EXPECT_EQ(plan.bytes, 6U + 9U + 10U);
}

TEST(PullPlan, RefusesArtifactsAndLayersThatAreNone) {
  auto none = [](const oci::Descriptor&) { return 0; };
  PullPlan artifact = documents();
  artifact.manifest.config.media_type = "application/vnd.cncf.helm.config.v1+json";
  EXPECT_FALSE(plan_pull(artifact, none, false).has_value());
  PullPlan strange = documents();
  strange.manifest.layers[0].media_type = "application/vnd.oci.image.layer.v1.tar+encrypted";
  EXPECT_FALSE(plan_pull(strange, none, false).has_value());
  PullPlan huge = documents();
  huge.manifest.layers[0].size_bytes = 1ULL << 60;
  EXPECT_FALSE(plan_pull(huge, none, false).has_value());
}

TEST(PullPlan, ReadsAsText) {
  std::string text =
      explain(plan_pull(documents(), [](const oci::Descriptor&) { return 0; }, false).value());
  EXPECT_NE(text.find("pull reg.lan/app:latest\n  tag latest was assumed\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("25 bytes travel"), std::string::npos) << text;
}

TEST(PushPlan, SendsWhatIsNotThereAndCompressesPlainLayers) {
  PushPlan plan;
  plan.reference = naming::parse_reference("reg.lan/app").value();
  plan.manifest.config = blob("config", oci::kMediaConfig);
  plan.manifest.layers = {blob("plain", oci::kMediaLayerTar), blob("there", oci::kMediaLayerGzip),
                          blob("new", oci::kMediaLayerGzip)};
  auto there = [](const digest::Digest& digest) { return digest == hash::sha256("there"); };
  PushPlan made = plan_push(plan, there, true);
  ASSERT_EQ(made.items.size(), 4U);
  EXPECT_EQ(made.items[0].move, Move::Compress);
  EXPECT_EQ(made.items[1].move, Move::Keep);
  EXPECT_EQ(made.items[2].move, Move::Send);
  EXPECT_EQ(made.items[3].move, Move::Send);
  EXPECT_EQ(made.bytes, 5U + 3U + 6U);
  EXPECT_EQ(plan_push(plan, there, false).items[0].move, Move::Send);
}

}  // namespace
}  // namespace suit::registry
