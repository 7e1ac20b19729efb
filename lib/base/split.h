/// \file
/// Cutting text at a separator.

#pragma once

#include <string_view>
#include <vector>

namespace suit {

/// The parts of \p text between \p separator, empty ones included; never none. They point into it.
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace suit
