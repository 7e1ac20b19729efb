/// \file
/// Small grammars inside of instructions: durations, sizes, modes, signals, comma-separated
/// options.

#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace suit::dockerfile {

/// `1m30s`, `1.5h`, `0`. The error is Go's text. \source Go's time.ParseDuration
std::expected<std::chrono::nanoseconds, std::string> parse_duration(std::string_view text);

/// `512m`, `1.5GiB`, `1024`: binary units. \unit{bytes} \source docker/go-units RAMInBytes
std::optional<std::uint64_t> parse_size(std::string_view text);

/// `true`, `1`, `T`, … \source Go's strconv.ParseBool
std::optional<bool> parse_bool(std::string_view text);

/// Digits of \p base, at most 32 bits.
std::optional<std::uint32_t> parse_number(std::string_view text, int base);

/// Whether \p text is a mode: octal up to 07777, or symbolic as in `u=rwX,go=rX`.
bool is_mode(std::string_view text);

/// Whether \p text names a signal: `SIGTERM`, `term`, `15`, `RTMIN+3`.
bool is_signal(std::string_view text);

/// Whether \p text refers to a variable: only expansion can tell what it is.
bool has_variable(std::string_view text);

}  // namespace suit::dockerfile
