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
#include "gpu/request.h"
#include "oci/image.h"
#include "oci/spec.h"

namespace suit::engine {

/// container.json: everything a start needs, decided once by `create`.
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
  bool host_network = false;
  bool read_only = false;
  bool auto_remove = false;
  bool interactive = false;
  std::string stop_signal = "SIGTERM";
  std::map<std::string, std::string> labels;
  std::vector<oci::SpecMount> mounts;
  gpu::Request devices;  ///< looked up at every start: what the host has may change
};

/// state.json: what happened to it last.
struct State {
  /// Dead: the record cannot be read; never written to disk.
  enum class Phase { Created, Running, Exited, Dead };
  Phase phase = Phase::Created;
  pid_t pid = 0;  ///< of the container's first process, in the host's numbers
  pid_t monitor_pid = 0;
  std::string boot_id;                ///< pids mean nothing after a reboot
  std::uint64_t pid_start_ticks = 0;  ///< field 22 of /proc/PID/stat: tells a reused pid
  std::string started;                ///< \shape RFC 3339
  std::string finished;               ///< \shape RFC 3339
  int exit_code = 0;
  std::string error;  ///< why it could not start, or what became of its monitor
};

/// One line of `ps`.
struct Status {
  Record record;
  State state;
};

Result<Record> parse_record(std::string_view text);
std::string to_json(const Record& record);
Result<State> parse_state(std::string_view text);
std::string to_json(const State& state);

/// `created`, `running`, `exited`: Docker's words.
std::string_view name_of(State::Phase phase);

/// \errors 0 with the rule that \p name breaks, Docker's words.
Result<void> check_name(std::string_view name);
/// Two words that nobody minds: `brave_comet`.
std::string make_name();

/// `SIGTERM`, `term`, `15` → 15.
/// \errors 0: `invalid signal: "FOO"`
Result<int> parse_signal(std::string_view text);

}  // namespace suit::engine
