/// \file
/// What a container uses now: cgroup files where there are some, /proc for the rest.
/// \see cgroups(7), proc_pid_stat(5), proc_pid_io(5)

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "engine/record.h"

namespace suit::engine {

/// Counters since the start, and levels now.
struct Usage {
  std::chrono::steady_clock::time_point when;
  std::chrono::nanoseconds cpu{0};
  std::uint64_t memory_bytes = 0;        ///< without what the kernel would give up first
  std::uint64_t memory_limit_bytes = 0;  ///< of the container, or the host's memory
  std::uint64_t received_bytes = 0, sent_bytes = 0;  ///< of its network namespace, but loopback
  std::uint64_t read_bytes = 0, written_bytes = 0;   ///< of its living processes, on disk
  std::uint64_t tasks = 0;                           ///< processes and their threads
};

/// \errors ESRCH when it does not run
Result<Usage> read_usage(const State& state);

/// Per cent of one processor between two readings.
double cpu_percent(const Usage& before, const Usage& after);

}  // namespace suit::engine
