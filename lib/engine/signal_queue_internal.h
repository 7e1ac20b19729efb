/// \file
/// The signals that a caller means for the program in the container, as a descriptor.
/// \see signalfd(2)

#pragma once

#include <csignal>

#include "base/result.h"
#include "os/fd.h"

namespace suit::engine {

/// Blocks signals for its scope and offers the forwarded ones. A reader of our output that has gone
/// is an error of write(2), not our death: SIGPIPE is blocked too.
class SignalQueue {
 public:
  static Result<SignalQueue> create();
  SignalQueue(SignalQueue&& other) noexcept = default;
  SignalQueue& operator=(SignalQueue&&) = delete;
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;
  ~SignalQueue();

  os::FdRef fd() const { return fd_; }
  /// 0 when none is waiting.
  int next() const;

 private:
  SignalQueue() { ::sigemptyset(&before_); }
  sigset_t before_{};
  os::Fd fd_;
};

}  // namespace suit::engine
