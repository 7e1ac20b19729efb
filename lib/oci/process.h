/// \file
/// A process as the OCI runtime-spec describes it: whose it is, what it may, what it runs.
/// \source OCI runtime-spec v1.2: config.md, "Process"

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace suit::oci {

struct SpecUser {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> additional_gids;
  std::optional<std::uint32_t> umask;
};

struct Rlimit {
  std::string type;  ///< \shape `RLIMIT_NOFILE`
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

/// Capability names such as `CAP_CHOWN`, one list for each set of capabilities(7).
struct Capabilities {
  std::vector<std::string> bounding, effective, inheritable, permitted, ambient;
};

/// Scheduling of sched_setattr(2).
struct Scheduler {
  std::string policy;  ///< \shape `SCHED_OTHER`
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::vector<std::string> flags = {};                  ///< \shape `SCHED_FLAG_RESET_ON_FORK`
  std::uint64_t runtime = 0, deadline = 0, period = 0;  ///< \unit{ns}
};

/// Priority of ioprio_set(2).
struct IoPriority {
  std::string klass;  ///< \shape `IOPRIO_CLASS_BE`
  int priority = 0;   ///< 0 to 7
};

struct ConsoleSize {
  std::uint16_t height = 0, width = 0;  ///< \unit{characters}
};

/// What a process is: the container's first one, or another of `exec`.
struct Process {
  bool terminal = false;
  SpecUser user;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd = "/";
  Capabilities capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::optional<int> oom_score_adj;
  std::optional<ConsoleSize> console_size = {};
  std::string apparmor_profile = {};
  std::string selinux_label = {};
  std::optional<Scheduler> scheduler = {};
  std::optional<IoPriority> io_priority = {};
};

struct IdMapping {
  std::uint32_t container_id = 0;
  std::uint32_t host_id = 0;
  std::uint32_t size = 0;
};

/// The `process` member alone: what `exec --process` is given.
/// \errors as `parse_spec`
Result<Process> parse_process(std::string_view text);

}  // namespace suit::oci
