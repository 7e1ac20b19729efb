/// \file
/// Ops that act on paths of the container's root.
///
/// Each path is resolved by the kernel with the root as `/` (openat2, RESOLVE_IN_ROOT): a symlink
/// of the image cannot lead out, whoever swaps it when.

#pragma once

#include <linux/mount.h>

#include <cstdint>
#include <string_view>

#include "runtime/builder_internal.h"

namespace suit::runtime {

/// move_mount() of what two descriptors name.
inline constexpr unsigned kBothEmpty = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;

/// Whether symlinks on the way are followed (inside the root) or refused.
enum class Symlinks { Follow, Refuse };

/// `openat2(rootfs, path, {flags}) -> result`
Op& open_in_root(Builder& b, std::string_view path, std::uint64_t flags, Symlinks symlinks,
                 std::uint8_t result);

/// Opens the directory \p path in the root, making what is missing. Slot of the directory.
std::uint8_t make_dirs_in_root(Builder& b, std::string_view path);

/// How a mount gets to its place.
struct Attachment {
  std::uint8_t source = kSlotNone;  ///< detached mount
  std::string_view destination;     ///< clean absolute path in the root
  Symlinks symlinks = Symlinks::Follow;
  bool may_be_file = false;  ///< a bind's source: a missing mount point is made to match
};
/// Attaches a detached mount, making a missing mount point.
void attach_in_root(Builder& b, const Attachment& attachment);

}  // namespace suit::runtime
