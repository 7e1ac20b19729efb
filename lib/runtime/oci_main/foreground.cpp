#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "runtime/console.h"
#include "runtime/oci_main/commands.h"

namespace suit::oci_main {
namespace {

// Copies what is there to read; false at the end, or when the other side has gone.
bool pass_on(int from, int to) {
  std::array<char, 16384> buffer;
  ssize_t size = ::read(from, buffer.data(), buffer.size());
  if (size < 0) return errno == EINTR || errno == EAGAIN;
  for (ssize_t at = 0; at < size;) {
    ssize_t written = ::write(to, buffer.data() + at, static_cast<std::size_t>(size - at));
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) at += written;
  }
  return size > 0;
}

// A container and, maybe, its terminal.
class Foreground {
 public:
  Foreground(runtime::Container& container, os::Fd terminal, const os::Fd& signals)
      : container_(container), terminal_(std::move(terminal)), signals_(signals) {
    if (terminal_.valid()) runtime::copy_window_size(STDIN_FILENO, terminal_.raw());
  }

  Result<runtime::ExitStatus> run() {
    runtime::RawMode raw(terminal_.valid() ? STDIN_FILENO : -1);
    has_input_ = terminal_.valid();
    while (true) {
      std::array<pollfd, 4> waits = {{{container_.pidfd().raw(), POLLIN, 0},
                                      {signals_.raw(), POLLIN, 0},
                                      {terminal_.raw(), POLLIN, 0},
                                      {has_input_ ? STDIN_FILENO : -1, POLLIN, 0}}};
      if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR)
        return fail(errno, "poll()");
      if (waits[1].revents != 0) pass_signal();
      // EIO is the end of a terminal: its last user has closed it.
      if (waits[2].revents != 0 && !pass_on(terminal_.raw(), STDOUT_FILENO)) terminal_.reset();
      if (waits[3].revents != 0 && !pass_on(STDIN_FILENO, terminal_.raw())) end_input();
      if (waits[0].revents != 0) break;
    }
    drain();
    return container_.wait();
  }

 private:
  void end_input() {
    has_input_ = false;
    // What control-D does at a terminal in its usual mode.
    constexpr char kEndOfTransmission = 4;
    [[maybe_unused]] ssize_t written = ::write(terminal_.raw(), &kEndOfTransmission, 1);
  }

  void pass_signal() {
    signalfd_siginfo info{};
    if (::read(signals_.raw(), &info, sizeof info) != sizeof info) return;
    auto signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGWINCH && terminal_.valid()) {
      runtime::copy_window_size(STDIN_FILENO, terminal_.raw());
      return;
    }
    // A container that is just ending is no error.
    auto sent = container_.kill(signal);
  }

  // What the program wrote last is still in the terminal's buffer.
  void drain() {
    if (!terminal_.valid()) return;
    ::fcntl(terminal_.raw(), F_SETFL, O_NONBLOCK);
    pollfd ready{terminal_.raw(), POLLIN, 0};
    while (::poll(&ready, 1, 0) > 0 && (ready.revents & POLLIN) != 0 &&
           pass_on(terminal_.raw(), STDOUT_FILENO)) {
    }
  }

  runtime::Container& container_;
  os::Fd terminal_;
  const os::Fd& signals_;
  bool has_input_ = false;
};

}  // namespace

Result<runtime::ExitStatus> stay_with(runtime::Container& container, os::Fd terminal,
                                      const os::Fd& signals) {
  return Foreground(container, std::move(terminal), signals).run();
}

Result<os::Fd> catch_signals() {
  // SIGCHLD is our own; the rest cannot be passed on.
  sigset_t set;
  ::sigemptyset(&set);
  for (int signal :
       {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGALRM})
    ::sigaddset(&set, signal);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  int fd = ::signalfd(-1, &set, SFD_CLOEXEC);
  if (fd < 0) return fail(errno, "signalfd()");
  return os::Fd(fd);
}

}  // namespace suit::oci_main
