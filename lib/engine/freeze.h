/// \file
/// Who is in a container, and making them stand still.
/// \see cgroups(7), "cgroup.freeze"

#pragma once

#include <sys/types.h>

#include <vector>

#include "base/result.h"
#include "engine/record.h"

namespace suit::engine {

/// Every process of a container that lives, in the host's numbers, sorted.
Result<std::vector<pid_t>> processes_of(const State& state);

/// Whether its processes stand still.
bool is_frozen(const State& state);

/// Stops the clock for all processes of the container; returns when all stand still.
/// \errors ENOTSUP without a cgroup of the container's own (without root)
Result<void> freeze(const State& state);
Result<void> thaw(const State& state);

}  // namespace suit::engine
