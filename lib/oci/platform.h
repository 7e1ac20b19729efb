/// \file
/// Platforms as people write them (`linux/arm64/v8`), and which images run on which.
/// \source containerd/platforms

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "oci/image.h"

namespace suit::oci {

/// Reads `os[(version+feature...)][/arch[/variant]]`, or an architecture alone. `x86_64`,
/// `aarch64`, `macOS` and the like become Go's names; what is left out is the host's.
/// \errors 0 naming the text and its part at fault
Result<Platform> parse_platform(std::string_view text);

/// `linux/arm64/v8`; with version and features as `windows(10.0.17763+win32k)/amd64`.
std::string to_text(const Platform& platform);

/// Whether images for \p image run on \p host: the same platform or one that its processor also
/// knows (386 on amd64, arm on arm64, older variants of each).
bool can_run(const Platform& host, const Platform& image);

/// Whether both mean the same, however they are written: `arm64` is `arm64/v8`, `arm` is `arm/v7`.
bool is_same(const Platform& a, const Platform& b);

}  // namespace suit::oci
