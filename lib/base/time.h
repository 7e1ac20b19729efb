/// \file
/// Points in time as image and container records write them.
/// \source RFC 3339

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace suit {

/// Nanoseconds since 1970, UTC.
std::int64_t now_ns();

/// `2026-01-02T03:04:05.000000006Z`: nine digits, as Docker writes; none when the fraction is zero.
std::string to_rfc3339(std::int64_t time_ns);

/// Accepts any fraction and any offset.
/// \errors 0 naming the text.
Result<std::int64_t> parse_rfc3339(std::string_view text);

}  // namespace suit
