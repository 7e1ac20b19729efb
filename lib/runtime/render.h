/// \file
/// System calls as strace prints them.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "runtime/plan.h"

namespace suit::runtime {

/// `move_mount`
std::string_view call_name(Call call);

/// `fsopen("proc", FSOPEN_CLOEXEC)`.
/// \param slots descriptors by slot; where there is none, or it is -1, the slot's name: `<rootfs>`
std::string render_call(const LaunchPlan& plan, const Op& op, std::span<const int> slots = {});

/// `0`, `7`, `-1 ENOENT`, or a mode in octal
std::string render_result(const Op& op, std::int64_t result);

}  // namespace suit::runtime
