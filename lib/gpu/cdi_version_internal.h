/// \file
/// The versions of the CDI specification, in their order.

#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace suit::gpu {

/// 0.1.0 and 0.2.0 were never released.
inline constexpr std::array<std::string_view, 8> kVersions = {"0.3.0", "0.4.0", "0.5.0", "0.6.0",
                                                              "0.7.0", "0.8.0", "1.0.0", "1.1.0"};

inline bool is_known_version(std::string_view version) {
  return std::ranges::find(kVersions, version) != kVersions.end();
}

/// Whether \p version comes before \p other; of known ones.
inline bool older(std::string_view version, std::string_view other) {
  return std::ranges::find(kVersions, version) < std::ranges::find(kVersions, other);
}

}  // namespace suit::gpu
