/// \file
/// A whole directory as a tar: what `export` and `cp` write, and the first layer of an image.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/stream.h"
#include "layer/layer.h"
#include "os/fd.h"

namespace suit::layer {

struct TreeOptions {
  std::optional<std::int64_t> epoch_s;  ///< no mtime is later, seconds since 1970
  /// Name of the root in the archive: it becomes an entry, and what is below it follows. Empty: the
  /// root is no entry, and what is below it stands at the top.
  std::string name;
  std::optional<Owner> owner;    ///< of all entries; none: their own
  bool one_file_system = false;  ///< mount points are empty directories
  bool for_layer =
      true;  ///< names that mean a deletion in a layer are refused; else files as others
};

/// Packs everything below \p root, canonically: sorted, parents first, the first name of a hard
/// link with the content, sockets left out. Not the root directory itself.
/// \errors those of reading; EINVAL for a name that a layer cannot hold (`.wh.…`).
Result<void> write_tree(const std::string& root, const TreeOptions& options, Writer& out);
/// The same for a directory that is open (`O_PATH` is enough).
Result<void> write_tree(os::FdRef root, const TreeOptions& options, Writer& out);
/// One file that is no directory, as an archive of one entry called `options.name`. A symlink is
/// written as one.
Result<void> write_one(os::FdRef directory, const std::string& leaf, const TreeOptions& options,
                       Writer& out);

}  // namespace suit::layer
