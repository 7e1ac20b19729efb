/// \file
/// Parts of `probe_host`.

#pragma once

#include <string>
#include <string_view>

#include "runtime/runtime.h"

namespace suit::runtime {

/// What mountinfo, /proc/self/cgroup and a look at the directories say about cgroups.
struct CgroupMounts {
  std::string cgroup2;  ///< mount point of the v2 tree; empty: none
  std::vector<CgroupHierarchy> cgroup1;
};
/// Pure. Hierarchies without a controller (`name=systemd`) are left out.
/// \param mountinfo text of /proc/self/mountinfo
CgroupMounts parse_cgroup_mounts(std::string_view mountinfo);

void probe_cgroups(HostFacts& facts);

}  // namespace suit::runtime
