/// \file
/// File systems and mounts by descriptor.
///
///     fsopen("tmpfs") -> Filesystem ── set("size", "64m"), create() ── fsmount() -> Fd, detached
///     open_tree("/src", clone) ────────────────────────────────────────────────> Fd, detached
///     move_mount(detached, root, "data")     shows it to the world
///
/// A detached mount is in no mount table and goes when its descriptor is closed: a failure half-way
/// leaves nothing behind.
/// \see fsopen(2), open_tree(2), move_mount(2), mount_setattr(2)

#pragma once

#include <linux/mount.h>

#include <string>

#include "base/result.h"
#include "os/fd.h"

namespace suit::os {

/// A file system being configured.
class [[nodiscard]] Filesystem {
 public:
  /// \param type as in /proc/filesystems
  static Result<Filesystem> fsopen(const std::string& type);
  Result<void> set(const std::string& key, const std::string& value);
  Result<void> set_flag(const std::string& key);
  Result<void> set_fd(const std::string& key, FdRef value);
  /// Makes the superblock: after this only fsmount is left.
  Result<void> create();
  /// \param attributes `MOUNT_ATTR_RDONLY | …`
  Result<Fd> fsmount(unsigned attributes);

 private:
  Filesystem(Fd fd, std::string type) : fd_(std::move(fd)), type_(std::move(type)) {}
  /// What the kernel wrote into the context's log says more than its errno.
  std::unexpected<Error> failed(int code, std::string what) const;
  Fd fd_;
  std::string type_;
};

/// \param flags `OPEN_TREE_CLONE` for a detached copy, `AT_RECURSIVE` with what is mounted below.
Result<Fd> open_tree(FdRef dir, const std::string& path, unsigned flags);

/// Attaches a mount; "" is \p to itself.
Result<void> move_mount(FdRef mount, FdRef to, const std::string& path);

/// \param flags `AT_EMPTY_PATH | AT_RECURSIVE`
Result<void> mount_setattr(FdRef dir, const std::string& path, unsigned flags,
                           const struct mount_attr& attributes);

/// Gives this process a mount table that no other process of the host sees, and that still learns
/// of the host's new mounts. Once is enough: later calls do nothing. All threads share it that are
/// started afterwards; call it before any is.
Result<void> unshare_mounts();

/// \param flags `MNT_DETACH`
Result<void> umount2(const std::string& path, int flags);

}  // namespace suit::os
