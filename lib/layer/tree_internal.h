/// \file
/// Reading trees that a container wrote: by descriptor, never through a symlink.

#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "layer/layer.h"
#include "layer/tar.h"
#include "os/fd.h"

namespace suit::layer {

inline constexpr std::string_view kWhiteoutPrefix = ".wh.";
inline constexpr std::string_view kOpaqueName = ".wh..wh..opq";
inline constexpr std::string_view kWhiteoutMeta =
    ".wh..wh.";  // aufs kept its own files under these

/// `a/b` of `a` and `b`; `b` of "" and `b`.
std::string join(std::string_view directory, std::string_view name);
/// `{a, b}` of `a/b`; `{"", b}` of `b`.
std::pair<std::string_view, std::string_view> split_leaf(std::string_view path);

/// Overlayfs marks a deletion by a character device 0:0.
inline bool is_whiteout(const struct stat& info) {
  return S_ISCHR(info.st_mode) && info.st_rdev == 0;
}

/// Status of \p name itself; nullopt when it is not there.
Result<std::optional<struct stat>> stat_child(os::FdRef dir, const std::string& name);

/// Opens directories below a root by path. Symlinks are refused by the kernel, paths may be longer
/// than PATH_MAX, and the last directory is kept: siblings cost nothing.
class DirOpener {
 public:
  explicit DirOpener(os::Fd root) : root_(std::move(root)) {}
  static Result<DirOpener> open(const std::string& host_path);
  /// \param path relative, "" for the root. The descriptor (`O_PATH`) lives until the next call.
  Result<os::FdRef> dir(std::string_view path);

 private:
  os::Fd root_;
  os::Fd cached_;
  std::string cached_path_;
};

/// Extended attributes: those that a layer carries, and overlayfs's own marks.
struct FileAttributes {
  std::map<std::string, std::string> xattrs;
  bool opaque = false;          ///< `overlay.opaque` is `y`
  bool xattr_marked = false;    ///< `overlay.opaque` is `x`: whiteouts below may be attributes
  bool xattr_whiteout = false;  ///< `overlay.whiteout` on an empty file
};

/// Whether layers carry the attribute \p name: `security.capability` and `user.*` but overlay's.
bool is_layer_xattr(std::string_view name);

/// `trusted.overlay.` or `user.overlay.`
std::string_view overlay_prefix(OverlayXattr xattr);

/// \param fd opened for reading, not `O_PATH`; \param path for messages.
/// \errors 0 when overlayfs keeps the name or the content elsewhere (`redirect`, `metacopy`).
Result<FileAttributes> read_attributes(os::FdRef fd, std::string_view path, OverlayXattr xattr);

/// The same for \p name of \p dir, a regular file or a directory.
Result<FileAttributes> read_attributes_at(os::FdRef dir, const std::string& name,
                                          const struct stat& info, std::string_view path,
                                          OverlayXattr xattr);

}  // namespace suit::layer
