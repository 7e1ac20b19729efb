/// \file
/// Images as one file: what `docker save`, `podman save`, skopeo and buildx write and read.
///
///     load   tar (gzip, zstd, …) ──> staged in ingest/ ──> planned ──> verified ──> blobs, index
///     save   image(s) ──> one tar that is an OCI layout and a docker-archive at once
///
/// An archive's entries may come in any order, so all are staged first; nothing is visible before
/// all images of the archive are verified: digest and size of every blob, diffID of every layer.
/// \source OCI image-spec, image-layout.md; Docker image specification v1.2 and v1.3

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "layer/compress.h"
#include "naming/reference.h"
#include "oci/image.h"
#include "store/store.h"

namespace suit::store {

/// What an archive may cost; exceeding one is an error that names it.
struct LoadLimits {
  std::uint64_t size_bytes = 1ULL << 40;  ///< of all files, after the archive's own decompression
  std::size_t entries = 100000;
};

/// How a load is done.
struct LoadOptions {
  LoadLimits limits = {};
  oci::Platform platform = oci::host_platform();  ///< which one of several is taken
};

/// What a load brought, and what it decided on the way.
struct LoadReport {
  std::vector<Image> images;
  std::vector<std::string> notes;  ///< platforms left out, names that say nothing
};

/// Loads all images of an archive: OCI layout, docker-archive of any version since 1.10, or both in
/// one. Of an index with several platforms one is taken, and a note says so.
/// \errors 0 naming the entry at fault, or what was found where a tar was expected; the list of
/// images is as it was then
Result<LoadReport> load_archive(Store& store, Reader& archive, const LoadOptions& options = {});

/// The same from a directory: an OCI layout, such as skopeo, umoci and buildx write, or another
/// store. Only what its index leads to is read.
/// \errors 0 when \p path is no layout, with what to do
Result<LoadReport> load_layout(Store& store, const std::string& path,
                               const LoadOptions& options = {});

/// How a save is done.
struct SaveOptions {
  /// For layers that are not compressed yet; the image keeps its id, its manifest is another one.
  layer::CompressOptions compression;
};

/// Writes \p images (names, ids or digests) as one archive. What was asked for by name carries that
/// name. The same images give the same bytes.
Result<void> save_archive(const Store& store, const std::vector<std::string>& images, Writer& out,
                          const SaveOptions& options = {});

/// What an imported root file system becomes.
struct ImportOptions {
  std::vector<naming::Reference> names;  ///< none: the image is listed without a name
  oci::ContainerConfig config;
  oci::Platform platform = oci::host_platform();
  std::string message;  ///< the comment of its one history entry
  std::string created;  ///< \shape RFC 3339; empty: now
};

/// Makes an image of one layer from a root file system's tar, which may be compressed. The tar is
/// stored as it is, uncompressed, so its digest is the layer's diffID.
/// \errors 0 when it is no tar, or none that can be unpacked; nothing is listed then
Result<Image> import_rootfs(Store& store, Reader& rootfs, const ImportOptions& options);

/// The canonical name of the image that Spacesuit brings along.
inline constexpr std::string_view kEmbeddedBaseName = "docker.io/spacesuit/base:1";

/// The image that Spacesuit brings along: the store's, or loaded from the archive at \p
/// archive_path.
Result<Image> embedded_base(Store& store, const std::string& archive_path);

}  // namespace suit::store
