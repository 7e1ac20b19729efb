/// \file
/// Where the fields of a tar header are.
/// \source POSIX.1-2017 pax, "ustar Interchange Format"

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace suit::layer {

inline constexpr std::size_t kBlock = 512;
/// PAX records and long names of one entry: 1 MiB, as Go's archive/tar; a bomb guard.
inline constexpr std::size_t kSpecialLimit = 1U << 20;
inline constexpr std::string_view kXattrPrefix = "SCHILY.xattr.";

struct Field {
  std::size_t offset;
  std::size_t size;
};

inline constexpr Field kName{0, 100};
inline constexpr Field kMode{100, 8};
inline constexpr Field kUid{108, 8};
inline constexpr Field kGid{116, 8};
inline constexpr Field kSize{124, 12};
inline constexpr Field kMtime{136, 12};
inline constexpr Field kChecksum{148, 8};
inline constexpr Field kType{156, 1};
inline constexpr Field kLink{157, 100};
inline constexpr Field kMagic{257, 8};
inline constexpr Field kMajor{329, 8};
inline constexpr Field kMinor{337, 8};
inline constexpr Field kPrefix{345, 155};

/// The sum of all bytes, those of the checksum field read as spaces.
inline std::uint32_t header_checksum(std::span<const std::byte, kBlock> block) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    bool in_field = i >= kChecksum.offset && i < kChecksum.offset + kChecksum.size;
    sum += in_field ? std::uint32_t{' '} : std::to_integer<std::uint32_t>(block[i]);
  }
  return sum;
}

/// Whether the checksum that the header holds is its own; sums of signed bytes, as some old tars
/// made them, count.
bool checksum_holds(std::span<const std::byte, kBlock> block);

}  // namespace suit::layer
