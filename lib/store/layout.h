/// \file
/// Names of the store's folders and files, and the one way to open a file in them.

#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"
#include "digest/digest.h"
#include "os/fd.h"

namespace suit::store {

/// Folders that are there from the first open on. `ingest` before the rest: it is where they come
/// from.
inline constexpr std::array<std::string_view, 9> kFolders = {
    "ingest", "partial",  "blobs", "blobs/sha256", "snapshots",
    "sizes",  "scaffold", "cache", "containers"};

inline constexpr std::string_view kOciLayout = R"({"imageLayoutVersion":"1.0.0"})";
inline constexpr std::string_view kEmptyIndex =
    "{\"schemaVersion\":2,\"mediaType\":\"application/"
    "vnd.oci.image.index.v1+json\",\"manifests\":[]}";

/// Manifests and configs: what registries accept as one.
inline constexpr std::size_t kDocumentLimit = 4U << 20;
/// index.json: some 200 000 images.
inline constexpr std::size_t kIndexLimit = 64U << 20;

inline std::string blobs_dir(const std::string& root) { return root + "/blobs/sha256"; }
inline std::string snapshots_dir(const std::string& root) { return root + "/snapshots"; }
inline std::string ingest_dir(const std::string& root) { return root + "/ingest"; }

inline std::string partial_dir(const std::string& root) { return root + "/partial"; }

/// A blob that is being fetched, or was when its process died.
inline std::string partial_path(const std::string& root, const digest::Digest& digest) {
  return partial_dir(root) + "/" + std::string(digest.hex());
}

inline std::string blob_path(const std::string& root, const digest::Digest& digest) {
  return blobs_dir(root) + "/" + std::string(digest.hex());
}

/// The folder of a snapshot: `fs/`, and files about it beside that.
inline std::string snapshot_path(const std::string& root, const digest::Digest& chain_id) {
  return snapshots_dir(root) + "/" + std::string(chain_id.hex());
}

/// Bytes of the files in a layer, by its blob.
inline std::string size_path(const std::string& root, const digest::Digest& layer) {
  return root + "/sizes/" + std::string(layer.hex());
}

/// 64 lower-case hex digits.
bool is_sha256_hex(std::string_view text);

/// Opens a regular file for reading; a symlink, a fifo or a device in its place is refused.
/// \errors ENOENT; ELOOP for a symlink; EINVAL for what is no regular file
Result<os::Fd> open_regular(const std::string& path);

/// All of a regular file (see `open_regular`).
Result<std::string> read_regular(const std::string& path, std::size_t limit_bytes);

}  // namespace suit::store
