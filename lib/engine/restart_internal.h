/// \file
/// When a container is started again, and after how long: Docker's rules, as a plain function.

#pragma once

#include <chrono>
#include <optional>

#include "engine/record.h"

namespace suit::engine {

/// What is known when a container has ended.
struct EndOfRun {
  int exit_code = 0;
  bool asked_for = false;  ///< by `stop` or `kill`
  int restart_count = 0;   ///< restarts so far
  std::chrono::milliseconds ran_for{0};
  std::chrono::milliseconds last_delay{0};  ///< before this run; 0: it was started by hand
};

/// How long to wait before the next start; nullopt: it stays as it is.
///
/// 100 ms at first, twice as long each time, a minute at most; from the beginning again once it ran
/// for ten seconds.
std::optional<std::chrono::milliseconds> restart_delay(const RestartPolicy& policy,
                                                       const EndOfRun& end);

}  // namespace suit::engine
