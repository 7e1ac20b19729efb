/// \file
/// The version, as CMake knows it.

#include "cli/version.h"

namespace suit::cli {

constinit const std::string_view kVersion = SUIT_VERSION;

}  // namespace suit::cli
