/// \file
/// Starting a container under a monitor of its own, and staying with it or not.
///
/// The monitor is a fork of this process in a session of its own. It reports on a pipe, one JSON
/// object a line: first that the program runs or why it does not, and last how it ended. A caller
/// that stays only passes its signals on; the monitor itself reads the caller's stdin and writes to
/// its stdout and stderr, so a caller that is killed takes nothing with it.

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include <fmt/format.h>

#include "engine/engine.h"
#include "engine/json_internal.h"
#include "engine/process_internal.h"
#include "engine/signal_queue_internal.h"
#include "engine/supervise_internal.h"
#include "oci/json.h"
#include "runtime/console.h"

namespace suit::engine {
namespace {

// One line a report: an error's texts are bounded well below this.
constexpr std::size_t kReportBytes = 64 * 1024;

constexpr std::string_view kRuns = R"({"runs":true})";
constexpr std::string_view kDetached = R"({"detached":true})";

std::string pack(const Error& error) {
  oci::Json object = oci::Json::object();
  object.set("code", error.code()).set("what", error.what()).set("hint", error.hint());
  object.set("step", error.step());
  return object.dump();
}

std::string pack(const runtime::ExitStatus& status) {
  oci::Json object = oci::Json::object();
  object.set("exit", status.code).set("signal", status.signal).set("oom", status.oom_killed);
  return object.dump();
}

runtime::ExitStatus status_of(const oci::Json& object) {
  const oci::Json* oom = object.find("oom");
  return {static_cast<int>(number(object, "exit")), static_cast<int>(number(object, "signal")),
          oom && oom->as_bool().value_or(false)};
}

// A monitor that ends without a last word was killed: that is no exit code of the program's.
Result<runtime::ExitStatus> unpack(std::string_view line, std::string_view name) {
  auto object = oci::parse_json(line);
  if (object && object->find("exit")) return status_of(*object);
  if (object && object->find("what"))
    return std::unexpected(
        Error(static_cast<int>(number(*object, "code")), object->string_or("what"))
            .with_hint(object->string_or("hint"))
            .with_step(object->string_or("step")));
  return fail(
      EPIPE,
      fmt::format("the monitor of container {} was killed, and with it the container", name));
}

// Leaves the caller's terminal behind, and its files unless `onlooker` wants its output there;
// keeps only the two descriptors that it needs.
void detach(Onlooker onlooker, int report, int lock) {
  ::setsid();
  if (::chdir("/") != 0) ::_exit(1);
  if (onlooker == Onlooker::None) {
    int null = ::open("/dev/null", O_RDWR);  // NOLINT(android-cloexec-open): becomes 0, 1, 2
    for (int fd : {0, 1, 2})
      if (::dup2(null, fd) < 0) ::_exit(1);
  }
  auto [low, high] = std::minmax(report, lock);
  auto close_between = [](int from, int to) {
    if (from <= to) ::close_range(static_cast<unsigned>(from), static_cast<unsigned>(to), 0);
  };
  close_between(3, low - 1);
  close_between(low + 1, high - 1);
  ::close_range(static_cast<unsigned>(high) + 1, ~0U, 0);
}

void report(const os::Fd& to_caller, std::string line) {
  os::FdWriter writer(to_caller);
  (void)writer.write(bytes_of(line += '\n'));  // the caller may be gone: all is recorded by then
}

// The monitor's whole life.
[[noreturn]] void be_monitor(Engine& engine, Held held, Onlooker onlooker, const Look& look,
                             os::Fd to_caller) {
  detach(onlooker, to_caller.raw(), held.lock.fd().raw());
  // A caller that has gone is an error of write(2), not the monitor's end.
  sigset_t broken_pipe{};
  ::sigemptyset(&broken_pipe);
  ::sigaddset(&broken_pipe, SIGPIPE);
  ::sigprocmask(SIG_BLOCK, &broken_pipe, nullptr);
  // The lock's text names its holder: that is us now.
  auto named = write_holder(held.lock);
  Callbacks callbacks;
  callbacks.started = [&]() -> Result<void> {
    report(to_caller, std::string(kRuns));
    return {};
  };
  callbacks.detached = [&] {
    report(to_caller, std::string(kDetached));
    to_caller.reset();
    // Nothing of the caller's terminal may be held any longer.
    const os::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (int fd : {0, 1, 2})
      ::dup2(null.raw(), fd);
  };
  callbacks.ended = [&](const Result<RunResult>& result) {
    if (!to_caller.valid()) return;
    report(to_caller, result ? pack(result->status) : pack(result.error()));
    to_caller.reset();
  };
  auto result = Supervisor(engine, look).run(std::move(held), onlooker, callbacks);
  if (to_caller.valid()) callbacks.ended(result);
  ::_exit(named && result ? 0 : 1);
}

// The caller's end of a monitor: its reports, line by line, and its death.
class Monitor {
 public:
  static Result<Monitor> start(Engine& engine, Held held, Onlooker onlooker, const Look& look) {
    SUIT_LET(os::Pipe pipe, os::Pipe::create());
    std::string name = held.record.name;
    bool lives_on = held.record.restart.when != RestartPolicy::When::No;
    pid_t pid = ::fork();
    if (pid < 0) return fail(errno, "fork");
    if (pid == 0) be_monitor(engine, std::move(held), onlooker, look, std::move(pipe.write_end));
    return Monitor(pid, std::move(pipe.read_end), std::move(name), lives_on);
  }

