/// \file
/// Sizes and ages as people read them, in Docker's words and digits.
/// \source docker/go-units

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace suit::cli {

/// `1.02kB`, `123.5MB`: powers of 1000. \p digits significant ones: 3 in lists, 4 elsewhere.
std::string human_size(double size_bytes, int digits = 3);

/// `1.049MB` as `1MiB`: powers of 1024, four digits.
std::string binary_size(double size_bytes);

/// `3 minutes`, `About an hour`, `2 weeks`.
std::string human_duration(std::chrono::milliseconds age);

/// `3 minutes ago`, for a time as records hold it; empty for no time.
/// \param now_ns nanoseconds since 1970
std::string human_age(const std::string& rfc3339, std::int64_t now_ns);

/// `64m`, `1.5 GiB`, `32`: bytes, where k is 1024.
/// \errors 0 naming the text
Result<std::uint64_t> parse_size(std::string_view text);
/// The same where k is 1000: sizes of logs.
Result<std::uint64_t> parse_decimal_size(std::string_view text);

/// `1h30m`, `1.5s`, `300ms`: Go's durations.
/// \errors 0 naming the text
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// A point in time as `--since` takes it: RFC 3339 in full or in part (then local time), seconds
/// since 1970 with a fraction or not, or how long ago (`10m`). Nanoseconds since 1970.
Result<std::int64_t> parse_when(std::string_view text, std::int64_t now_ns);

}  // namespace suit::cli
