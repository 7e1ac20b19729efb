/// \file
/// Cutting text at a separator, and blanks off its ends.

#pragma once

#include <concepts>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace suit {

/// The parts of \p text between \p separator, empty ones included; never none. They point into it.
std::vector<std::string_view> split(std::string_view text, char separator);

/// The parts would point into a text that is gone: a range-for does not keep it.
template <std::same_as<std::string> Temporary>
std::vector<std::string_view> split(Temporary&& text, char separator) = delete;

/// \p text without the blanks at both ends.
std::string_view trim(std::string_view text, std::string_view blanks = " \t");

/// Fields between commas; a field in double quotes may hold commas, and `""` for a quote.
/// \errors a phrase in the words of Go's encoding/csv
/// \source RFC 4180
std::expected<std::vector<std::string>, std::string> csv_fields(std::string_view text);

}  // namespace suit
