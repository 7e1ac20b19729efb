// A layout in a directory: the index says what is wanted, and only that is copied. It may be a
// store of many images, or one that somebody else is changing, so what is judged is our copy.

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "os/root.h"
#include "store/layout.h"
#include "store/stage.h"

namespace suit::store {
namespace {

constexpr int kMaxDepth = 8;  // index.json, an index a image, its manifest: 3 are known in the wild

bool is_document(const oci::Descriptor& descriptor) {
  return descriptor.media_type == oci::kMediaIndex || descriptor.media_type == oci::kDockerIndex ||
         descriptor.media_type == oci::kMediaManifest ||
         descriptor.media_type == oci::kDockerManifest;
}

}  // namespace

// The file at \p path of the layout; nullptr where there is none.
Result<const StagedFile*> Stage::copy_in(const os::Root& layout, const std::string& path) {
  if (auto known = files_.find(path); known != files_.end()) return &known->second;
  auto fd = layout.open_in(path, O_RDONLY | O_NONBLOCK);
  if (!fd && fd.error().code() == ENOENT) return nullptr;
  if (!fd) return std::unexpected(std::move(fd).error());
  struct stat info{};
  if (::fstat(fd->raw(), &info) != 0) return fail(errno, fmt::format("fstat(\"{}\")", path));
  if (!S_ISREG(info.st_mode))
    return fail(0, fmt::format("the layout's \"{}\" is no regular file", path));
  if (left_.entries-- == 0) return fail(EFBIG, "the layout has too many files");
  auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > left_.size_bytes) return fail(EFBIG, "the layout's files are too large together");
  left_.size_bytes -= size;
  os::FdReader content(*std::move(fd));
  SUIT_TRY(add(path, content));
  return &files_.find(path)->second;
}

// A blob that is missing is no error yet: of several platforms often one is there.
Result<void> Stage::copy_blob(const os::Root& layout, const oci::Descriptor& descriptor,
                              int depth) {
  std::string path =
      fmt::format("blobs/{}/{}", descriptor.digest.algorithm(), descriptor.digest.hex());
  bool known = files_.contains(path);
  SUIT_LET(const StagedFile* file, copy_in(layout, path));
  if (!file || known || !is_document(descriptor)) return {};
  return copy_children(layout, *file, depth + 1);
}

// Everything that an index or a manifest lists. Which one it is is the plan's to judge.
Result<void> Stage::copy_children(const os::Root& layout, const StagedFile& document, int depth) {
  if (depth > kMaxDepth) return fail(0, "the layout's indexes are nested too deeply");
  SUIT_LET(std::string text, read(document));
  if (auto manifest = oci::parse_manifest(text)) {
    SUIT_TRY(copy_blob(layout, manifest->config, depth));
    for (const oci::Descriptor& each : manifest->layers)
      SUIT_TRY(copy_blob(layout, each, depth));
    return {};
  }
  auto index = oci::parse_index(text);
  if (!index) return {};
  for (const oci::Descriptor& each : index->manifests)
    SUIT_TRY(copy_blob(layout, each, depth));
  return {};
}

Result<Stage> Stage::fill_from_layout(const Store& store, const std::string& path,
                                      const LoadLimits& limits) {
  SUIT_LET(os::Root layout, os::Root::open(path));
  SUIT_LET(Ingest folder, Ingest::create_dir(store.root()));
  Stage stage(std::move(folder));
  stage.left_ = limits;
  SUIT_LET(const StagedFile* mark, stage.copy_in(layout, "oci-layout"));
  if (!mark)
    return fail(0,
                fmt::format("\"{}\" is a directory, and no OCI layout: it has no oci-layout", path),
                "name a tar archive, or a directory that skopeo, umoci or buildx wrote");
  SUIT_LET(const StagedFile* index, stage.copy_in(layout, "index.json"));
  if (index) SUIT_TRY(stage.copy_children(layout, *index, 0));
  return stage;
}

}  // namespace suit::store
