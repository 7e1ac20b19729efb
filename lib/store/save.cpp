// Saving: an OCI layout, with the two files beside it that make it a docker-archive too.
//
//     blobs/sha256/<hex>   manifests, configs, layers, as the store has them
//     index.json           for skopeo, buildx, containerd, Docker from 25 on
//     manifest.json        for Docker before that, and podman
//     oci-layout
//     repositories         for the oldest readers

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "hash/sha256.h"
#include "layer/compress.h"
#include "layer/tar.h"
#include "naming/reference.h"
#include "oci/json.h"
#include "store/archive.h"
#include "store/index.h"
#include "store/ingest.h"
#include "store/layout.h"

namespace suit::store {
namespace {

// One image to write, under the names that were asked for.
struct Item {
  Image image;
  std::string manifest_text;  // its bytes
  std::vector<naming::Reference> names;
};

// Layers that were compressed for this archive, by the layer that the store has.
struct Compressed {
  Ingest file;
  oci::Descriptor descriptor;
};
using CompressedLayers = std::map<digest::Digest, Compressed>;

Result<std::vector<Item>> collect(const Store& store, const std::vector<std::string>& wanted) {
  std::vector<Item> items;
  for (const std::string& word : wanted) {
    SUIT_LET(Image image, store.find_image(word));
    auto item = std::ranges::find_if(items, [&](const Item& other) {
      return other.image.manifest_digest == image.manifest_digest;
    });
    if (item == items.end()) {
      SUIT_LET(std::string text, store.read_blob(image.manifest_digest, kDocumentLimit));
      item = items.insert(items.end(), Item{image, std::move(text), {}});
    }
    auto name = naming::parse_reference(word);
    // An id names no name: `docker save <id>` writes an image without one.
    if (!name || !name->digest.empty()) continue;
    std::string canonical = name->canonical();
    bool is_name = std::ranges::find(image.names, canonical) != image.names.end();
    bool is_new = std::ranges::find(item->names, canonical, &naming::Reference::canonical) ==
                  item->names.end();
    if (is_name && is_new) item->names.push_back(*std::move(name));
  }
  return items;
}

bool is_plain_layer(const oci::Descriptor& layer) {
  return layer.media_type == oci::kMediaLayerTar || layer.media_type == oci::kDockerLayerTar;
}

// Docker's manifests have no type for zstd, so an image whose layers change gets OCI's names.
void name_as_oci(oci::Manifest& manifest) {
  manifest.media_type = oci::kMediaManifest;
  if (manifest.config.media_type == oci::kDockerConfig)
    manifest.config.media_type = oci::kMediaConfig;
  for (oci::Descriptor& layer : manifest.layers) {
    if (layer.media_type == oci::kDockerLayerTar) layer.media_type = oci::kMediaLayerTar;
    if (layer.media_type == oci::kDockerLayerGzip) layer.media_type = oci::kMediaLayerGzip;
  }
}

// Tar in, layer out, in one pass: a damaged blob is found on the way.
Result<Compressed> compress_layer(const Store& store, const oci::Descriptor& layer,
                                  const layer::CompressOptions& options) {
  SUIT_LET(os::Fd fd, store.open_blob(layer.digest));
  os::FdReader file(std::move(fd));
  hash::HashingReader plain(file);
  SUIT_LET(Ingest entry, Ingest::create_file(store.root()));
  os::FdWriter disk(entry.fd());
  hash::HashingWriter hashed(&disk);
  layer::CompressingWriter packed(hashed, options);
  if (auto done = copy(plain, packed); !done) return std::unexpected(std::move(done).error());
  SUIT_TRY(packed.finish());
  if (plain.finish() != layer.digest)
    return fail(0, fmt::format("blob {} is damaged", layer.digest.text()),
                "load the image again: that replaces the blob");
  oci::Descriptor descriptor = layer;
  descriptor.media_type =
      options.format == layer::Compression::Gzip ? oci::kMediaLayerGzip : oci::kMediaLayerZstd;
  descriptor.size_bytes = hashed.size_bytes();
  descriptor.digest = hashed.finish();
  return Compressed{.file = std::move(entry), .descriptor = std::move(descriptor)};
}

// Gives the items manifests with compressed layers.
Result<CompressedLayers> compress_layers(const Store& store, std::vector<Item>& items,
                                         const layer::CompressOptions& options) {
  CompressedLayers compressed;
  SUIT_TRY(layer::check(options));
  if (options.format == layer::Compression::None) return compressed;
  for (Item& item : items) {
    oci::Manifest& manifest = item.image.manifest;
    if (std::ranges::none_of(manifest.layers, is_plain_layer)) continue;
    for (oci::Descriptor& layer : manifest.layers) {
      if (!is_plain_layer(layer)) continue;
      auto known = compressed.find(layer.digest);
      if (known == compressed.end()) {
        auto packed = compress_layer(store, layer, options);
        if (!packed)
          return wrap(std::move(packed).error(),
                      fmt::format("compress layer {}", layer.digest.text()));
        known = compressed.emplace(layer.digest, *std::move(packed)).first;
      }
      layer = known->second.descriptor;
    }
    name_as_oci(manifest);
    item.manifest_text = oci::to_json(manifest);
    item.image.manifest_digest = hash::sha256(item.manifest_text);
  }
  return compressed;
}

std::string path_of(const digest::Digest& digest) {
  return fmt::format("blobs/sha256/{}", digest.hex());
}

std::string index_json(const std::vector<Item>& items) {
  oci::Index index;
  for (const Item& item : items) {
    oci::Descriptor descriptor;
    descriptor.media_type = item.image.manifest.media_type;
    descriptor.digest = item.image.manifest_digest;
    descriptor.size_bytes = item.manifest_text.size();
    if (item.names.empty()) index.manifests.push_back(descriptor);
    for (const naming::Reference& name : item.names)
      index.manifests.push_back(named(descriptor, name.canonical()));
  }
  return oci::to_json(index);
}

std::string manifest_json(const std::vector<Item>& items) {
  oci::Json list = oci::Json::array();
  for (const Item& item : items) {
    oci::Json tags;
    for (const naming::Reference& name : item.names)
      tags.push(name.familiar());
    oci::Json layers = oci::Json::array();
    for (const oci::Descriptor& layer : item.image.manifest.layers)
      layers.push(path_of(layer.digest));
    oci::Json object = oci::Json::object();
    object.set("Config", path_of(item.image.id));
    object.set("RepoTags", std::move(tags));
    object.set("Layers", std::move(layers));
    list.push(std::move(object));
  }
  return list.dump();
}

std::string repositories_json(const std::vector<Item>& items) {
  std::map<std::string, std::map<std::string, std::string>> repositories;
  for (const Item& item : items) {
    if (item.image.manifest.layers.empty()) continue;
    std::string top(item.image.manifest.layers.back().digest.hex());
    for (const naming::Reference& name : item.names)
      repositories[name.familiar_repository()][name.tag] = top;
  }
  oci::Json json = oci::Json::object();
  for (const auto& [repository, tags] : repositories) {
    oci::Json object = oci::Json::object();
    for (const auto& [tag, top] : tags)
      object.set(tag, top);
    json.set(repository, std::move(object));
  }
  return json.dump();
}

// Nothing of the day or the machine: the same images are the same bytes.
layer::TarEntry entry(layer::EntryType type, std::string path, std::uint64_t size_bytes) {
  layer::TarEntry out;
  out.type = type;
  out.path = std::move(path);
  out.mode = type == layer::EntryType::Directory ? 0755 : 0644;
  out.size_bytes = size_bytes;
  return out;
}

Result<void> write_text(layer::TarWriter& tar, const std::string& path, std::string_view text) {
  SUIT_TRY(tar.begin(entry(layer::EntryType::File, path, text.size())));
  return tar.write(bytes_of(text));
}

// A damaged blob must not travel: hashed on its way, and the archive is abandoned when it is wrong.
Result<void> write_blob(layer::TarWriter& tar, os::Fd fd, const digest::Digest& digest,
                        std::uint64_t size_bytes) {
  os::FdReader file(std::move(fd));
  hash::HashingReader hashed(file);
  SUIT_TRY(tar.begin(entry(layer::EntryType::File, path_of(digest), size_bytes)));
  auto damaged = [&] {
    return fail(0, fmt::format("blob {} is damaged", digest.text()),
                "the archive is not complete; load the image again: that replaces the blob");
  };
  while (tar.owed_bytes() > 0) {
    SUIT_LET(auto space, tar.space());
    auto want = std::min<std::uint64_t>(space.size(), tar.owed_bytes());
    SUIT_LET(std::size_t got, hashed.read(space.first(static_cast<std::size_t>(want))));
    if (got == 0) return damaged();
    SUIT_TRY(tar.advance(got));
  }
  return hashed.finish() == digest ? Result<void>() : damaged();
}

// All blobs, by digest: in the archive's order.
struct Blob {
  std::uint64_t size_bytes = 0;
  const std::string* text = nullptr;  // a manifest
  std::string path;                   // a layer that was compressed for us; "": the store's
};
using Blobs = std::map<digest::Digest, Blob>;

Blobs blobs_of(const std::vector<Item>& items, const CompressedLayers& compressed) {
  Blobs blobs;
  for (const Item& item : items) {
    blobs[item.image.manifest_digest] = {item.manifest_text.size(), &item.manifest_text, ""};
    blobs[item.image.id] = {item.image.manifest.config.size_bytes, nullptr, ""};
    for (const oci::Descriptor& layer : item.image.manifest.layers)
      blobs[layer.digest] = {layer.size_bytes, nullptr, ""};
  }
  for (const auto& [plain, layer] : compressed)
    blobs[layer.descriptor.digest].path = layer.file.path();
  return blobs;
}

Result<void> write_blobs(const Store& store, layer::TarWriter& tar, const Blobs& blobs) {
  for (const auto& [digest, blob] : blobs) {
    if (blob.text) {
      SUIT_TRY(write_text(tar, path_of(digest), *blob.text));
      continue;
    }
    SUIT_LET(os::Fd fd, blob.path.empty() ? store.open_blob(digest) : open_regular(blob.path));
    SUIT_TRY(write_blob(tar, std::move(fd), digest, blob.size_bytes));
  }
  return {};
}

}  // namespace

Result<void> save_archive(const Store& store, const std::vector<std::string>& images, Writer& out,
                          const SaveOptions& options) {
  SUIT_LET([[maybe_unused]] auto lock, store.use());
  SUIT_LET(std::vector<Item> items, collect(store, images));
  SUIT_LET(CompressedLayers compressed, compress_layers(store, items, options.compression));
  layer::TarWriter tar(out);
  SUIT_TRY(tar.begin(entry(layer::EntryType::Directory, "blobs/", 0)));
  SUIT_TRY(tar.begin(entry(layer::EntryType::Directory, "blobs/sha256/", 0)));
  SUIT_TRY(write_blobs(store, tar, blobs_of(items, compressed)));
  SUIT_TRY(write_text(tar, "index.json", index_json(items)));
  SUIT_TRY(write_text(tar, "manifest.json", manifest_json(items)));
  SUIT_TRY(write_text(tar, "oci-layout", kOciLayout));
  SUIT_TRY(write_text(tar, "repositories", repositories_json(items)));
  return tar.finish();
}

}  // namespace suit::store
