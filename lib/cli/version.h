/// \file
/// What this build calls itself.

#pragma once

#include <string_view>

namespace suit::cli {

inline constexpr std::string_view kVersion = SUIT_VERSION;

}  // namespace suit::cli
