/// \file
/// The layers below, as overlayfs shows them: one merged view over several directories.

#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "layer/layer.h"
#include "layer/tree_internal.h"

namespace suit::layer {

/// A visible file or directory of the merged view.
struct LowerNode {
  struct stat info{};
  /// The layers it is in, topmost first: one for a file, all that merge for a directory.
  std::vector<std::size_t> layers;

  bool is_dir() const { return S_ISDIR(info.st_mode); }
};

/// Looks names up as overlayfs does: from the top, ending at a whiteout, an opaque directory or a
/// file over a directory.
class LowerStack {
 public:
  static Result<LowerStack> open(const std::vector<std::string>& paths, OverlayXattr xattr);

  bool empty() const { return layers_.empty(); }
  LowerNode root() const;
  /// \param parent a directory, at \p parent_path.
  Result<std::optional<LowerNode>> child(const LowerNode& parent, std::string_view parent_path,
                                         const std::string& name);
  /// Step by step from the root; nullopt when it is not visible.
  Result<std::optional<LowerNode>> find(std::string_view path);
  /// Names that the directory \p node shows, sorted.
  Result<std::vector<std::string>> names(const LowerNode& node, std::string_view path);
  /// The directory \p path in the topmost layer of \p node, or that which holds the file.
  Result<os::FdRef> dir(const LowerNode& node, std::string_view path) {
    return layers_[node.layers.front()].dir(path);
  }

 private:
  LowerStack(std::vector<DirOpener> layers, OverlayXattr xattr)
      : layers_(std::move(layers)), xattr_(xattr) {}
  std::vector<DirOpener> layers_;
  OverlayXattr xattr_;
};

}  // namespace suit::layer
