/// \file
/// The process that stays with a container: launches it, moves its output, forwards signals,
/// records the end.
///
/// One poll(2) loop over a handful of descriptors. The container gets pipes, never the caller's own
/// descriptors: a terminal could be typed into from inside (TIOCSTI), and a file could be opened
/// again for writing through /proc/self/fd.
///
///     caller's stdin ──> pipe ──> program ──> pipes ──> caller's stdout, stderr, and the log

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/time.h"
#include "engine/logs.h"
#include "engine/process_internal.h"
#include "engine/supervise_internal.h"
#include "os/process.h"

namespace suit::engine {
namespace {

// 64 KiB: default pipe capacity, pipe(7); more cannot be had in one read.
constexpr std::size_t kChunkBytes = 64 * 1024;

// Signals that the caller of a foreground container means for the program in it.
constexpr std::array kForwarded = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
                                   SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH};

struct Pipe {
  os::Fd read_end;
  os::Fd write_end;
  static Result<Pipe> create() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(errno, "pipe2");
    return Pipe{os::Fd(ends[0]), os::Fd(ends[1])};
  }
};

// Blocks signals for its scope and offers the forwarded ones as a descriptor. A reader of our
// output that has gone is an error of write(2), not our death: SIGPIPE is blocked too.
class SignalQueue {
 public:
  static Result<SignalQueue> create() {
    SignalQueue queue;
    sigset_t wanted;
    ::sigemptyset(&wanted);
    for (int signal : kForwarded)
      ::sigaddset(&wanted, signal);
    sigset_t blocked = wanted;
    ::sigaddset(&blocked, SIGPIPE);
    if (::sigprocmask(SIG_BLOCK, &blocked, &queue.before_) != 0) return fail(errno, "sigprocmask");
    queue.fd_.reset(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!queue.fd_.valid()) return fail(errno, "signalfd");
    return queue;
  }
  SignalQueue(SignalQueue&& other) noexcept = default;
  SignalQueue& operator=(SignalQueue&&) = delete;
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;
  ~SignalQueue() {
    if (!fd_.valid()) return;
    // A SIGPIPE of our own making is pending: taken away, or unblocking it would kill us.
    sigset_t broken_pipe;
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    timespec at_once{};
    while (::sigtimedwait(&broken_pipe, nullptr, &at_once) > 0)
      continue;
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  os::FdRef fd() const { return fd_; }
  /// 0 when none is waiting.
  int next() const {
    signalfd_siginfo info{};
    bool got = ::read(fd_.raw(), &info, sizeof info) == sizeof info;
    return got ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  SignalQueue() { ::sigemptyset(&before_); }
  sigset_t before_{};
  os::Fd fd_;
};

// One of the program's output streams on its way out.
struct Outlet {
  Stream stream = Stream::Stdout;
  os::Fd from;
  int to = -1;    // the caller's descriptor; -1 when nobody looks on
  int error = 0;  // errno of the write that the caller's side refused; a reader that left is none
};

// Writes all of it, or finds that the reader has left. Then the program's own pipe is closed too,
// so that it learns what any program in a pipeline learns: EPIPE.
void write_to_caller(Outlet& outlet, std::string_view bytes) {
  while (outlet.to >= 0 && !bytes.empty()) {
    ssize_t count = ::write(outlet.to, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd room{outlet.to, POLLOUT, 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      outlet.error = errno == EPIPE ? 0 : errno;
      outlet.to = -1;
      outlet.from.reset();
    }
  }
}

// The caller's stdin on its way in. The pipe never blocks us: a program that does not read its
// input must not keep us from reading its output.
class Inlet {
 public:
  Inlet() = default;
  static Result<Inlet> create(os::Fd pipe) {
    if (::fcntl(pipe.raw(), F_SETFL, O_NONBLOCK) != 0) return fail(errno, "fcntl(O_NONBLOCK)");
    Inlet inlet;
    inlet.pipe_ = std::move(pipe);
    return inlet;
  }
  /// What to wait for next: room in the pipe, or bytes from the caller; a closed inlet waits for
  /// none.
  pollfd waits_for() const {
    if (!pipe_.valid()) return {-1, 0, 0};
    if (!pending_.empty()) return {pipe_.raw(), POLLOUT, 0};
    return {STDIN_FILENO, POLLIN, 0};
  }
  void move() {
    if (pending_.empty()) {
      std::array<char, kChunkBytes> chunk;
      ssize_t count = ::read(STDIN_FILENO, chunk.data(), chunk.size());
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
      if (count <= 0) {
        pipe_.reset();  // end of input, passed on
        return;
      }
      pending_.assign(chunk.data(), static_cast<std::size_t>(count));
    }
    ssize_t count = ::write(pipe_.raw(), pending_.data(), pending_.size());
    if (count > 0)
      pending_.erase(0, static_cast<std::size_t>(count));
    else if (count < 0 && errno != EAGAIN && errno != EINTR)
      pipe_.reset();
  }

 private:
  os::Fd pipe_;
  std::string pending_;
};

// The descriptors of a running container, and the loop over them.
class Pump {
 public:
  Pump(std::array<Outlet, 2> outlets, Inlet inlet, std::optional<LogWriter> log)
      : outlets_(std::move(outlets)), inlet_(std::move(inlet)), log_(std::move(log)) {}

  /// Returns when the program has ended and everything it printed is out.
  void run(const runtime::Container& container, const SignalQueue& signals) {
    bool ended = false;
    while (!ended || outlets_[0].from.valid() || outlets_[1].from.valid()) {
      std::array<pollfd, 5> waits = {{{container.pidfd().raw(), POLLIN, 0},
                                      {outlets_[0].from.raw(), POLLIN, 0},
                                      {outlets_[1].from.raw(), POLLIN, 0},
                                      {signals.fd().raw(), POLLIN, 0},
                                      inlet_.waits_for()}};
      // poll(2) passes over negative descriptors: what is finished is not waited for.
      if (ended) waits[0].fd = waits[4].fd = -1;
      if (::poll(waits.data(), waits.size(), -1) < 0) continue;  // EINTR: poll again
      if (waits[0].revents != 0) ended = true;
      if (waits[1].revents != 0) drain(outlets_[0]);
      if (waits[2].revents != 0) drain(outlets_[1]);
      if (waits[3].revents != 0) forward(container, signals);
      if (waits[4].revents != 0) inlet_.move();
    }
    if (log_) note(log_->flush());
  }

  /// Output that could not be delivered is a failure, whatever the program's own code is.
  Result<void> delivered() const {
    for (const Outlet& outlet : outlets_)
      if (outlet.error != 0)
        return fail(outlet.error,
                    outlet.stream == Stream::Stdout ? "write to stdout" : "write to stderr");
    return {};
  }

 private:
  void drain(Outlet& outlet) {
    std::array<char, kChunkBytes> chunk;
    ssize_t count = ::read(outlet.from.raw(), chunk.data(), chunk.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count <= 0) {
      outlet.from.reset();
      return;
    }
    std::string_view bytes(chunk.data(), static_cast<std::size_t>(count));
    write_to_caller(outlet, bytes);
    if (log_) note(log_->write(outlet.stream, bytes));
  }

  // A full disk must not stop the container; the log ends there.
  void note(const Result<void>& logged) {
    if (logged) return;
    SUIT_LOG(Warn, "the log ends here: {}", logged.error().message());
    log_.reset();
  }

  void forward(const runtime::Container& container, const SignalQueue& signals) {
    while (int signal = signals.next()) {
      // Process 1 of a pid namespace ignores what it has no handler for (pid_namespaces(7)):
      // whoever asks a third time means it.
      if ((signal == SIGINT || signal == SIGTERM) && ++requests_ >= 3) signal = SIGKILL;
      if (auto sent = container.kill(signal); !sent)
        SUIT_LOG(Debug, "forward signal {}: {}", signal, sent.error().message());
    }
  }

  std::array<Outlet, 2> outlets_;
  Inlet inlet_;
  std::optional<LogWriter> log_;
  int requests_ = 0;
};

// The record's own list, not the image: the image may have been removed since. Snapshots that a
// power cut has made doubtful are unpacked again, and for that the image must still be there.
Result<std::vector<std::string>> lower_dirs(store::Store& store, const Record& record) {
  auto missing = [&](const digest::Digest& id) { return !store.has_snapshot(id); };
  if (std::ranges::any_of(record.snapshots, missing)) {
    SUIT_LET(store::Image image, store.find_image(record.image_id.text()));
    return store.lower_dirs(image);
  }
  std::vector<std::string> dirs;
  for (const auto& id : record.snapshots)
    dirs.push_back(store.snapshot_dir(id));
  std::ranges::reverse(dirs);
  dirs.push_back(store.scaffold_dir());
  return dirs;
}

Result<State> running_state(const runtime::Container& container) {
  State state;
  state.phase = State::Phase::Running;
  state.pid = container.pid();
  state.monitor_pid = ::getpid();
  SUIT_LET(state.boot_id, os::boot_id());
  SUIT_LET(state.pid_start_ticks, start_ticks(container.pid()));
  state.started = to_rfc3339(now_ns());
  return state;
}

// Docker's codes for a program that never ran.
int failed_start_code(const Error& error) {
  if (error.step() != "exec") return 125;
  return error.code() == ENOENT ? 127 : 126;
}

// Writes what became of it, then lets go: whoever waits for the lock finds the record.
State exited_state(State state, const Result<runtime::ExitStatus>& status) {
  state.phase = State::Phase::Exited;
  state.finished = to_rfc3339(now_ns());
  state.exit_code = status ? status->shell_code() : 255;
  if (!status) state.error = status.error().message();
  return state;
}

}  // namespace

Result<RunResult> Supervisor::run(Held held, Onlooker onlooker,
                                  const std::function<Result<void>()>& started) {
  const Record record = held.record;
  const std::string dir = engine_.container_dir(record.id);
  auto result = launch_and_watch(record, dir, onlooker, started);
  if (!result) {
    State state;
    state.phase = State::Phase::Created;
    state.exit_code = failed_start_code(result.error());
    state.error = result.error().message();
    if (!record.auto_remove)
      if (auto written = os::replace_file(dir + "/state.json", to_json(state)); !written)
        SUIT_LOG(Warn, "{}", written.error().message());
  }
  if (record.auto_remove) {
    auto removed = engine_.remove_held(record);
    if (!removed) SUIT_LOG(Warn, "remove {}: {}", record.name, removed.error().message());
  }
  engine_.unlock(record.id, std::move(held.lock));
  return result;
}

Result<RunResult> Supervisor::launch_and_watch(const Record& record, const std::string& dir,
                                               Onlooker onlooker,
                                               const std::function<Result<void>()>& started) {
  SUIT_LET(std::vector<std::string> lower, lower_dirs(engine_.store_, record));
  SUIT_LET(Prepared prepared, prepare(record, dir, std::move(lower)));
  SUIT_LET(SignalQueue signals, SignalQueue::create());
  SUIT_LET(Pipe out, Pipe::create());
  SUIT_LET(Pipe err, Pipe::create());
  SUIT_LET(os::Fd input, os::open_at(os::FdRef::cwd(), "/dev/null", O_RDONLY));
  Inlet inlet;
  if (record.interactive && onlooker != Onlooker::None) {
    SUIT_LET(Pipe in, Pipe::create());
    input = std::move(in.read_end);
    SUIT_LET(inlet, Inlet::create(std::move(in.write_end)));
  }
  std::optional<LogWriter> log;
  if (!record.auto_remove || onlooker == Onlooker::None) {
    SUIT_LET(log, LogWriter::create(dir + "/log.json"));
  }

  runtime::LaunchInputs inputs{prepared.rootfs, input, out.write_end, err.write_end};
  inputs.die_with_parent = true;
  inputs.timed = onlooker == Onlooker::CallerExplained;
  SUIT_LET(runtime::Container container, runtime::launch(prepared.plan, inputs));
  // Only the program holds these now: their end is its end.
  out.write_end.reset();
  err.write_end.reset();
  input.reset();
  SUIT_LET(State state, running_state(container));
  SUIT_TRY(os::replace_file(dir + "/state.json", to_json(state)));
  SUIT_TRY(started());

  bool looked_at = onlooker != Onlooker::None;
  Pump pump({Outlet{Stream::Stdout, std::move(out.read_end), looked_at ? STDOUT_FILENO : -1},
             Outlet{Stream::Stderr, std::move(err.read_end), looked_at ? STDERR_FILENO : -1}},
            std::move(inlet), std::move(log));
  pump.run(container, signals);
  runtime::Timeline timeline = container.timeline();
  Result<runtime::ExitStatus> status = container.wait();
  if (!record.auto_remove)
    SUIT_TRY(os::replace_file(dir + "/state.json", to_json(exited_state(state, status)), 0600,
                              os::Durable::Yes));
  if (!status) return std::unexpected(std::move(status).error());
  if (status->shell_code() == 0) SUIT_TRY(pump.delivered());
  RunResult result{*status, std::nullopt};
  if (onlooker == Onlooker::CallerExplained)
    result.explanation = Explanation{std::move(prepared.plan), std::move(timeline)};
  return result;
}

}  // namespace suit::engine
