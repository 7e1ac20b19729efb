/// \file
/// From a failed op to an error with words.

#pragma once

#include <array>

#include "base/result.h"
#include "os/fd.h"
#include "runtime/plan.h"

namespace suit::runtime {

/// Names the step, the spec member, the call with its arguments, and what can be done.
/// \param rootfs still readable: hints look into it
Error describe_failure(const LaunchPlan& plan, const Failure& failure, os::FdRef rootfs,
                       const std::array<int, kSlotCount>& slots);

/// Why \p program cannot be executed in the root, one sentence that says what to do; or "".
///
/// Knows scripts whose interpreter is missing, Windows line ends, executables of another
/// architecture, a missing dynamic loader, files without the x bit, and near names in PATH.
std::string exec_hint(const LaunchPlan& plan, int code, os::FdRef rootfs);

}  // namespace suit::runtime
