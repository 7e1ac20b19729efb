/// \file
/// Naming a process so that a reused pid is never mistaken for it.
/// \see proc_pid_stat(5), pidfd_open(2)

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/result.h"
#include "engine/record.h"
#include "os/fd.h"
#include "os/file.h"

namespace suit::engine {

/// When \p pid started, in clock ticks since boot; field 22 of /proc/PID/stat.
Result<std::uint64_t> start_ticks(pid_t pid);

/// Writes this process as the holder of \p lock into its file, "pid start": who looks at the file
/// finds the holder without touching the lock.
Result<void> write_holder(const os::Lock& lock);

/// A pidfd of the container's first process.
/// \errors ESRCH when that process is gone, even if its number is in use again.
Result<os::Fd> open_container_process(const State& state);

}  // namespace suit::engine
