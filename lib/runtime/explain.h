/// \file
/// A launch plan for people: why each call is made, and, after a timed launch, what it returned and
/// when.
///
/// The same renderer prints errors. A test holds what is printed here equal to what strace sees.

#pragma once

#include <string>

#include "oci/json.h"
#include "runtime/plan.h"
#include "runtime/runtime.h"

namespace suit::runtime {

/// Steps with their reasons and calls, in order. With \p timeline, only calls that were made, with
/// results and times.
std::string explain_text(const LaunchPlan& plan, const Timeline* timeline = nullptr);

/// `{"id", "host": [op…], "container": [op…], "warnings"}`; an op has `step title why without man
/// tutorial pointer call text`, and with \p timeline `ran result start_us`.
oci::Json explain_json(const LaunchPlan& plan, const Timeline* timeline = nullptr);

}  // namespace suit::runtime
