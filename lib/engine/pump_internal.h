/// \file
/// Moving a running container's bytes: one poll(2) loop over a handful of descriptors.
///
///     onlookers' stdin ──> pipe ──> program ──> pipes ──> onlookers' stdout, stderr, and the log
///                      └─> terminal <──> program          (one terminal in place of three pipes)
///
/// The container gets pipes or a terminal of its own, never the caller's descriptors: a caller's
/// terminal could be typed into from inside (TIOCSTI), and a file could be opened again for writing
/// through /proc/self/fd.
///
/// Nobody outside can stall the loop: a reader that does not read holds up the program's output, as
/// in any pipeline, and neither the signals nor the end.

#pragma once

#include <poll.h>

#include <array>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/attach_internal.h"
#include "engine/detach_keys.h"
#include "engine/logs.h"
#include "engine/signal_queue_internal.h"
#include "os/fd.h"
#include "runtime/runtime.h"

namespace suit::engine {

/// Somebody's descriptor that output goes to, and what still waits for room in it.
struct Sink {
  int fd = -1;
  std::string pending = {};
  int error = 0;  ///< errno of a write that was refused; 0 also for a reader that left
};

/// One of the program's output streams, on its way to everybody who looks on.
class Outlet {
 public:
  Outlet(Stream stream, os::Fd from) : stream_(stream), from_(std::move(from)) {}

  Stream stream() const { return stream_; }
  /// What the program has said next; empty when there is nothing now.
  std::string_view read();
  /// Nothing more will come.
  bool is_over() const { return !from_.valid(); }
  /// The program learns what any program in a pipeline learns whose reader has left: EPIPE.
  void close() { from_.reset(); }
  int fd() const { return from_.raw(); }

 private:
  Stream stream_;
  os::Fd from_;
  std::string chunk_;
};

/// Somebody who looks on: the caller of `run`, or one who came by `attach`.
struct Onlooking {
  std::array<Sink, 2> out = {};  ///< stdout, stderr
  int in = -1;                   ///< read for the program's input; -1: not
  int window = -1;               ///< the terminal whose size counts; -1: none
  DetachKeys keys = {};
  std::optional<Attached> client = {};  ///< who came by the socket, with his descriptors
  bool is_caller = false;               ///< whose leaving closes the program's pipe
};

/// The program's input. It never blocks us: a program that does not read its input must not keep us
/// from reading its output.
class Inlet {
 public:
  Inlet() = default;
  /// \param to a pipe, or a terminal's master: its input ends by a key
  enum class Kind { Pipe, Terminal };
  static Result<Inlet> create(os::Fd to, Kind kind);
  bool has_room() const { return to_.valid() && pending_.empty(); }
  pollfd waits_for_room() const { return {pending_.empty() ? -1 : to_.raw(), POLLOUT, 0}; }
  void put(std::string_view bytes);
  void write_pending();
  void end();

 private:
  os::Fd to_;
  Kind kind_ = Kind::Pipe;
  std::string pending_;
};

/// The descriptors of a running container, and the loop over them.
class Pump {
 public:
  Pump(std::array<Outlet, 2> outlets, Inlet inlet, std::optional<LogWriter> log)
      : outlets_(std::move(outlets)), inlet_(std::move(inlet)), log_(std::move(log)) {}

  void add(Onlooking who);
  /// Lets others come while it runs.
  void serve(AttachServer server) { server_ = std::move(server); }
  /// The master of the program's terminal.
  void set_terminal(os::Fd terminal) { terminal_ = std::move(terminal); }
  /// \p tell is called when the caller of `run` leaves by the keys.
  void on_detach(std::function<void()> tell) { on_detach_ = std::move(tell); }

  /// Returns when the program has ended and everything it printed is out.
  void run(const runtime::Container& container, const SignalQueue& signals);
  /// Ends `run` before the program's end.
  void stop() { stopped_ = true; }
  /// Tells those who came by the socket how it ended.
  void tell_end(const runtime::ExitStatus& status);
  /// Output that could not be delivered is a failure, whatever the program's own code is.
  Result<void> delivered() const;

 private:
  struct Waiting;
  bool is_done() const;
  bool has_pending(std::size_t stream) const;
  void drain(std::size_t stream);
  void write_to(Onlooking& who, std::size_t stream);
  void read_from(Onlooking& who);
  void hear(Onlooking& who, const runtime::Container& container);
  void leave(Onlooking& who);
  void resize(const Onlooking& who) const;
  void note(const Result<void>& logged);
  void forward(const runtime::Container& container, const SignalQueue& signals);

  std::array<Outlet, 2> outlets_;
  Inlet inlet_;
  std::optional<LogWriter> log_;
  std::list<Onlooking> onlookers_;
  AttachServer server_;
  os::Fd terminal_;
  std::function<void()> on_detach_;
  int requests_ = 0;
  bool ended_ = false;
  bool stopped_ = false;
};

}  // namespace suit::engine
