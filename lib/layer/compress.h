/// \file
/// Compressed streams, told apart by their first bytes.

#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "base/stream.h"

namespace suit::layer {

enum class Compression { None, Gzip, Zstd, Xz, Bzip2 };

/// `gzip`, `zstd`, …
std::string_view name_of(Compression compression);

/// The plain bytes of \p in, whatever it is compressed with. Several gzip members or zstd frames in
/// a row are one stream. \p in must outlive the reader.
/// \errors 0 naming the format and the offset when the stream is damaged or ends early.
Result<std::unique_ptr<Reader>> decompress(Reader& in);

}  // namespace suit::layer
