/// \file
/// Processes by descriptor, and running a program to its end.
/// \see pidfd_open(2), waitid(2), posix_spawn(3)

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/fd.h"

namespace suit::os {

/// How a process ended.
struct WaitStatus {
  int code = 0;    ///< of exit(2), when signal is 0
  int signal = 0;  ///< that killed it, or 0
  /// As a shell reports it: 128 + signal, or the code.
  int shell_code() const { return signal != 0 ? 128 + signal : code; }
};

/// The id of the running kernel's boot: pids and unsynced files mean nothing under another one.
/// \source /proc/sys/kernel/random/boot_id, random(4)
Result<std::string> boot_id();

Result<Fd> pidfd_open(pid_t pid);
Result<void> pidfd_send_signal(FdRef pidfd, int signal);
/// Waits for a child and reaps it.
Result<WaitStatus> wait_pidfd(FdRef pidfd);

/// What a program is started with.
struct SpawnOptions {
  std::vector<std::string> env;          ///< \shape `NAME=value`
  std::optional<std::string> directory;  ///< to start in; none: ours
  std::optional<std::string> program;    ///< path of what is executed; none: the first argument
  // Descriptors that become 0, 1 and 2; none: ours.
  std::optional<FdRef> stdin_, stdout_, stderr_;
};

/// A started process. Kills and reaps it at the end of the scope, unless waited for or released.
class [[nodiscard]] Child {
 public:
  /// Starts \p args[0], a path. Signals are unblocked and at their defaults in it.
  static Result<Child> spawn(const std::vector<std::string>& args,
                             const SpawnOptions& options = {});
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t pid() const noexcept { return pid_; }
  /// Readable when the process has ended: for poll(2).
  FdRef pidfd() const { return pidfd_; }
  Result<void> kill(int signal) const { return pidfd_send_signal(pidfd_, signal); }
  Result<WaitStatus> wait();
  /// The process lives on without this object.
  void release() { pidfd_.reset(); }

 private:
  Child(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  void end();
  pid_t pid_;
  Fd pidfd_;
};

/// A program's whole output.
struct Captured {
  WaitStatus status;
  std::string out;
  std::string err;
};

/// Limits of `run_and_capture`.
struct CaptureLimits {
  std::size_t output_bytes = 1U << 20;  ///< of each stream
  std::chrono::milliseconds time = std::chrono::minutes(1);
};

/// Runs a program to its end with \p input on its stdin.
/// \errors ETIMEDOUT or EFBIG when it exceeds \p limits: it is killed then.
Result<Captured> run_and_capture(const std::vector<std::string>& args, std::string_view input = {},
                                 SpawnOptions options = {}, CaptureLimits limits = {});

}  // namespace suit::os
