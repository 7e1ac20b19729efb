#include "store/mark.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"
#include "hash/sha256.h"
#include "oci/json.h"
#include "store/images.h"
#include "store/index.h"
#include "store/ingest.h"
#include "store/layout.h"
#include "store/usage.h"

namespace suit::store {
namespace {

void add_digests(const oci::Json& record, std::string_view key, std::set<digest::Digest>& into) {
  const oci::Json* member = record.find(key);
  if (!member || !member->as_array()) return;
  for (const oci::Json& item : *member->as_array()) {
    if (!item.as_string()) continue;
    if (auto digest = digest::Digest::parse(*item.as_string())) into.insert(*digest);
  }
}

// An index of another tool's making: everything that it lists.
void mark_children(const Store& store, const digest::Digest& index, Marks& marks);

void mark_manifest(const Store& store, const oci::Descriptor& descriptor, Marks& marks) {
  marks.blobs.insert(descriptor.digest);
  auto manifest = read_manifest(store, descriptor.digest);
  if (!manifest) return mark_children(store, descriptor.digest, marks);
  marks.blobs.insert(manifest->config.digest);
  for (const oci::Descriptor& layer : manifest->layers)
    marks.blobs.insert(layer.digest);
  auto config = read_config(store, *manifest);
  if (!config) {
    SUIT_LOG(Warn, "{}", config.error().message());
    return;
  }
  for (digest::Digest& id : hash::chain_ids(config->diff_ids))
    marks.snapshots.insert(std::move(id));
}

void mark_children(const Store& store, const digest::Digest& digest, Marks& marks) {
  auto text = store.read_blob(digest, kDocumentLimit);
  if (!text) {
    SUIT_LOG(Warn, "{}", text.error().message());
    return;
  }
  auto index = oci::parse_index(*text);
  if (!index) return;
  for (const oci::Descriptor& child : index->manifests)
    // A blob marked twice ends an index that lists itself.
    if (!marks.blobs.contains(child.digest)) mark_manifest(store, child, marks);
}

Result<void> mark_containers(const Store& store, Marks& marks) {
  std::string folder = store.root() + "/containers";
  SUIT_LET(auto ids, os::list_dir(folder));
  for (const std::string& id : ids) {
    std::string path = fmt::format("{}/{}/container.json", folder, id);
    auto text = read_regular(path, kDocumentLimit);
    // Being created: its maker holds off the collection until the record is there.
    if (!text && (text.error().code() == ENOENT || text.error().code() == ENOTDIR)) continue;
    if (!text) return std::unexpected(std::move(text).error());
    auto record = oci::parse_json(*text);
    if (!record)
      return std::unexpected(std::move(record).error().wrap(path).with_hint(fmt::format(
          "what the container uses is not known, so nothing was removed: `suit rm {}` it", id)));
    add_digests(*record, "snapshots", marks.snapshots);
    for (std::string_view key : {"image", "imageId"})
      if (auto image = digest::Digest::parse(record->string_or(key))) marks.blobs.insert(*image);
  }
  return {};
}

}  // namespace

Result<void> mark_cache(const Store& store, Marks& marks) {
  std::string folder = store.root() + "/cache";
  SUIT_LET(auto names, os::list_dir(folder));
  for (const std::string& name : names) {
    if (!name.ends_with(".json")) continue;
    auto text = read_regular(folder + "/" + name, kDocumentLimit);
    auto record = text ? oci::parse_json(*text) : fail(0, "unreadable");
    if (!record) {
      // A cache record can always be made again.
      SUIT_LOG(Warn, "cache record {} is skipped: {}", name, record.error().message());
      continue;
    }
    add_digests(*record, "blobs", marks.blobs);
    add_digests(*record, "snapshots", marks.snapshots);
  }
  return {};
}

std::uint64_t size_on_disk(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return 0;
  std::uint64_t total = static_cast<std::uint64_t>(info.st_blocks) * 512;  // 512: stat(2)
  if (!S_ISDIR(info.st_mode)) return total;
  auto names = os::list_dir(path);
  if (!names) return total;
  for (const std::string& name : *names)
    total += size_on_disk(path + "/" + name);
  return total;
}

Marks marks_of(const Image& image) {
  Marks marks;
  marks.blobs = {image.manifest_digest, image.id};
  for (const oci::Descriptor& layer : image.manifest.layers)
    marks.blobs.insert(layer.digest);
  for (digest::Digest& id : hash::chain_ids(image.config.diff_ids))
    marks.snapshots.insert(std::move(id));
  return marks;
}

Result<Marks> mark(const Store& store) {
  Marks marks;
  SUIT_LET(oci::Index index, read_index(store.root()));
  for (const oci::Descriptor& descriptor : index.manifests)
    mark_manifest(store, descriptor, marks);
  SUIT_TRY(mark_cache(store, marks));
  SUIT_TRY(mark_containers(store, marks));
  return marks;
}

Result<std::uint64_t> sweep_unmarked(const Store& store, const Marks& candidates,
                                     const Marks& marked) {
  std::uint64_t freed = 0;
  for (const digest::Digest& blob : candidates.blobs) {
    if (marked.blobs.contains(blob)) continue;
    std::string path = blob_path(store.root(), blob);
    freed += size_on_disk(path);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return fail(errno, fmt::format("unlink(\"{}\")", path));
    ::unlink(size_path(store.root(), blob).c_str());  // a note about it, if there is one
  }
  for (const digest::Digest& chain_id : candidates.snapshots) {
    if (marked.snapshots.contains(chain_id)) continue;
    std::string path = snapshot_path(store.root(), chain_id);
    if (!os::exists(path)) continue;
    freed += size_on_disk(path);
    // Out of sight in one step first: a half-removed snapshot must not look like a whole one.
    SUIT_LET(Ingest grave, Ingest::create_dir(store.root()));
    SUIT_TRY(os::rename(path, grave.path() + "/gone"));
  }
  return freed;
}

}  // namespace suit::store
