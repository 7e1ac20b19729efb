/// \file
/// What this build calls itself.

#pragma once

#include <string_view>

namespace suit::cli {

extern const std::string_view kVersion;  ///< "0.1.0": the version of the CMake project

}  // namespace suit::cli
