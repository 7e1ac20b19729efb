/// \file
/// Paths inside a root that somebody else filled: an image, a container, a build context.
///
/// Every path is resolved by the kernel with the root as `/`: absolute symlinks and `..` stay
/// inside, and magic links (`/proc/self/fd/3`) are refused.
///
/// \see openat2(2), RESOLVE_IN_ROOT

#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "os/fd.h"

namespace suit::os {

/// A directory that is `/` for the paths given to it.
class [[nodiscard]] Root {
 public:
  static Result<Root> open(const std::string& host_path);
  explicit Root(Fd directory) : directory_(std::move(directory)) {}

  FdRef fd() const { return directory_; }

  /// Opens \p path in the root. `O_CLOEXEC` is always set; `O_NOFOLLOW` guards the last component.
  /// \param path absolute or relative, resolved from the root; "" and "/" are the root itself.
  /// \errors those of openat2(2); the message names \p path.
  Result<Fd> open_in(std::string_view path, int flags, mode_t mode = 0) const;
  /// Reads a regular file in the root; anything else (a fifo would hang) is EINVAL.
  Result<std::string> read(std::string_view path, std::size_t limit_bytes) const;
  /// Status of \p path; a final symlink is followed, in the root.
  Result<struct stat> stat(std::string_view path) const;
  /// Status of \p path itself, even if it is a symlink.
  Result<struct stat> lstat(std::string_view path) const;
  /// Opens the directory \p path, creating what is missing with \p mode, step by step.
  Result<Fd> make_dirs(std::string_view path, mode_t mode = 0755) const;

 private:
  Fd directory_;
};

}  // namespace suit::os
