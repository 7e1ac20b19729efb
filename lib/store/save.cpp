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
#include "layer/tar.h"
#include "naming/reference.h"
#include "oci/json.h"
#include "store/archive.h"
#include "store/index.h"
#include "store/layout.h"

namespace suit::store {
namespace {

// One image to write, under the names that were asked for.
struct Item {
  Image image;
  std::vector<naming::Reference> names;
};

Result<std::vector<Item>> collect(const Store& store, const std::vector<std::string>& wanted) {
  std::vector<Item> items;
  for (const std::string& word : wanted) {
    SUIT_LET(Image image, store.find_image(word));
    auto item = std::ranges::find_if(items, [&](const Item& other) {
      return other.image.manifest_digest == image.manifest_digest;
    });
    if (item == items.end()) item = items.insert(items.end(), Item{image, {}});
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

std::string path_of(const digest::Digest& digest) {
  return fmt::format("blobs/sha256/{}", digest.hex());
}

Result<std::string> index_json(const Store& store, const std::vector<Item>& items) {
  oci::Index index;
  for (const Item& item : items) {
    oci::Descriptor descriptor;
    descriptor.media_type = item.image.manifest.media_type;
    descriptor.digest = item.image.manifest_digest;
    SUIT_LET(std::string text, store.read_blob(descriptor.digest, kDocumentLimit));
    descriptor.size_bytes = text.size();
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
Result<void> write_blob(const Store& store, layer::TarWriter& tar, const digest::Digest& digest,
                        std::uint64_t size_bytes) {
  SUIT_LET(os::Fd fd, store.open_blob(digest));
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

Result<std::map<digest::Digest, std::uint64_t>> blobs_of(const Store& store,
                                                         const std::vector<Item>& items) {
  std::map<digest::Digest, std::uint64_t> blobs;  // by digest: in the archive's order
  for (const Item& item : items) {
    SUIT_LET(std::string text, store.read_blob(item.image.manifest_digest, kDocumentLimit));
    blobs[item.image.manifest_digest] = text.size();
    blobs[item.image.id] = item.image.manifest.config.size_bytes;
    for (const oci::Descriptor& layer : item.image.manifest.layers)
      blobs[layer.digest] = layer.size_bytes;
  }
  return blobs;
}

}  // namespace

Result<void> save_archive(const Store& store, const std::vector<std::string>& images, Writer& out) {
  SUIT_LET([[maybe_unused]] auto lock, store.use());
  SUIT_LET(std::vector<Item> items, collect(store, images));
  SUIT_LET(auto blobs, blobs_of(store, items));
  SUIT_LET(std::string index, index_json(store, items));
  layer::TarWriter tar(out);
  SUIT_TRY(tar.begin(entry(layer::EntryType::Directory, "blobs/", 0)));
  SUIT_TRY(tar.begin(entry(layer::EntryType::Directory, "blobs/sha256/", 0)));
  for (const auto& [digest, size_bytes] : blobs)
    SUIT_TRY(write_blob(store, tar, digest, size_bytes));
  SUIT_TRY(write_text(tar, "index.json", index));
  SUIT_TRY(write_text(tar, "manifest.json", manifest_json(items)));
  SUIT_TRY(write_text(tar, "oci-layout", kOciLayout));
  SUIT_TRY(write_text(tar, "repositories", repositories_json(items)));
  return tar.finish();
}

}  // namespace suit::store
