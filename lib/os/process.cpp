#include "os/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "os/file.h"
#include "os/raw.h"

namespace suit::os {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  // posix_spawn promises not to write through these.
  for (const std::string& text : texts)
    out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// The attributes and file actions of one posix_spawn, destroyed with it.
struct SpawnSetup {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  SpawnSetup() {
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_init(&actions);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }
};

// One stream of a running program: what it still gets, or what it has said.
struct Stream {
  Fd fd;
  std::string text;
  std::size_t written = 0;
};

// Moves what poll says is ready; false when the output is above its limit.
bool pump_output(Stream& stream, std::size_t limit_bytes) {
  std::array<char, 16384> buffer;
  ssize_t count = ::read(stream.fd.raw(), buffer.data(), buffer.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (count <= 0) {
    stream.fd.reset();
    return true;
  }
  stream.text.append(buffer.data(), static_cast<std::size_t>(count));
  return stream.text.size() <= limit_bytes;
}

void pump_input(Stream& stream) {
  ssize_t count = ::write(stream.fd.raw(), stream.text.data() + stream.written,
                          stream.text.size() - stream.written);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  // EPIPE: the program does not want the rest, and its exit status will say whether that is wrong.
  if (count > 0) stream.written += static_cast<std::size_t>(count);
  if (count < 0 || stream.written == stream.text.size()) stream.fd.reset();
}

// A write to a program that has gone raises SIGPIPE: blocked here, and taken off the queue after.
class NoSigpipe {
 public:
  NoSigpipe() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe() {
    timespec now{};
    if (::sigismember(&before_, SIGPIPE) == 0) ::sigtimedwait(&pipe_, nullptr, &now);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_;
  sigset_t before_;
};

Result<void> pump(std::array<Stream, 3>& streams, CaptureLimits limits) {
  auto end = std::chrono::steady_clock::now() + limits.time;
  while (true) {
    std::array<pollfd, 3> waits;
    for (std::size_t i = 0; i < streams.size(); ++i)
      waits[i] = {streams[i].fd.raw(), static_cast<short>(i == 0 ? POLLOUT : POLLIN), 0};
    if (std::ranges::none_of(streams, [](const Stream& s) { return s.fd.valid(); })) return {};
    auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return fail(ETIMEDOUT, fmt::format("still running after {} ms", limits.time.count()));
    if (::poll(waits.data(), waits.size(), static_cast<int>(left.count())) < 0 && errno != EINTR)
      return fail(errno, "poll()");
    if (waits[0].revents != 0) pump_input(streams[0]);
    for (std::size_t i = 1; i < streams.size(); ++i)
      if (waits[i].revents != 0 && !pump_output(streams[i], limits.output_bytes))
        return fail(EFBIG, fmt::format("more than {} bytes of output", limits.output_bytes));
  }
}

}  // namespace

Result<std::string> boot_id() {
  SUIT_LET(std::string text, read_file("/proc/sys/kernel/random/boot_id", 64));
  while (text.ends_with('\n'))
    text.pop_back();
  return text;
}

Result<Fd> pidfd_open(pid_t pid) {
  int fd = raw::pidfd_open(pid, 0);
  if (fd < 0) return fail(-fd, fmt::format("pidfd_open({})", pid));
  return Fd(fd);
}

Result<void> pidfd_send_signal(FdRef pidfd, int signal) {
  int rc = raw::pidfd_send_signal(pidfd.raw(), signal);
  if (rc < 0) return fail(-rc, fmt::format("pidfd_send_signal({})", signal));
  return {};
}

Result<WaitStatus> wait_pidfd(FdRef pidfd) {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd.raw()), &info, WEXITED) != 0)
    if (errno != EINTR) return fail(errno, fmt::format("waitid(P_PIDFD, {})", pidfd.raw()));
  if (info.si_code == CLD_EXITED) return WaitStatus{info.si_status, 0};
  return WaitStatus{0, info.si_status};
}

Result<Child> Child::spawn(const std::vector<std::string>& args, const SpawnOptions& options) {
  SpawnSetup setup;
  std::array wanted = {options.stdin_, options.stdout_, options.stderr_};
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i])
      ::posix_spawn_file_actions_adddup2(&setup.actions, wanted[i]->raw(), static_cast<int>(i));
  if (options.directory)
    ::posix_spawn_file_actions_addchdir_np(&setup.actions, options.directory->c_str());
  pid_t pid = -1;
  const std::string& program = options.program ? *options.program : args.at(0);
  int code = ::posix_spawn(&pid, program.c_str(), &setup.actions, &setup.attributes,
                           pointers(args).data(), pointers(options.env).data());
  if (code != 0) return fail(code, fmt::format("execve(\"{}\")", program));
  // Nobody else reaps our child, so the pid is still its own.
  Result<Fd> pidfd = os::pidfd_open(pid);
  if (pidfd) return Child(pid, *std::move(pidfd));
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  return std::unexpected(std::move(pidfd).error());
}

Child::Child(Child&& other) noexcept : pid_(other.pid_), pidfd_(std::move(other.pidfd_)) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = other.pid_;
    pidfd_ = std::move(other.pidfd_);
  }
  return *this;
}

Child::~Child() { end(); }

void Child::end() {
  if (!pidfd_.valid()) return;
  raw::pidfd_send_signal(pidfd_.raw(), SIGKILL);
  // A destructor has nobody to tell: the process is killed, and at worst stays a zombie.
  auto status = wait_pidfd(pidfd_);
  pidfd_.reset();
}

Result<WaitStatus> Child::wait() {
  auto status = wait_pidfd(pidfd_);
  if (status) pidfd_.reset();
  return status;
}

Result<Captured> run_and_capture(const std::vector<std::string>& args, std::string_view input,
                                 SpawnOptions options, CaptureLimits limits) {
  SUIT_LET(Pipe in, Pipe::create());
  SUIT_LET(Pipe out, Pipe::create());
  SUIT_LET(Pipe err, Pipe::create());
  options.stdin_ = in.read_end;
  options.stdout_ = out.write_end;
  options.stderr_ = err.write_end;
  SUIT_LET(Child child, Child::spawn(args, options));
  for (Fd* ours : {&in.read_end, &out.write_end, &err.write_end})
    ours->reset();
  // A program that does not read must not keep us from reading what it writes.
  ::fcntl(in.write_end.raw(), F_SETFL, O_NONBLOCK);

  NoSigpipe no_sigpipe;
  std::array<Stream, 3> streams;
  streams[0] = {std::move(in.write_end), std::string(input), 0};
  streams[1].fd = std::move(out.read_end);
  streams[2].fd = std::move(err.read_end);
  if (input.empty()) streams[0].fd.reset();
  auto pumped = pump(streams, limits);
  if (!pumped) return wrap(std::move(pumped).error(), args[0]);
  SUIT_LET(WaitStatus status, child.wait());
  return Captured{status, std::move(streams[1].text), std::move(streams[2].text)};
}

}  // namespace suit::os
