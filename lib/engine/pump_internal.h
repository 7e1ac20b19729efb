/// \file
/// Moving a running container's bytes: one poll(2) loop over a handful of descriptors.
///
///     caller's stdin ──> pipe ──> program ──> pipes ──> caller's stdout, stderr, and the log
///
/// The container gets pipes, never the caller's own descriptors: a terminal could be typed into
/// from inside (TIOCSTI), and a file could be opened again for writing through /proc/self/fd.
///
/// Nobody outside can stall the loop: a reader that does not read holds up the program's output, as
/// in any pipeline, and neither the signals nor the end.

#pragma once

#include <poll.h>

#include <array>
#include <optional>
#include <string>

#include "base/result.h"
#include "engine/logs.h"
#include "engine/signal_queue_internal.h"
#include "os/fd.h"
#include "runtime/runtime.h"

namespace suit::engine {

/// One of the program's output streams on its way to the caller.
class Outlet {
 public:
  /// \param to the caller's descriptor; -1 when nobody looks on
  Outlet(Stream stream, os::Fd from, int to) : stream_(stream), from_(std::move(from)), to_(to) {}

  Stream stream() const { return stream_; }
  /// What the program has said next; empty when there is nothing now.
  std::string_view read();
  /// Room at the caller's side: writes what waits, as far as that does not block.
  void write_pending();
  /// Nothing more will come, and nothing waits.
  bool done() const { return !from_.valid() && pending_.empty(); }
  /// The caller wants nothing more; what the program says still reaches its log.
  void abandon_caller() {
    to_ = -1;
    pending_.clear();
  }
  /// Reads only when all that was read has been written: the kernel's pipe is the buffer.
  pollfd waits_for_program() const { return {pending_.empty() ? from_.raw() : -1, POLLIN, 0}; }
  pollfd waits_for_caller() const { return {pending_.empty() ? -1 : to_, POLLOUT, 0}; }
  /// errno of the write that the caller's side refused; 0 also for a reader that left.
  int error() const { return error_; }

 private:
  Stream stream_;
  os::Fd from_;
  int to_;
  int error_ = 0;
  std::string pending_;
  std::string chunk_;
};

/// The caller's stdin on its way in. The pipe never blocks us: a program that does not read its
/// input must not keep us from reading its output.
class Inlet {
 public:
  Inlet() = default;
  static Result<Inlet> create(os::Fd pipe);
  /// What to wait for next: room in the pipe, or bytes from the caller; none when closed.
  pollfd waits_for() const;
  void move();

 private:
  os::Fd pipe_;
  std::string pending_;
};

/// The descriptors of a running container, and the loop over them.
class Pump {
 public:
  Pump(std::array<Outlet, 2> outlets, Inlet inlet, std::optional<LogWriter> log)
      : outlets_(std::move(outlets)), inlet_(std::move(inlet)), log_(std::move(log)) {}

  /// Returns when the program has ended and everything it printed is out.
  void run(const runtime::Container& container, const SignalQueue& signals);
  /// Output that could not be delivered is a failure, whatever the program's own code is.
  Result<void> delivered() const;

 private:
  void drain(Outlet& outlet);
  void note(const Result<void>& logged);
  void forward(const runtime::Container& container, const SignalQueue& signals);

  std::array<Outlet, 2> outlets_;
  Inlet inlet_;
  std::optional<LogWriter> log_;
  int requests_ = 0;
  bool ended_ = false;
};

}  // namespace suit::engine
