/// \file
/// Mount options: words of mount(8) as the kernel's attributes.
/// \source OCI runtime-spec, config.md, "Linux mount options"; mount_setattr(2)

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "oci/spec.h"

namespace suit::runtime {

/// A mount's options, sorted by who takes them.
struct MountOptions {
  bool bind = false;
  bool recursive_bind = false;  ///< `rbind`: with what is mounted below
  std::uint64_t set = 0;        ///< `MOUNT_ATTR_*` of the mount itself
  std::uint64_t clear = 0;
  std::uint64_t recursive_set = 0;  ///< of the mount and all below: `rro`, `rnosuid`, …
  std::uint64_t recursive_clear = 0;
  std::uint64_t propagation = 0;  ///< `MS_PRIVATE`, …; 0: not given
  bool recursive_propagation = false;
  bool remount = false;             ///< attributes of what is mounted there already
  bool copies_up = false;           ///< `tmpcopyup`: the tmpfs starts with the image's files
  bool maps_ids = false;            ///< `idmap`, `ridmap`: ids of the mount are the container's
  bool maps_below = false;          ///< `ridmap`: of what is mounted below as well
  bool follows_source = true;       ///< false: `src-nofollow`
  bool follows_destination = true;  ///< false: `dest-nofollow`
  std::vector<std::pair<std::string, std::string>>
      data;  ///< for the file system: `size=64m`; flags have no value
};

/// \errors 0 for an option that we know and do not support, by name
Result<MountOptions> parse_mount_options(const oci::SpecMount& mount);

/// Every word that `parse_mount_options` gives a meaning to, sorted.
std::vector<std::string> known_mount_options();

}  // namespace suit::runtime
