/// \file
/// The first look at a file that should be a tar: what it is, when it is none.

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "base/stream.h"
#include "layer/compress.h"

namespace suit::layer {

/// Whether \p block is the header of a tar entry: its checksum holds.
bool is_tar_header(std::span<const std::byte, 512> block);

/// What bytes look like, for a message: `a zip archive`, `text that begins "<!DOCTYPE"`.
/// \param head the first bytes; none: it is empty
std::string describe_content(std::span<const std::byte> head);

/// The plain bytes of the tar in \p in, which may be compressed. \p in must outlive the reader.
/// \errors 0 saying what was found, when it begins with neither an entry nor the end of a tar;
/// those of `decompress`
Result<std::unique_ptr<Reader>> open_tar(Reader& in, const BombGuard& guard = {});

}  // namespace suit::layer
