/// \file
/// Where blobs, images and snapshots live: a legal OCI image-layout, and folders beside it.
///
///     <root>/oci-layout index.json blobs/sha256/<hex>   the layout: ls, jq, skopeo read it in
///     place <root>/ingest/<random>          being written; swept when its flock is free
///     <root>/snapshots/<chain id>/fs  one layer each, in overlay upper format
///     <root>/scaffold/                mount points (/proc, /etc/hosts, …), the lowest overlay
///     layer <root>/cache/<key>.json         build steps already done (kept by build)
///     <root>/containers/<id>/         one folder a container (kept by engine)
///     <root>/lock                     shared for use, exclusive for garbage collection
///
/// Order of every change: content to ingest, fdatasync, rename, fsync of the directory, and only
/// then the record that points to it. A record never points to what is not durable. Readers take no
/// lock. Safe for any number of processes, and for one that dies at any instruction.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "digest/digest.h"
#include "naming/reference.h"
#include "oci/image.h"
#include "os/fd.h"
#include "os/file.h"

namespace suit::store {

/// A blob being written. Destroyed before `commit`, it leaves nothing.
class [[nodiscard]] BlobWriter final : public Writer {
 public:
  BlobWriter(BlobWriter&&) noexcept;
  BlobWriter& operator=(BlobWriter&&) = delete;
  ~BlobWriter() override;
  Result<void> write(std::span<const std::byte> bytes) override;
  std::uint64_t size_bytes() const noexcept;
  /// Makes the blob visible under its digest and durable; a blob that is already there is no error.
  /// \errors 0 when \p expected is given and differs: nothing is stored.
  Result<digest::Digest> commit(const std::optional<digest::Digest>& expected = std::nullopt);

 private:
  friend class Store;
  struct State;
  explicit BlobWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// One image of the store, resolved.
struct Image {
  digest::Digest id;  ///< of the config: what tables call IMAGE ID
  digest::Digest manifest_digest;
  oci::Manifest manifest;
  oci::ImageConfig config;
  std::vector<std::string>
      names;  ///< canonical, with tag: `docker.io/library/python:3.9`; may be empty
  std::uint64_t size_bytes = 0;  ///< of the files in the layers; see sizes.h
};

/// A directory being filled that becomes a snapshot by rename. Destroyed before that, it is
/// removed.
class [[nodiscard]] SnapshotWriter {
 public:
  SnapshotWriter(SnapshotWriter&&) noexcept;
  SnapshotWriter& operator=(SnapshotWriter&&) = delete;
  ~SnapshotWriter();
  const std::string& upper() const;  ///< absolute path of the layer's tree: an overlay upperdir
  const std::string& work() const;   ///< absolute path of an empty overlay workdir beside it
 private:
  friend class Store;
  struct State;
  explicit SnapshotWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A handle on the store's folders; cheap to open, no state in memory worth keeping.
class Store {
 public:
  /// Opens the store at \p root, an absolute path; creates it (mode 0700) if it is not there, and
  /// sweeps what dead processes left in ingest/.
  static Result<Store> open(const std::string& root);
  const std::string& root() const noexcept { return root_; }

  /// Holds off garbage collection while content is used that no record points to yet.
  Result<os::Lock> use() const;

  // Blobs.
  Result<BlobWriter> begin_blob();
  Result<digest::Digest> put_blob(std::string_view content);
  bool has_blob(const digest::Digest& digest) const;
  Result<os::Fd> open_blob(const digest::Digest& digest) const;
  /// Reads a small blob and verifies its digest.
  Result<std::string> read_blob(const digest::Digest& digest,
                                std::size_t limit_bytes = 4U << 20) const;

  // Images.
  /// Stores config and manifest, and points \p names (canonical references) at it; a name that was
  /// somebody else's moves. The layers' blobs are there already.
  Result<Image> put_image(const oci::ImageConfig& config, std::vector<oci::Descriptor> layers,
                          const std::vector<naming::Reference>& names);
  /// The same for a manifest that is already a blob (a loaded image keeps its digest).
  Result<Image> put_manifest(const digest::Digest& manifest,
                             const std::vector<naming::Reference>& names);
  std::vector<Image> images() const;
  /// By name, by full or shortened id, or by digest.
  /// \errors ENOENT with where was looked and what to do; 0 for an id that several images share
  Result<Image> find_image(std::string_view name_or_id) const;
  Result<void> tag(const Image& image, const naming::Reference& name);
  struct Removed {
    std::vector<std::string> untagged;
    std::vector<digest::Digest> deleted;  ///< images and layers that went, for `Deleted: sha256:…`
    std::uint64_t freed_bytes = 0;        ///< on disk
  };
  /// Removes a name, and the image with its last name. \p in_use: image ids that containers hold.
  Result<Removed> remove_image(std::string_view name_or_id, bool force,
                               const std::vector<digest::Digest>& in_use);

  // Snapshots.
  bool has_snapshot(const digest::Digest& chain_id) const;
  std::string snapshot_dir(const digest::Digest& chain_id) const;  ///< absolute path of its fs/
  Result<SnapshotWriter> begin_snapshot();
  /// Renames a filled upper to its place; one that is there already is kept.
  Result<void> commit_snapshot(SnapshotWriter writer, const digest::Digest& chain_id);
  /// Overlay lower directories of an image, topmost first, scaffold last; unpacks and verifies what
  /// is missing (digest and diffID).
  Result<std::vector<std::string>> lower_dirs(const Image& image);
  /// The same for a stack given by its diffIDs and blobs, lowest first.
  Result<std::vector<std::string>> lower_dirs(const std::vector<digest::Digest>& diff_ids,
                                              const std::vector<oci::Descriptor>& layers);

  /// Absolute path of the mount points' directory: the lowest overlay layer of every container.
  std::string scaffold_dir() const { return root_ + "/scaffold"; }

  /// Removes what no image, cache record or container points to; the bytes freed on disk.
  /// \param grace what came less long ago stays; a prune that somebody asked for passes 0.
  /// \errors EWOULDBLOCK while somebody holds `use()`
  Result<std::uint64_t> collect_garbage(std::chrono::seconds grace = std::chrono::seconds(60));

 private:
  explicit Store(std::string root) : root_(std::move(root)) {}
  std::string root_;
};

}  // namespace suit::store
