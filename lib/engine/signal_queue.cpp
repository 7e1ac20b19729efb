#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "engine/signal_queue_internal.h"

namespace suit::engine {
namespace {

constexpr std::array kForwarded = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
                                   SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH};

}  // namespace

Result<SignalQueue> SignalQueue::create() {
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

SignalQueue::~SignalQueue() {
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

int SignalQueue::next() const {
  signalfd_siginfo info{};
  bool got = ::read(fd_.raw(), &info, sizeof info) == sizeof info;
  return got ? static_cast<int>(info.ssi_signo) : 0;
}

}  // namespace suit::engine
