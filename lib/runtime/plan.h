/// \file
/// The launch plan: every system call of a container's start, as a value.
///
/// \see runtime/init/op.h for what an op is, runtime/explain.h for showing it

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "oci/process.h"
#include "runtime/init/op.h"
#include "runtime/runtime.h"

namespace suit::runtime {

/// A user namespace that a launch makes for its maps alone: the mapping of an id-mapped mount.
struct UserMapping {
  std::vector<oci::IdMapping> uids, gids;
  std::uint32_t userns_fd = 0;  ///< text offset of the u64 that takes its descriptor
};

/// A tmpfs that starts with what the image has at its place (`tmpcopyup`): filled before the clone.
struct CopyUp {
  std::string destination;
  std::uint8_t mount = 0;  ///< slot
};

/// A directory that a plan makes in a hierarchy of cgroup v1.
struct Cgroup1Dir {
  std::string path;           ///< absolute
  std::uint32_t made_by = 0;  ///< host-lane ops after which it is ours
};

/// Two lists of system calls, and what their arguments refer to.
///
/// The host lane runs in this process; its ops marked `kWhenInChild` run in the cloned child before
/// the helper replaces it. The container lane runs in the helper.
struct LaunchPlan {
  std::string id;
  std::vector<Op> host;
  std::vector<Op> container;
  std::string text;  ///< NUL-terminated strings, and structs at 8-aligned offsets
  std::vector<std::string> slot_names;  ///< for people: `rootfs`, `mount /proc`
  std::vector<std::string> warnings;    ///< where the host gives less than the spec asks for
  std::string cgroup_dir;               ///< absolute path of the container's v2 cgroup; empty: none
  std::uint32_t cgroup_made_by = 0;     ///< host-lane ops after which that is ours
  std::vector<Cgroup1Dir> cgroup1_dirs;  ///< its cgroups of version 1
  std::string cgroup_path;               ///< where all of them are below their hierarchies
  std::string program;                   ///< args[0], as asked for
  std::vector<std::string> search;       ///< candidate paths of the program, in the order of PATH
  std::uint64_t clone_flags = 0;
  std::uint32_t argv = 0, argc = 0;  ///< see PlanHeader
  std::uint32_t envp = 0, envc = 0;
  std::uint32_t filter = 0, filter_count = 0;  ///< the seccomp program, see PlanHeader
  std::uint32_t device_filter = 0, device_filter_count = 0;  ///< `bpf_insn[]` in the text
  std::vector<std::uint32_t> pointers;  ///< text offsets of words that hold text offsets
  std::vector<UserMapping> user_mappings;
  std::vector<CopyUp> copies;
  bool waits_for_start = false;     ///< two steps: the program waits for `start`
  bool clones_into_target = false;  ///< born in the pid namespace of the container that it joins
  bool owns_cgroup = true;          ///< its cgroup ends with it

  std::string_view string_at(std::uint32_t offset) const {
    return std::string_view(text.data() + offset);
  }
};

/// How a start differs from `run` in the foreground.
struct PlanOptions {
  bool waits_for_start = false;  ///< create now, start later: the program waits before its exec
  bool has_pivot = true;     ///< false: chroot only, where the root file system is the initramfs
  bool new_keyring = false;  ///< a session keyring of its own
  std::string program = {};  ///< path of what is executed; empty: the first argument
  const SeccompFilter* filter = nullptr;  ///< compiled already, for a spec that has none
  unsigned preserved_fds = 0;  ///< descriptors from 3 on that the program gets as they are
};
Result<LaunchPlan> plan_launch(const oci::Spec& spec, const HostFacts& facts, std::string_view id,
                               const PlanOptions& options);

/// A container that another process is to join.
struct ExecTarget {
  std::string id;
  std::uint64_t namespaces = 0;  ///< `CLONE_NEW*` bits: those that differ from ours
  std::string cgroup_dir;
  std::vector<std::string> cgroup1_dirs;
  /// Before the container's root is its own: the root is what the slot `rootfs` holds.
  bool is_before_pivot = false;
};
/// Plans a process in a running container: one setns(2) into its namespaces, then the same calls
/// that the first process was made with. The slot `target` is the first process's pidfd.
/// \param spec its `process` is what runs; the rest is the container's
Result<LaunchPlan> plan_exec(const oci::Spec& spec, const HostFacts& facts,
                             const ExecTarget& target, const PlanOptions& options);

/// `CLONE_NEW*` bits of the namespaces that \p spec gives a container, made or joined.
std::uint64_t namespaces_of(const oci::Spec& spec);

/// The plan as text, one op a line: what golden tests compare.
std::string dump_plan(const LaunchPlan& plan);

}  // namespace suit::runtime
