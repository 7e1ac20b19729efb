/// \file
/// Capability names and numbers.
/// \source capabilities(7)

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace suit::runtime {

inline constexpr unsigned kCapabilityCount = 41;  // up to Linux 6.18

/// The number of `CAP_CHOWN`, or nullopt.
std::optional<unsigned> capability_number(std::string_view name);
/// The name of a number, or "".
std::string_view capability_name(unsigned number);
/// ` (did you mean "CAP_CHOWN"?)` or "".
std::string suggest_capability(std::string_view name);

}  // namespace suit::runtime
