#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "engine/pump_internal.h"

namespace suit::engine {
namespace {

// 64 KiB: default pipe capacity, pipe(7); more cannot be had in one read.
constexpr std::size_t kChunkBytes = 64 * 1024;

// PIPE_BUF, pipe(7): a pipe that poll(2) calls writable takes this much without blocking. The
// caller's descriptor stays in blocking mode, because its file description is not ours alone.
constexpr std::size_t kWriteBytes = 4096;

bool is_writable(int fd) {
  pollfd room{fd, POLLOUT, 0};
  return ::poll(&room, 1, 0) > 0;
}

}  // namespace

std::string_view Outlet::read() {
  chunk_.resize(kChunkBytes);
  ssize_t count = ::read(from_.raw(), chunk_.data(), chunk_.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return {};
  if (count <= 0) {
    from_.reset();
    return {};
  }
  chunk_.resize(static_cast<std::size_t>(count));
  if (to_ >= 0) {
    pending_ = chunk_;
    write_pending();
  }
  return chunk_;
}

// A reader that has left: the program's own pipe is closed too, so that it learns what any program
// in a pipeline learns, EPIPE.
void Outlet::write_pending() {
  std::string_view rest = pending_;
  while (!rest.empty() && is_writable(to_)) {
    ssize_t count = ::write(to_, rest.data(), std::min(rest.size(), kWriteBytes));
    if (count >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR && errno != EAGAIN) {
      error_ = errno == EPIPE ? 0 : errno;
      to_ = -1;
      from_.reset();
      rest = {};
    }
  }
  pending_.erase(0, pending_.size() - rest.size());
}

Result<Inlet> Inlet::create(os::Fd pipe) {
  if (::fcntl(pipe.raw(), F_SETFL, O_NONBLOCK) != 0) return fail(errno, "fcntl(O_NONBLOCK)");
  Inlet inlet;
  inlet.pipe_ = std::move(pipe);
  return inlet;
}

pollfd Inlet::waits_for() const {
  if (!pipe_.valid()) return {-1, 0, 0};
  if (!pending_.empty()) return {pipe_.raw(), POLLOUT, 0};
  return {STDIN_FILENO, POLLIN, 0};
}

void Inlet::move() {
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

void Pump::run(const runtime::Container& container, const SignalQueue& signals) {
  while (!ended_ || !outlets_[0].done() || !outlets_[1].done()) {
    // poll(2) passes over negative descriptors: what is finished is not waited for.
    std::array<pollfd, 7> waits = {{{ended_ ? -1 : container.pidfd().raw(), POLLIN, 0},
                                    {signals.fd().raw(), POLLIN, 0},
                                    outlets_[0].waits_for_program(),
                                    outlets_[1].waits_for_program(),
                                    outlets_[0].waits_for_caller(),
                                    outlets_[1].waits_for_caller(),
                                    ended_ ? pollfd{-1, 0, 0} : inlet_.waits_for()}};
    if (::poll(waits.data(), waits.size(), -1) < 0) continue;  // EINTR: poll again
    if (waits[0].revents != 0) ended_ = true;
    if (waits[1].revents != 0) forward(container, signals);
    for (std::size_t i = 0; i < outlets_.size(); ++i) {
      if (waits[2 + i].revents != 0) drain(outlets_[i]);
      if (waits[4 + i].revents != 0) outlets_[i].write_pending();
    }
    if (waits[6].revents != 0) inlet_.move();
  }
  if (log_) note(log_->flush());
}

Result<void> Pump::delivered() const {
  for (const Outlet& outlet : outlets_)
    if (outlet.error() != 0)
      return fail(outlet.error(),
                  outlet.stream() == Stream::Stdout ? "write to stdout" : "write to stderr");
  return {};
}

void Pump::drain(Outlet& outlet) {
  std::string_view bytes = outlet.read();
  if (log_ && !bytes.empty()) note(log_->write(outlet.stream(), bytes));
}

// A full disk must not stop the container; the log ends there.
void Pump::note(const Result<void>& logged) {
  if (logged) return;
  SUIT_LOG(Warn, "the log ends here: {}", logged.error().message());
  log_.reset();
}

void Pump::forward(const runtime::Container& container, const SignalQueue& signals) {
  while (int signal = signals.next()) {
    bool asks_to_end = signal == SIGINT || signal == SIGTERM;
    if (ended_ && asks_to_end) {
      // Only a reader that does not read is left to wait for, and the caller gives up on it.
      for (Outlet& outlet : outlets_)
        outlet.abandon_caller();
      continue;
    }
    // Process 1 of a pid namespace ignores what it has no handler for (pid_namespaces(7)):
    // whoever asks a third time means it.
    if (asks_to_end && ++requests_ >= 3) signal = SIGKILL;
    if (auto sent = container.kill(signal); !sent)
      SUIT_LOG(Debug, "forward signal {}: {}", signal, sent.error().message());
  }
}

}  // namespace suit::engine
