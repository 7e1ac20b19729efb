/// \file
/// From an OCI spec to a running process: facts, plan, launch.
///
///     probe_host() ─┐
///     oci::Spec ────┴─> plan_launch() ──> LaunchPlan ──> launch() ──> Container
///                        pure               │
///                                           └─> explain: text, JSON
///
/// The plan is a flat list of small operations in two lanes: the host's (this process) and the
/// container's (suit-init, a freestanding helper run from a sealed memfd). Nothing else decides
/// anything.
/// \see tutorial 01

#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "oci/spec.h"
#include "os/fd.h"

namespace suit::runtime {

/// A hierarchy of cgroup v1 as it is mounted.
struct CgroupHierarchy {
  std::vector<std::string> controllers;  ///< several where they are mounted together
  std::string dir;                       ///< absolute path of the mount
  friend bool operator==(const CgroupHierarchy&, const CgroupHierarchy&) = default;
};

/// What this host is and lets us do: the other half of a plan's input. A plain value, so that plans
/// are tested without root on any machine.
struct HostFacts {
  bool in_user_namespace = false;  ///< root only in a user namespace: no mknod, no v1 cgroups
  bool root_is_mount = true;       ///< false in a plain chroot, where pivot_root(2) is EINVAL
  std::string cgroup2_dir;  ///< a writable v2 tree for life cycle (`cgroup.kill`); empty: none
  std::vector<std::string> cgroup2_controllers;  ///< that this tree has: none of them is in v1
  std::vector<CgroupHierarchy> cgroup1;          ///< hierarchies of version 1 that are ours to use
  /// Hard limits by RLIMIT_* number, 0 for unknown: without CAP_SYS_RESOURCE none can be raised.
  std::array<std::uint64_t, 16> rlimits_hard{};
  unsigned last_capability = 40;  ///< the kernel's CAP_LAST_CAP
  std::uint64_t bounding = ~std::uint64_t{
      0};  ///< capabilities that we can give, as bits: dropping others is a wasted call
  std::uint64_t ignored_signals =
      0;  ///< as bits, signal n is bit n-1: ignored survives exec, so the child resets these
  bool setgroups_denied = false;  ///< in a user namespace made without privilege
  std::uint32_t mapped_gids =
      ~std::uint32_t{0};  ///< group ids from 0 that exist here: devpts wants gid 5
  std::vector<std::string>
      absent_masked;  ///< masked or read-only paths known to be absent: no calls for them
};
Result<HostFacts> probe_host();

/// What opening a device node of a root file system does.
enum class Nodes {
  Dead,     ///< fails: a disk's node in an image would be the host's disk
  Guarded,  ///< is up to the container's device cgroup; fails on a host without one
};

/// An overlay root file system: what the container writes goes to \p upper.
struct Overlay {
  std::vector<std::string> lower;  ///< absolute host paths, topmost first, up to 500
  std::string upper;
  std::string work;
  bool discard = false;  ///< its content will be thrown away: nothing is ever synced to disk
  Nodes nodes = Nodes::Dead;
};
/// Mounts it detached: a descriptor that no mount table shows, gone when it is closed.
Result<os::Fd> mount_overlay(const Overlay& overlay, const HostFacts& facts);
/// The same for a plain directory (a bundle's rootfs).
/// \param propagation "slave" or "rslave": later mounts of the host below it appear in it
Result<os::Fd> clone_tree(const std::string& path, std::string_view propagation = "");

struct LaunchPlan;     // runtime/plan.h
struct SeccompFilter;  // runtime/seccomp.h

/// Kills what is left in the cgroups of container \p id, and removes them: for one whose monitor
/// died. A cgroup that is not there is no error.
/// \param cgroups_path of its spec; empty: the usual one
Result<void> remove_cgroup(const HostFacts& facts, std::string_view id,
                           std::string_view cgroups_path = "");

/// Computes every operation of a start. Pure: same input, same plan, no file is read.
/// \param id names the container's cgroup: `[a-zA-Z0-9][a-zA-Z0-9_.-]*`
/// \param filter a seccomp filter that is compiled already, for a spec that has none of its own
Result<LaunchPlan> plan_launch(const oci::Spec& spec, const HostFacts& facts, std::string_view id,
                               const SeccompFilter* filter = nullptr);

/// What a launch is given beside its plan.
struct LaunchInputs {
  os::FdRef rootfs;  ///< detached mount of the root (`mount_overlay`, `clone_tree`)
  os::FdRef stdin_;  ///< becomes 0 of the program; so on for 1 and 2
  os::FdRef stdout_;
  os::FdRef stderr_;
  bool die_with_parent = false;  ///< SIGKILL to the container when this process dies
  bool timed = false;            ///< stamp each operation, for explain
  // What only some plans ask for.
  std::optional<os::FdRef> console =
      {};                                ///< socket that takes the master of the program's terminal
  std::optional<os::FdRef> target = {};  ///< pidfd of the process whose container is joined
  /// Of a plan that waits for `start`: what the program reads its start from; the two ends of the
  /// report.
  std::optional<os::FdRef> start = {}, report_read = {}, report_write = {};
  /// Called with the first process's pid when everything is there but the root is not switched yet.
  std::function<Result<void>(pid_t)> at_rendezvous = {};
};

/// How a container ended.
struct ExitStatus {
  int code = 0;             ///< of exit(2), when signal is 0
  int signal = 0;           ///< that killed it, or 0
  bool oom_killed = false;  ///< the kernel killed in it for want of memory
  /// As a shell reports it: 128 + signal, or the code.
  int shell_code() const { return signal != 0 ? 128 + signal : code; }
};

/// When each operation ran, in the order of the plan; empty when not timed.
struct Timeline {
  std::vector<std::chrono::nanoseconds> host;  ///< start of each host-lane op since launch
  std::vector<std::chrono::nanoseconds>
      container;  ///< start of each container-lane op since launch
  /// What each call returned, or -errno; `kNotRun` for one that was left out.
  std::vector<std::int64_t> host_results, container_results;
  std::vector<int> slots;  ///< descriptors as the container lane began, by slot
  static constexpr std::int64_t kNotRun = INT64_MIN;
};

/// A started container: its first process, and its cgroup. Kills and reaps at the end of the scope
/// unless waited for or released.
class [[nodiscard]] Container {
 public:
  Container() = default;  ///< none
  Container(Container&& other) noexcept;
  Container& operator=(Container&& other) noexcept;
  ~Container();

  pid_t pid() const noexcept { return pid_; }
  /// Readable when the process has ended: for poll(2).
  os::FdRef pidfd() const { return pidfd_; }
  const Timeline& timeline() const noexcept { return timeline_; }
  Result<void> kill(int signal) const;
  /// Waits, reaps, kills what is left in the container and removes its cgroup.
  Result<ExitStatus> wait();
  /// The container lives on without this object.
  void release();

 private:
  friend Result<Container> launch(const LaunchPlan& plan, const LaunchInputs& inputs);
  pid_t pid_ = -1;
  os::Fd pidfd_;
  std::string cgroup2_dir_;                ///< the container's own; empty: none
  std::vector<std::string> cgroup1_dirs_;  ///< its own of version 1
  Timeline timeline_;
};

/// Executes the plan. Returns when the program has been exec'ed, or with the operation that failed:
/// its id as the error's step, its call, arguments, errno and a hint. Nothing is left then.
/// \errors step `exec`: ENOENT (program not found), EACCES, ENOEXEC (not executable)
Result<Container> launch(const LaunchPlan& plan, const LaunchInputs& inputs);

}  // namespace suit::runtime
