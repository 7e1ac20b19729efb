/// \file
/// Compressed streams: read, told apart by their first bytes; and written, by several threads.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/stream.h"

namespace suit::layer {

enum class Compression { None, Gzip, Zstd, Xz, Bzip2 };

/// `gzip`, `zstd`, …
std::string_view name_of(Compression compression);

/// What keeps a decompression bomb small: beyond the first \p free_bytes the plain stream may be at
/// most \p ratio times as long as the compressed one. A gigabyte of zeros is 1 MiB of gzip (1030:1)
/// and 33 KiB of zstd; of layers that people make, few reach 20:1.
struct BombGuard {
  std::uint64_t free_bytes = 1ULL << 30;
  std::uint64_t ratio = 200;
};

/// The plain bytes of \p in, whatever it is compressed with. Several gzip members or zstd frames in
/// a row are one stream. \p in must outlive the reader.
/// \errors 0 naming the format and the offset when the stream is damaged or ends early; EFBIG when
/// it unpacks to more than \p guard allows
Result<std::unique_ptr<Reader>> decompress(Reader& in, const BombGuard& guard = {});

/// How a stream is compressed.
struct CompressOptions {
  Compression format = Compression::None;  ///< None, Gzip or Zstd: what images have media types for
  std::optional<int> level = {};           ///< gzip 1 to 12, zstd 1 to 19; none: 6 and 3
  unsigned threads = 0;                    ///< 0: one a processor, 6 at most
};

/// \errors EINVAL naming what images cannot hold: another format, a level that it does not have
Result<void> check(const CompressOptions& options);

/// Compresses what is written, in blocks of 1 MiB that several threads work on, and writes them on
/// in order. Each block is a gzip member, or a zstd frame, of its own, so that the bytes do not
/// depend on the number of threads. Also without compression it takes the work behind it (hashing,
/// writing to disk) to another thread.
///
/// Memory: at most threads + 2 blocks, in and out: 16 MiB, and a compressor's 1 MiB a thread.
class CompressingWriter final : public Writer {
 public:
  /// \param out written to by one thread at a time, not always the same; must outlive this.
  /// \param options checked
  CompressingWriter(Writer& out, const CompressOptions& options);
  CompressingWriter(const CompressingWriter&) = delete;
  CompressingWriter& operator=(const CompressingWriter&) = delete;
  /// Without `finish` the output is cut off.
  ~CompressingWriter() override;
  /// \errors those of \p out, which may come a few blocks late
  Result<void> write(std::span<const std::byte> bytes) override;
  /// The rest, and everything handed to \p out.
  Result<void> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace suit::layer
