/// \file
/// From a record to a running container, and the process that stays with it.

#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/connection_internal.h"
#include "engine/engine.h"
#include "engine/pump_internal.h"
#include "engine/record.h"
#include "engine/restart_internal.h"
#include "engine/signal_queue_internal.h"
#include "os/fd.h"
#include "os/user.h"
#include "runtime/plan.h"
#include "runtime/runtime.h"

namespace suit::engine {

/// Everything a launch needs, made but not started.
struct Prepared {
  os::Fd rootfs;  ///< detached overlay mount
  runtime::HostFacts facts;
  runtime::LaunchPlan plan;
  std::vector<os::Fd> sources;  ///< of mounts that the plan names by descriptor
};

/// Mounts the root, resolves the user in it, and plans.
/// \param dir the container's directory: upper, work and etc are in it
/// \param lower overlay lower directories, topmost first
Result<Prepared> prepare(const Record& record, const std::string& dir,
                         std::vector<std::string> lower, const Volumes& volumes,
                         const Connection& connection);

/// The program of a container as a spec says it: its environment, its user, Docker's capabilities.
oci::Process make_process(const Record& record, const os::User& user,
                          const runtime::HostFacts& facts);

/// The overlay's lower directories of a container, topmost first; unpacked again if need be.
Result<std::vector<std::string>> lower_dirs(store::Store& store, const Record& record);

/// Lets the overlay of the container in \p dir be mounted again, one that is to be removed at its
/// end too (`volatile`).
Result<void> allow_remount(const std::string& dir);

/// \p path without doubled, trailing and dotted parts.
std::string clean_destination(std::string_view path);

/// What is mounted in a container beside the system's own: binds, tmpfs and volumes, outer before
/// inner.
std::vector<oci::SpecMount> user_mounts(const Record& record, const Volumes& volumes);

/// A container that runs, and what its supervisor holds of it.
struct Launched {
  runtime::LaunchPlan plan;
  runtime::Container container;
  SignalQueue signals;
  Pump pump;
  Connection connection;
};

/// Who sees the program's output beside its log.
enum class Onlooker { None, Caller, CallerExplained };

/// What a supervisor tells its caller.
struct Callbacks {
  /// Once the program has been exec'ed and the state says so; not after a restart.
  std::function<Result<void>()> started;
  /// At the first end, before a restart: the caller need not stay for more.
  std::function<void(const Result<RunResult>&)> ended;
  /// The caller has typed the detach keys: it need not stay either.
  std::function<void()> detached = {};
};

/// The three streams of a program that is about to be launched: pipes, or a terminal of its own.
class Streams {
 public:
  /// \param input whether the program has any
  static Result<Streams> create(bool tty, bool input);
  /// What the launch is given. \param root the slot `rootfs`
  runtime::LaunchInputs inputs(os::FdRef root) const;
  /// After the launch: closes the program's ends, so that their end is its end, and takes the
  /// terminal off its socket.
  Result<Pump> pump(std::optional<LogWriter> log);

 private:
  bool tty_ = false;
  os::Fd in_, input_, console_, console_here_;
  os::Pipe out_, err_;
};

/// Lets the mounts of volumes' subdirectories name descriptors instead; keep them until the mounts
/// are made.
Result<std::vector<os::Fd>> open_subpaths(const Record& record, const Volumes& volumes,
                                          std::vector<oci::SpecMount>& mounts);

/// Stays with one container from launch to removal, and through its restarts.
class Supervisor {
 public:
  Supervisor(Engine& engine, Look look) : engine_(engine), look_(std::move(look)) {}
  /// The result of the first run.
  Result<RunResult> run(Held held, Onlooker onlooker, const Callbacks& callbacks);

 private:
  Result<RunResult> run_once(const Record& record, Onlooker onlooker,
                             const std::function<Result<void>()>& started);
  Result<RunResult> watch(Launched launched, const Record& record, Onlooker onlooker,
                          const std::function<Result<void>()>& started);
  void decide(const Record& record, int exit_code);
  void restart_as_wished(Record& record, const Result<RunResult>& first,
                         const Callbacks& callbacks);
  void finish(const Record& record, os::Lock lock);
  Engine& engine_;
  Look look_;
  std::function<void()> detached_;
  bool may_restart_ = true;
  EndOfRun end_;                                    ///< of the last run
  std::optional<std::chrono::milliseconds> delay_;  ///< before the next run; none: it stays ended
};

}  // namespace suit::engine
