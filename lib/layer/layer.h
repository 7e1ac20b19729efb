/// \file
/// Layers: an overlay's upper directory to a canonical tar, and a tar to a directory.
///
/// The writing side plans first: `plan_diff` lists the changes, `write_changes` turns them into a
/// tar.
/// \see layer/tar.h for the format, layer/compress.h for what it is wrapped in; tutorial 05
/// \source OCI image-spec, layer.md; Linux Documentation/filesystems/overlayfs.rst

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "layer/tar.h"
#include "os/fd.h"

namespace suit::layer {

/// Which extended attributes mark an overlay's opaque directories: root's, or those that an
/// unprivileged user namespace may write (mount option `userxattr`).
enum class OverlayXattr { Trusted, User };

/// Who owns a file.
struct Owner {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

struct Change {
  enum class Kind { Add, Modify, Delete };
  Kind kind = Kind::Add;
  std::string path;  ///< relative, no leading `/`, no trailing `/`
};

struct DiffOptions {
  OverlayXattr xattr = OverlayXattr::Trusted;
  std::optional<std::int64_t>
      epoch_s;  ///< SOURCE_DATE_EPOCH: no mtime is later, seconds since 1970
};

/// What \p upper changes over \p lower (topmost first, may be empty), sorted as the tar will be.
/// A directory that only overlayfs copied up is no change.
Result<std::vector<Change>> plan_diff(const std::string& upper,
                                      const std::vector<std::string>& lower,
                                      const DiffOptions& options);

/// Writes the changes as a canonical tar: same tree, same bytes.
Result<void> write_changes(const std::string& upper, const std::vector<Change>& changes,
                           const DiffOptions& options, Writer& out);

/// What unpacking may cost; exceeding one is an error that names it.
struct ApplyLimits {
  std::uint64_t size_bytes = 1ULL << 40;
  std::uint64_t entries = 10'000'000;
  std::size_t depth = 4096;
};

struct ApplyOptions {
  OverlayXattr xattr = OverlayXattr::Trusted;
  /// Whiteouts become overlay's (char 0:0, opaque xattr) rather than deletions in \p destination.
  bool overlay_whiteouts = true;
  /// Topmost first: where a missing parent directory takes its owner, mode and xattrs from.
  std::vector<std::string> lower;
  /// In a user namespace with one id: owners that have no mapping become the caller.
  bool squash_owners = false;
  /// Optional for what has been, or will be, checked against a digest: a layer.
  ArchiveEnd end = ArchiveEnd::Required;
  ApplyLimits limits;
  /// False for archives that are no layers: `.wh.x` is a file like others.
  bool read_whiteouts = true;
  /// False: a file does not take the place of a directory, nor a directory that of a file.
  bool change_kinds = true;
  std::optional<Owner> owner;  ///< of everything unpacked; none: as the archive says
};

struct ApplyStats {
  std::uint64_t entries = 0;
  std::uint64_t size_bytes = 0;  ///< of regular files
  std::uint64_t squashed = 0;    ///< entries whose owner could not be kept
  std::uint64_t skipped_devices =
      0;  ///< device nodes that the kernel did not let us make (mknod: EPERM)
  std::uint64_t skipped_xattrs = 0;  ///< attributes of other kinds, or refused by the file system
};

/// Unpacks an uncompressed tar below \p destination. Every path is resolved inside it: `..` stops
/// at its root, symlinks are followed inside it (and inside `lower`, where a parent is only there).
///
/// An entry replaces what was there; a directory over a directory changes its attributes only. Of
/// the extended attributes `security.capability` and `user.*` are kept, overlay's own never. A
/// whiteout hides what is below the layer, whatever the order; `.wh..wh..opq` likewise.
/// \errors 0 with the entry's name for what no reading makes safe: `.wh..`, a device 0:0, a hard
/// link to what the layer does not hold; EFBIG naming the limit. What was unpacked before stays.
Result<ApplyStats> apply(Reader& tar, os::FdRef destination, const ApplyOptions& options);

}  // namespace suit::layer