  os::FdRef reports() const { return reports_; }
  void send(int signal) const { ::kill(pid_, signal); }  // our child, not yet reaped

  /// The next line; empty when the monitor has ended.
  Result<std::string> next() {
    std::size_t end = 0;
    while ((end = text_.find('\n')) == std::string::npos) {
      std::array<char, 4096> chunk;
      ssize_t count = ::read(reports_.raw(), chunk.data(), chunk.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0)
        return fail(errno, fmt::format("read from the monitor of container {}", name_));
      if (count == 0 || text_.size() > kReportBytes) return std::string();
      text_.append(chunk.data(), static_cast<std::size_t>(count));
    }
    std::string line = text_.substr(0, end);
    text_.erase(0, end + 1);
    return line;
  }
  bool has_line() const { return text_.find('\n') != std::string::npos; }

  /// The end of its container, from the last line; reaps the monitor.
  /// One that restarts its container lives on: who has a result does not wait for it.
  Result<runtime::ExitStatus> end(std::string_view line) const {
    auto result = unpack(line, name_);
    while (!lives_on_ && ::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR)
      continue;
    return result;
  }

 private:
  Monitor(pid_t pid, os::Fd reports, std::string name, bool lives_on)
      : pid_(pid), reports_(std::move(reports)), name_(std::move(name)), lives_on_(lives_on) {}
  pid_t pid_;
  os::Fd reports_;
  std::string name_;
  std::string text_;
  bool lives_on_;
};

}  // namespace

Result<RunResult> Engine::run_attached(Held held, Explain explain, const Look& look) {
  // Restored at the end of the scope: the monitor leaves by _exit(2) and never does it.
  const runtime::RawMode raw(held.record.tty && held.record.interactive && look.input ? STDIN_FILENO
                                                                                      : -1);
  // An explanation is of this process's own calls: no monitor then.
  if (explain == Explain::Yes)
    return Supervisor(*this, look)
        .run(std::move(held), Onlooker::CallerExplained,
             {[]() -> Result<void> { return {}; }, [](const auto&) {}});
  // Blocked before the fork: a signal that comes meanwhile is not lost.
  SUIT_LET(SignalQueue signals, SignalQueue::create());
  SUIT_LET(Monitor monitor, Monitor::start(*this, std::move(held), Onlooker::Caller, look));
  while (true) {
    std::array<pollfd, 2> waits = {
        {{monitor.reports().raw(), POLLIN, 0}, {signals.fd().raw(), POLLIN, 0}}};
    if (!monitor.has_line() && ::poll(waits.data(), waits.size(), -1) < 0) continue;  // EINTR
    if (waits[1].revents != 0)
      while (int signal = signals.next()) {
        if (look.sig_proxy || signal == SIGWINCH)
          monitor.send(signal);
        else
          return RunResult{{}, std::nullopt, true};  // who does not pass them on leaves by them
      }
    if (waits[0].revents == 0 && !monitor.has_line()) continue;
    SUIT_LET(std::string line, monitor.next());
    if (line == kRuns) continue;
    if (line == kDetached) return RunResult{{}, std::nullopt, true};
    SUIT_LET(runtime::ExitStatus status, monitor.end(line));
    return RunResult{status, std::nullopt, false};
  }
}

Result<void> Engine::start_detached(Held held) {
  SUIT_LET(Monitor monitor, Monitor::start(*this, std::move(held), Onlooker::None, {}));
  SUIT_LET(std::string line, monitor.next());
  if (line == kRuns) return {};
  SUIT_LET([[maybe_unused]] runtime::ExitStatus never_ran, monitor.end(line));
  return {};
}

}  // namespace suit::engine
