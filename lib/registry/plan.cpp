#include "registry/plan.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "oci/platform.h"

namespace suit::registry {
namespace {

constexpr std::uint64_t kMaxBlob = 1ULL << 40;  // 1 TiB
constexpr std::size_t kMaxLayers = 1000;

bool is_layer_type(std::string_view type) {
  constexpr std::array kTypes = {oci::kMediaLayerTar, oci::kMediaLayerGzip, oci::kMediaLayerZstd,
                                 oci::kDockerLayerTar, oci::kDockerLayerGzip};
  if (std::ranges::find(kTypes, type) != kTypes.end()) return true;
  // Layers that Windows images may not give away have other names for the same formats.
  return type.starts_with("application/vnd.oci.image.layer.nondistributable.v1.tar") ||
         type == "application/vnd.docker.image.rootfs.diff.tar.zstd" ||
         type == "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
}

bool is_config_type(std::string_view type) {
  return type == oci::kMediaConfig || type == oci::kDockerConfig;
}

Result<PlanItem> plan_fetch(const oci::Descriptor& blob, std::string_view what,
                            const BytesHere& here) {
  if (blob.digest.algorithm() != "sha256")
    return fail(0, fmt::format("{} {}: only sha256 is verified here", what, blob.digest.text()));
  if (blob.size_bytes > kMaxBlob)
    return fail(EFBIG, fmt::format("{} {}: {} bytes", what, blob.digest.text(), blob.size_bytes));
  std::uint64_t part = here(blob);
  PlanItem item{.blob = blob, .what = what, .move = Move::Fetch, .bytes = blob.size_bytes};
  if (part >= blob.size_bytes) {
    item.move = Move::Keep;
    item.bytes = 0;
  } else if (part > 0) {
    item.move = Move::Resume;
    item.bytes = blob.size_bytes - part;
  }
  return item;
}

std::string item_lines(const std::vector<PlanItem>& items) {
  std::string out;
  for (const PlanItem& item : items)
    out += fmt::format("  {:<8}  {:<6}  {}  {:>12}  {}\n", to_text(item.move), item.what,
                       item.blob.digest.short_hex(), item.blob.size_bytes, item.blob.media_type);
  return out;
}

oci::Json items_json(const std::vector<PlanItem>& items) {
  oci::Json out = oci::Json::array();
  for (const PlanItem& item : items) {
    oci::Json one = oci::Json::object();
    one.set("move", to_text(item.move));
    one.set("what", item.what);
    one.set("digest", item.blob.digest.text());
    one.set("mediaType", item.blob.media_type);
    one.set("size", item.blob.size_bytes);
    one.set("bytes", item.bytes);
    out.push(std::move(one));
  }
  return out;
}

}  // namespace

std::string_view to_text(Move move) {
  switch (move) {
    case Move::Keep:
      return "keep";
    case Move::Fetch:
      return "fetch";
    case Move::Resume:
      return "resume";
    case Move::Send:
      return "send";
    case Move::Compress:
      return "compress";
  }
  return "";
}

bool is_plain_layer(const oci::Descriptor& layer) {
  return layer.media_type == oci::kMediaLayerTar || layer.media_type == oci::kDockerLayerTar;
}

Result<PullPlan> plan_pull(PullPlan plan, const BytesHere& here, bool name_is_here) {
  if (!is_config_type(plan.manifest.config.media_type))
    return fail(0, fmt::format("{}: its config is {}, so it is an artifact and no image",
                               plan.reference.familiar(), plan.manifest.config.media_type));
  if (plan.manifest.layers.size() > kMaxLayers)
    return fail(EFBIG, fmt::format("{}: {} layers", plan.reference.familiar(),
                                   plan.manifest.layers.size()));
  SUIT_LET(PlanItem config, plan_fetch(plan.manifest.config, "config", here));
  if (config.blob.size_bytes > (4U << 20))
    return fail(EFBIG, fmt::format("config {}: {} bytes", config.blob.digest.text(),
                                   config.blob.size_bytes));
  plan.items.push_back(std::move(config));
  for (const oci::Descriptor& layer : plan.manifest.layers) {
    if (!is_layer_type(layer.media_type))
      return fail(
          0, fmt::format("layer {}: {} cannot be unpacked", layer.digest.text(), layer.media_type));
    SUIT_LET(PlanItem item, plan_fetch(layer, "layer", here));
    // A layer may stand in a manifest twice; it is fetched once.
    bool again = std::ranges::any_of(
        plan.items, [&](const PlanItem& other) { return other.blob.digest == layer.digest; });
    if (again) {
      item.move = Move::Keep;
      item.bytes = 0;
    }
    plan.items.push_back(std::move(item));
  }
  for (const PlanItem& item : plan.items)
    plan.bytes += item.bytes;
  plan.is_current = name_is_here && plan.bytes == 0;
  return plan;
}

PushPlan plan_push(PushPlan plan, const std::function<bool(const digest::Digest&)>& there,
                   bool compress) {
  auto add = [&](const oci::Descriptor& blob, std::string_view what) {
    PlanItem item{.blob = blob, .what = what, .move = Move::Keep, .bytes = 0};
    if (compress && is_plain_layer(blob))
      item.move = Move::Compress;
    else if (!there(blob.digest))
      item.move = Move::Send;
    if (item.move != Move::Keep) item.bytes = blob.size_bytes;
    plan.bytes += item.bytes;
    plan.items.push_back(std::move(item));
  };
  for (const oci::Descriptor& layer : plan.manifest.layers)
    add(layer, "layer");
  add(plan.manifest.config, "config");
  return plan;
}

std::string explain(const PullPlan& plan) {
  std::string out = fmt::format("pull {}\n", plan.reference.canonical());
  if (plan.reference.tag_assumed) out += fmt::format("  tag {} was assumed\n", plan.reference.tag);
  out += fmt::format("  from      {}\n  name      {}\n  manifest  {}\n\n", plan.host,
                     plan.named_digest.text(), plan.manifest_descriptor.digest.text());
  out += item_lines(plan.items);
  out += plan.is_current ? "\nthe image is up to date: nothing travels\n"
                         : fmt::format("\n{} bytes travel\n", plan.bytes);
  return out;
}

std::string explain(const PushPlan& plan) {
  std::string out = fmt::format("push {}\n  to        {}\n  image     {}\n\n",
                                plan.reference.canonical(), plan.host, plan.image_id.text());
  out += item_lines(plan.items);
  out += fmt::format("\n{} bytes are read; compressed layers get their digest on the way\n",
                     plan.bytes);
  return out;
}

oci::Json explain_json(const PullPlan& plan) {
  oci::Json out = oci::Json::object();
  out.set("reference", plan.reference.canonical());
  out.set("tagAssumed", plan.reference.tag_assumed);
  out.set("from", plan.host);
  out.set("digest", plan.named_digest.text());
  out.set("manifest", plan.manifest_descriptor.digest.text());
  out.set("upToDate", plan.is_current);
  out.set("bytes", plan.bytes);
  out.set("blobs", items_json(plan.items));
  return out;
}

oci::Json explain_json(const PushPlan& plan) {
  oci::Json out = oci::Json::object();
  out.set("reference", plan.reference.canonical());
  out.set("to", plan.host);
  out.set("image", plan.image_id.text());
  out.set("bytes", plan.bytes);
  out.set("blobs", items_json(plan.items));
  return out;
}

}  // namespace suit::registry
