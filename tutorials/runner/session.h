/// \file
/// One shell for one lesson: commands go in one at a time, output and exit code come out, and a
/// command that hangs is ended. What it leaves behind is counted.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/fd.h"

namespace suit::lesson {

/// How one command went.
struct Outcome {
  std::string output;  ///< standard output and error, as a terminal would show them
  int exit_code = 0;
  bool timed_out = false;
  bool ended_shell = false;  ///< the command was the shell's last, such as `exit`
};

/// A bash without start-up files, in a session of its own, that runs in \p directory. Variables and
/// the working directory live from command to command, as for a reader who types them.
///
/// This process becomes a subreaper: whatever the shell's descendants leave running becomes its
/// child, so nothing can escape the count by forking twice. At most one Session at a time.
class [[nodiscard]] Session {
 public:
  /// \param environment everything that the shell sees: nothing of ours is inherited
  static Result<Session> start(const std::string& directory,
                               const std::map<std::string, std::string>& environment);
  Session(Session&& other) noexcept;
  Session& operator=(Session&&) = delete;
  ~Session();

  Result<Outcome> run(const std::string& command, std::chrono::milliseconds timeout);

  /// Ends the shell. What then still runs, one line each, such as `process 41 (sleep 99)`; all of
  /// it is killed.
  std::vector<std::string> end();

 private:
  Session() = default;
  Result<Outcome> collect(std::chrono::milliseconds timeout);
  void drain(Outcome& outcome);

  os::Fd commands_;
  os::Fd status_;
  os::Fd output_;
  pid_t shell_ = -1;
};

}  // namespace suit::lesson
