/// \file
/// Control groups: which of a host's hierarchies a container is in, what is written there, and
/// what can be done to those who are in it.
///
///     oci::Resources ─┐
///     HostFacts ──────┴─> plan_limits() ──> file and text, one line each
///                             pure              ├─> ops of the launch plan
///                                               └─> update_limits() of one that runs
///
/// A controller is mounted as a hierarchy of its own (version 1) or is part of the one tree
/// (version 2); a hybrid host has some here and some there. Each is asked for where it is.
/// \source cgroups(7); Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/ of Linux

#pragma once

#include <linux/bpf.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "oci/resources.h"
#include "runtime/runtime.h"

namespace suit::runtime {

/// A container's own directories in the hierarchies.
struct CgroupDirs {
  std::string v2;               ///< absolute; empty: none
  std::vector<std::string> v1;  ///< absolute, one a hierarchy
  bool empty() const { return v2.empty() && v1.empty(); }
};

/// One text written into one file.
struct CgroupWrite {
  std::string controller;  ///< `memory`; of `unified`: the file's prefix
  bool is_v1 = false;
  std::string file;
  std::string text;
  std::string pointer;  ///< JSON pointer of the member that it comes from
  /// Kernels name some files by their scheduler: where `file` is not there, this one is written.
  std::string other_file = {}, other_text = {};
  bool may_be_absent = false;  ///< a file that not every kernel has, beside one that says the same
};

/// What `linux.resources` means on a host.
struct LimitPlan {
  std::vector<CgroupWrite> writes;
  std::vector<std::string> warnings;  ///< members that this kind of host has no file for
};
/// Pure. Device rules are not among them: see `device_rules`.
/// \errors 0 with a JSON pointer: a limit whose controller the host does not have, or that no
/// kernel accepts
Result<LimitPlan> plan_limits(const oci::Resources& resources, const HostFacts& facts);

/// `cpu.weight` of `cpu.shares`: 2 is 1, 1024 is 100, 262144 is 10000, logarithmic in between.
std::uint64_t weight_of_shares(std::uint64_t shares);

/// The list with which a container's device rules begin: nothing, then \p rules in their order,
/// then what every container may use.
std::vector<oci::DeviceRule> device_rules(std::span<const oci::DeviceRule> rules);
/// A rule as devices.allow takes it: `c 1:3 rwm`, `a`.
std::string device_rule_text(const oci::DeviceRule& rule);
/// The same as a program of the kernel's, for version 2. The last rule that fits decides.
/// \source bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE
std::vector<bpf_insn> device_filter(std::span<const oci::DeviceRule> rules);

/// The hierarchy of version 1 that has \p controller; nullptr: none.
const CgroupHierarchy* find_hierarchy(const HostFacts& facts, std::string_view controller);
/// Whether the host lets us say which devices a container may open.
bool guards_devices(const HostFacts& facts);
/// Where a container is below each hierarchy: \p cgroups_path of its spec, or one of ours.
/// \errors 0 for the root of all
Result<std::string> cgroup_path(std::string_view cgroups_path, std::string_view id);

// What can be done to a container's cgroups.

/// Stops every process where it stands, or lets them go on. Both may be repeated.
/// \errors ETIMEDOUT when some do not stand still
Result<void> freeze_cgroups(const CgroupDirs& dirs);
Result<void> thaw_cgroups(const CgroupDirs& dirs);
/// Has no answer but no for dirs that are gone.
bool is_frozen(const CgroupDirs& dirs);
/// SIGKILL to all in it, frozen or not, also to those who are being born.
Result<void> kill_cgroups(const CgroupDirs& dirs);
/// Kills what is left and removes the directories. Those that are not there are no error.
Result<void> remove_cgroups(const CgroupDirs& dirs);
/// Pids of its processes, as the host numbers them; those of groups below included.
Result<std::vector<pid_t>> cgroup_pids(const CgroupDirs& dirs);

/// Writes limits to a container that runs. Joins hierarchies that it was not in, which adds to
/// \p dirs. What depends on another's value is tried again after the others.
Result<void> update_limits(CgroupDirs& dirs, const std::string& path, const LimitPlan& plan,
                           const HostFacts& facts, bool checks_usage);

/// Whether the kernel killed somebody in it for want of memory.
bool was_oom_killed(const CgroupDirs& dirs);

}  // namespace suit::runtime
