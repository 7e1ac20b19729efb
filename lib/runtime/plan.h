/// \file
/// The launch plan: every system call of a container's start, as a value.
///
/// \see runtime/init/op.h for what an op is, runtime/explain.h for showing it

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/init/op.h"

namespace suit::runtime {

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
  std::string devices_dir;              ///< of its cgroup in v1's devices hierarchy; empty: none
  std::string program;                  ///< args[0], as asked for
  std::vector<std::string> search;      ///< candidate paths of the program, in the order of PATH
  std::uint64_t clone_flags = 0;
  std::uint32_t argv = 0, argc = 0;  ///< see PlanHeader
  std::uint32_t envp = 0, envc = 0;
  std::uint32_t filter = 0, filter_count = 0;  ///< the seccomp program, see PlanHeader
  std::uint32_t device_filter = 0, device_filter_count = 0;  ///< `bpf_insn[]` in the text

  std::string_view string_at(std::uint32_t offset) const {
    return std::string_view(text.data() + offset);
  }
};

/// The plan as text, one op a line: what golden tests compare.
std::string dump_plan(const LaunchPlan& plan);

}  // namespace suit::runtime
