#include "store/usage.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "hash/sha256.h"
#include "oci/json.h"
#include "os/file.h"
#include "store/layout.h"
#include "store/mark.h"
#include "store/sizes.h"

namespace suit::store {
namespace {

// Bytes on disk of everything in `marks`, counted once: what is in `counted` already is left out.
class Counter {
 public:
  explicit Counter(const Store& store) : store_(store) {}

  std::uint64_t add(const Marks& marks) {
    std::uint64_t total = 0;
    for (const digest::Digest& blob : marks.blobs)
      if (counted_.blobs.insert(blob).second) total += size_on_disk(blob_path(store_.root(), blob));
    for (const digest::Digest& chain : marks.snapshots)
      if (counted_.snapshots.insert(chain).second)
        total += size_on_disk(snapshot_path(store_.root(), chain));
    return total;
  }

 private:
  const Store& store_;
  Marks counted_;
};

void share_out(const Store& store, std::vector<ImageUsage>& images) {
  std::map<digest::Digest, std::size_t> users;
  for (const ImageUsage& each : images) {
    std::set<digest::Digest> layers;
    for (const oci::Descriptor& layer : each.image.manifest.layers)
      if (layers.insert(layer.digest).second) ++users[layer.digest];
  }
  for (ImageUsage& each : images)
    for (const oci::Descriptor& layer : each.image.manifest.layers)
      (users[layer.digest] > 1 ? each.shared_bytes : each.unique_bytes) +=
          unpacked_size(store, layer);
}

Result<std::vector<CacheUsage>> read_cache(const Store& store, const Marks& of_images) {
  std::string folder = store.root() + "/cache";
  SUIT_LET(auto names, os::list_dir(folder));
  std::vector<CacheUsage> records;
  for (const std::string& name : names) {
    if (!name.ends_with(".json")) continue;
    auto text = read_regular(folder + "/" + name, kDocumentLimit);
    auto record = text ? oci::parse_json(*text) : fail(0, "");
    if (!record) continue;  // no use to anybody; `builder prune` takes it
    CacheUsage usage{.key = name.substr(0, name.size() - 5),
                     .instruction = record->string_or("step"),
                     .created = record->string_or("created")};
    if (const oci::Json* layer = record->find("layer")) {
      auto digest = digest::Digest::parse(layer->string_or("digest"));
      if (digest) {
        usage.size_bytes = size_on_disk(blob_path(store.root(), *digest));
        usage.shared = of_images.blobs.contains(*digest);
      }
    }
    records.push_back(std::move(usage));
  }
  return records;
}

Result<Marks> everything(const Store& store) {
  Marks all;
  for (auto [folder, into] : {std::pair{blobs_dir(store.root()), &all.blobs},
                              std::pair{snapshots_dir(store.root()), &all.snapshots}}) {
    SUIT_LET(auto names, os::list_dir(folder));
    for (const std::string& name : names)
      if (is_sha256_hex(name)) into->insert(digest::Digest::sha256(name));
  }
  return all;
}

}  // namespace

Result<Usage> usage(const Store& store, const std::vector<digest::Digest>& in_use) {
  SUIT_LET([[maybe_unused]] auto lock, store.use());
  Usage out;
  Marks of_images;
  for (Image& image : store.images()) {
    bool used = std::ranges::find(in_use, image.id) != in_use.end();
    out.images.push_back({.image = std::move(image), .in_use = used});
  }
  share_out(store, out.images);
  Counter counter(store);
  std::uint64_t used_bytes = 0;
  // Those in use first: what they share with idle images is not reclaimable.
  for (bool used : {true, false})
    for (const ImageUsage& each : out.images) {
      if (each.in_use != used) continue;
      Marks marks = marks_of(each.image);
      (used ? used_bytes : out.idle_image_bytes) += counter.add(marks);
      of_images.blobs.merge(marks.blobs);
      of_images.snapshots.merge(marks.snapshots);
    }
  out.image_bytes = used_bytes + out.idle_image_bytes;
  SUIT_LET(out.cache, read_cache(store, of_images));
  Marks of_cache;
  SUIT_TRY(mark_cache(store, of_cache));
  out.cache_bytes = counter.add(of_cache);
  SUIT_LET(Marks marked, mark(store));
  (void)counter.add(marked);  // containers' snapshots, images of other platforms: in use
  SUIT_LET(Marks all, everything(store));
  out.unreferenced_bytes = counter.add(all);
  return out;
}

}  // namespace suit::store
