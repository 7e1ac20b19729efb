#include "store/images.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "hash/sha256.h"
#include "store/index.h"
#include "store/layout.h"
#include "store/sizes.h"
#include "store/snapshot.h"

namespace suit::store {
namespace {

bool is_index(const oci::Descriptor& descriptor) {
  return descriptor.media_type == oci::kMediaIndex || descriptor.media_type == oci::kDockerIndex;
}

// Every blob that an image needs is there, with the size that its descriptor states.
Result<void> check_blob(const Store& store, const oci::Descriptor& descriptor,
                        std::string_view what) {
  struct stat info{};
  std::string path = blob_path(store.root(), descriptor.digest);
  if (!store.has_blob(descriptor.digest) || ::lstat(path.c_str(), &info) != 0)
    return fail(ENOENT, fmt::format("{} {}", what, descriptor.digest.text()));
  auto size = static_cast<std::uint64_t>(info.st_size);
  if (size != descriptor.size_bytes)
    return fail(0, fmt::format("{} {} has {} bytes, not the {} of its descriptor", what,
                               descriptor.digest.text(), size, descriptor.size_bytes));
  return {};
}

Result<void> check_complete(const Store& store, const oci::Manifest& manifest) {
  SUIT_TRY(check_blob(store, manifest.config, "config"));
  for (const oci::Descriptor& layer : manifest.layers)
    SUIT_TRY(check_blob(store, layer, "layer"));
  return {};
}

// Points `names` at `descriptor`; without names it is listed as nameless, once.
void point(oci::Index& index, const oci::Descriptor& descriptor,
           const std::vector<std::string>& names) {
  auto is_ours = [&](const oci::Descriptor& other) { return other.digest == descriptor.digest; };
  for (const std::string& name : names) {
    auto old = std::ranges::find(index.manifests, name, name_of);
    if (old == index.manifests.end()) {
      index.manifests.push_back(named(descriptor, name));
      continue;
    }
    oci::Descriptor loser = named(*old, "");
    *old = named(descriptor, name);
    // Whoever loses its last name stays as a nameless ("dangling") image until it is removed.
    bool still_listed = std::ranges::any_of(
        index.manifests, [&](const auto& other) { return other.digest == loser.digest; });
    if (!still_listed) index.manifests.push_back(std::move(loser));
  }
  if (names.empty()) {
    if (std::ranges::none_of(index.manifests, is_ours))
      index.manifests.push_back(named(descriptor, ""));
    return;
  }
  std::erase_if(index.manifests,
                [&](const auto& other) { return is_ours(other) && name_of(other).empty(); });
}

Result<std::vector<std::string>> canonical_names(const std::vector<naming::Reference>& names) {
  std::vector<std::string> out;
  for (const naming::Reference& name : names) {
    if (!name.digest.empty())
      return fail(
          0, fmt::format("refusing to create a tag with a digest reference: {}", name.familiar()));
    if (name.tag.empty()) return fail(0, fmt::format("the name {} has no tag", name.familiar()));
    out.push_back(name.canonical());
  }
  return out;
}

}  // namespace

Result<oci::Descriptor> select_manifest(const Store& store, const oci::Descriptor& descriptor) {
  if (!is_index(descriptor)) return descriptor;
  SUIT_LET(std::string text, store.read_blob(descriptor.digest, kDocumentLimit));
  auto index = oci::parse_index(text);
  if (!index) return wrap(std::move(index).error(), "index " + descriptor.digest.text());
  oci::Platform host = oci::host_platform();
  for (const oci::Descriptor& child : index->manifests)
    if (!is_index(child) && child.platform && child.platform->os == host.os &&
        child.platform->architecture == host.architecture && store.has_blob(child.digest)) {
      oci::Descriptor chosen = child;
      chosen.annotations = descriptor.annotations;
      return chosen;
    }
  return fail(0, fmt::format("index {} has no image for {}/{}", descriptor.digest.text(), host.os,
                             host.architecture));
}

Result<oci::Manifest> read_manifest(const Store& store, const digest::Digest& digest) {
  SUIT_LET(std::string text, store.read_blob(digest, kDocumentLimit));
  auto manifest = oci::parse_manifest(text);
  if (!manifest) return wrap(std::move(manifest).error(), "manifest " + digest.text());
  return manifest;
}

Result<oci::ImageConfig> read_config(const Store& store, const oci::Manifest& manifest) {
  const digest::Digest& digest = manifest.config.digest;
  SUIT_LET(std::string text, store.read_blob(digest, kDocumentLimit));
  auto config = oci::parse_image_config(text);
  if (!config) return wrap(std::move(config).error(), "config " + digest.text());
  if (config->diff_ids.size() != manifest.layers.size())
    return fail(0, fmt::format("config {} has {} diff_ids for {} layers", digest.text(),
                               config->diff_ids.size(), manifest.layers.size()));
  return config;
}

Result<Image> resolve(const Store& store, const oci::Descriptor& descriptor) {
  SUIT_LET(oci::Descriptor chosen, select_manifest(store, descriptor));
  SUIT_LET(oci::Manifest manifest, read_manifest(store, chosen.digest));
  SUIT_LET(oci::ImageConfig config, read_config(store, manifest));
  Image image;
  image.id = manifest.config.digest;
  image.manifest_digest = chosen.digest;
  image.size_bytes = size_of(store, manifest);
  image.manifest = std::move(manifest);
  image.config = std::move(config);
  if (std::string name = name_of(descriptor); !name.empty()) image.names.push_back(std::move(name));
  return image;
}

Result<digest::Digest> id_of(const Store& store, const oci::Descriptor& descriptor) {
  SUIT_LET(oci::Descriptor chosen, select_manifest(store, descriptor));
  SUIT_LET(oci::Manifest manifest, read_manifest(store, chosen.digest));
  return manifest.config.digest;
}

Result<Image> resolve_id(const Store& store, const oci::Index& index, const digest::Digest& id) {
  std::optional<Image> image;
  for (const oci::Descriptor& descriptor : index.manifests) {
    auto other = id_of(store, descriptor);
    if (!other || *other != id) continue;
    if (image) {
      if (std::string name = name_of(descriptor); !name.empty()) image->names.push_back(name);
      continue;
    }
    SUIT_LET(image, resolve(store, descriptor));
  }
  if (!image) return fail(ENOENT, fmt::format("no image with the id {}", id.text()));
  return *std::move(image);
}

std::uint64_t size_of(const Store& store, const oci::Manifest& manifest) {
  std::uint64_t total = 0;
  for (const oci::Descriptor& layer : manifest.layers)
    total += unpacked_size(store, layer);
  return total;
}

Result<Image> Store::put_image(const oci::ImageConfig& config, std::vector<oci::Descriptor> layers,
                               const std::vector<naming::Reference>& names) {
  SUIT_LET([[maybe_unused]] auto lock, use());
  std::string config_text = oci::to_json(config);
  oci::Manifest manifest;
  manifest.config.media_type = oci::kMediaConfig;
  manifest.config.size_bytes = config_text.size();
  SUIT_LET(manifest.config.digest, put_blob(config_text));
  manifest.layers = std::move(layers);
  SUIT_LET(digest::Digest digest, put_blob(oci::to_json(manifest)));
  return put_manifest(digest, names);
}

Result<Image> Store::put_manifest(const digest::Digest& manifest,
                                  const std::vector<naming::Reference>& names) {
  SUIT_LET([[maybe_unused]] auto lock, use());
  SUIT_LET(std::vector<std::string> canonical, canonical_names(names));
  SUIT_LET(std::string text, read_blob(manifest, kDocumentLimit));
  oci::Descriptor descriptor;
  descriptor.digest = manifest;
  descriptor.size_bytes = text.size();
  SUIT_LET(oci::Manifest parsed, read_manifest(*this, manifest));
  descriptor.media_type = parsed.media_type;
  if (auto complete = check_complete(*this, parsed); !complete)
    return wrap(std::move(complete).error(), "manifest " + manifest.text());
  for (const oci::Descriptor& layer : parsed.layers)
    count_size(*this, layer);
  SUIT_LET(Image image, resolve(*this, descriptor));
  // Containers start from snapshots: after a build these may still be on their way to the disk.
  SUIT_TRY(settle_snapshots(*this, hash::chain_ids(image.config.diff_ids)));
  SUIT_TRY(update_index(root_, [&](oci::Index& index) -> Result<void> {
    point(index, descriptor, canonical);
    for (const oci::Descriptor& other : index.manifests)
      if (std::string name = name_of(other); other.digest == manifest && !name.empty())
        image.names.push_back(std::move(name));
    return {};
  }));
  return image;
}

Result<void> Store::tag(const Image& image, const naming::Reference& name) {
  if (auto tagged = put_manifest(image.manifest_digest, {name}); !tagged)
    return wrap(std::move(tagged).error(), fmt::format("tag {}", name.familiar()));
  return {};
}

std::vector<Image> Store::images() const {
  std::vector<Image> out;
  auto index = read_index(root_);
  if (!index) {
    SUIT_LOG(Error, "{}", index.error().message());
    return out;
  }
  for (const oci::Descriptor& descriptor : index->manifests) {
    // One more name of an image that was read already: the common case of a second look.
    auto known = std::ranges::find(out, descriptor.digest, &Image::manifest_digest);
    if (known != out.end()) {
      if (std::string name = name_of(descriptor); !name.empty()) known->names.push_back(name);
      continue;
    }
    auto image = resolve(*this, descriptor);
    if (!image) {
      SUIT_LOG(Warn, "image {} is left out: {}", name_of(descriptor), image.error().message());
      continue;
    }
    auto same = std::ranges::find(out, image->id, &Image::id);
    if (same == out.end())
      out.push_back(*std::move(image));
    else
      same->names.insert(same->names.end(), image->names.begin(), image->names.end());
  }
  return out;
}

}  // namespace suit::store
