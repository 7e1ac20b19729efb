/// \file
/// A whole directory as a tar: what `export` writes, and the first layer of an image.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/stream.h"

namespace suit::layer {

struct TreeOptions {
  std::optional<std::int64_t> epoch_s;  ///< no mtime is later, seconds since 1970
};

/// Packs everything below \p root, canonically: sorted, parents first, the first name of a hard
/// link with the content, sockets left out. Not the root directory itself.
/// \errors those of reading; EINVAL for a name that a layer cannot hold (`.wh.…`).
Result<void> write_tree(const std::string& root, const TreeOptions& options, Writer& out);

}  // namespace suit::layer
