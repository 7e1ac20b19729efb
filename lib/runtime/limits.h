/// \file
/// Names of resource limits.
/// \source getrlimit(2)

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace suit::runtime {

/// The number of `RLIMIT_NOFILE`, or nullopt.
std::optional<unsigned> rlimit_number(std::string_view name);
/// The name of a number, or "".
std::string_view rlimit_name(unsigned number);
/// ` (did you mean "RLIMIT_NOFILE"?)` or "".
std::string suggest_rlimit(std::string_view name);

}  // namespace suit::runtime
