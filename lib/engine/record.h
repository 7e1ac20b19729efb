/// \file
/// A container as it is kept on disk, and as `ps` sees it.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "digest/digest.h"
#include "engine/limits.h"
#include "engine/network.h"
#include "gpu/request.h"
#include "oci/image.h"
#include "oci/spec.h"
#include "runtime/cgroup.h"

namespace suit::engine {

/// A named volume in a container.
struct VolumeMount {
  std::string name;
  std::string destination;  ///< absolute path in the container
  std::string subpath;      ///< directory of the volume that is shown; empty: all of it
  std::string propagation;  ///< as `--mount` says it; empty: rprivate
  bool read_only = false;
  bool anonymous = false;  ///< made for this container: `rm -v` takes it along
};

/// What happens when the program ends without having been asked to.
struct RestartPolicy {
  enum class When { No, OnFailure, Always, UnlessStopped };
  When when = When::No;
  int most = 0;  ///< of OnFailure: how often at most; 0: without end
  friend bool operator==(const RestartPolicy&, const RestartPolicy&) = default;
};

/// Where a container's output is kept. `json-file` turns over: at most size times files of it stay.
struct LogOptions {
  std::string driver = "json-file";  ///< or `none`
  std::uint64_t max_size_bytes = 100'000'000;
  std::uint32_t max_files = 1;
  std::map<std::string, std::string> given;  ///< as `--log-opt` said it
};

/// container.json: everything a start needs, decided by `create`; `rename` and `update` replace it.
struct Record {
  std::string id;       ///< 64 lower-case hex digits
  std::string name;     ///< \shape `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, at most 128
  std::string created;  ///< \shape RFC 3339
  std::string image;    ///< as it was asked for
  digest::Digest image_id;
  std::vector<digest::Digest>
      snapshots;                  ///< chain ids, lowest first: garbage collection keeps them
  std::vector<std::string> args;  ///< entrypoint and command, joined
  std::vector<std::string> env;
  std::string working_dir;
  std::string user;  ///< as asked; resolved against the root's passwd at every start
  std::string hostname;
  bool host_network = false;  ///< of `network.mode`
  NetworkSettings network;
  bool read_only = false;
  bool auto_remove = false;
  bool interactive = false;  ///< its input stays open
  bool tty = false;          ///< it has a terminal in place of three pipes
  std::string stop_signal = "SIGTERM";
  std::map<std::string, std::string> labels;
  std::vector<oci::SpecMount> mounts;
  std::vector<VolumeMount> volumes;
  std::optional<std::vector<std::string>> entrypoint, cmd;  ///< what `args` is made of
  std::string domainname;
  std::vector<std::string> extra_hosts;  ///< \shape `name:address`
  std::vector<std::string> dns, dns_search, dns_options;
  std::vector<std::string> group_add;          ///< names or numbers
  std::uint64_t shm_size_bytes = 64ULL << 20;  ///< of /dev/shm
  std::optional<int> stop_timeout_s;           ///< none: 10; negative: as long as it takes
  std::vector<std::string> exposed_ports;      ///< \shape `80/tcp`
  RestartPolicy restart;
  LogOptions log;
  Limits limits;
  gpu::Request devices;  ///< looked up at every start: what the host has may change
};

/// state.json: what happened to it last.
struct State {
  /// Restarting: its monitor waits before the next start. Paused and Dead (the record cannot be
  /// read) are never written to disk: they are seen.
  enum class Phase { Created, Running, Paused, Restarting, Exited, Dead };
  Phase phase = Phase::Created;
  pid_t pid = 0;  ///< of the container's first process, in the host's numbers
  pid_t monitor_pid = 0;
  std::string boot_id;                ///< pids mean nothing after a reboot
  std::uint64_t pid_start_ticks = 0;  ///< field 22 of /proc/PID/stat: tells a reused pid
  std::string started;                ///< \shape RFC 3339
  std::string finished;               ///< \shape RFC 3339
  int exit_code = 0;
  std::string error;                      ///< why it could not start, or what became of its monitor
  int restart_count = 0;                  ///< by its restart policy, since it was started by hand
  bool oom_killed = false;                ///< the kernel killed in it for want of memory
  std::string cgroup_dir;                 ///< absolute path in the cgroup v2 tree; empty: none
  std::vector<std::string> cgroup1_dirs;  ///< in hierarchies of version 1
  runtime::CgroupDirs cgroups() const { return {cgroup_dir, cgroup1_dirs}; }

  /// Whether a monitor looks after it: it runs, is paused, or is about to run again.
  bool lives() const {
    return phase == Phase::Running || phase == Phase::Paused || phase == Phase::Restarting;
  }
};

/// One line of `ps`.
struct Status {
  Record record;
  State state;
  NetworkState network = {};  ///< empty when it does not run
};

Result<Record> parse_record(std::string_view text);
std::string to_json(const Record& record);
Result<State> parse_state(std::string_view text);
std::string to_json(const State& state);

/// `created`, `running`, `exited`: Docker's words.
std::string_view name_of(State::Phase phase);

/// `no`, `on-failure`, `always`, `unless-stopped`
std::string_view name_of(RestartPolicy::When when);
/// `always`, `on-failure:5`; "" is `no`.
/// \errors 0 in Docker's words
Result<RestartPolicy> parse_restart(std::string_view text);

/// \errors 0 with the rule that \p name breaks, Docker's words.
Result<void> check_name(std::string_view name);
/// Two words that nobody minds: `brave_comet`.
std::string make_name();

/// `SIGTERM`, `term`, `15` → 15.
/// \errors 0: `invalid signal: "FOO"`
Result<int> parse_signal(std::string_view text);

}  // namespace suit::engine
