/// \file
/// Four formats behind one reader. Each decoder is a loop "give it input until output appears"; the
/// loop is written once, the libraries' differences are in small adapters.
///
/// Memory is bounded by the format: gzip 32 KiB of window, bzip2 4 MiB, zstd 128 MiB, xz 256 MiB.
/// How much comes out is bounded twice: against what went in (`BombGuard`), and by the reader's
/// user
/// (`ApplyLimits`).

#include "layer/compress.h"

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "layer/prefixed_internal.h"

namespace suit::layer {
namespace {

constexpr std::size_t kInputBytes = 128U << 10;
constexpr std::size_t kMagicBytes = 10;
constexpr int kZstdWindowLog = 27;  // 128 MiB, what zstd itself allows without asking
constexpr std::uint64_t kXzMemoryBytes = 256U << 20;  // xz -9 needs 65 MiB

// One call of a library: how much it took, how much it gave, and where in the format it is now.
struct Progress {
  std::size_t consumed = 0;
  std::size_t produced = 0;
  bool at_end = false;  // a member or frame is complete: the input may stop here
  const char* wrong = nullptr;
};

class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual Progress step(std::span<const std::byte> in, std::span<std::byte> out, bool last) = 0;
};

const auto* as_unsigned(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
auto* as_unsigned(std::span<std::byte> bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

unsigned clamp(std::size_t size) {
  return static_cast<unsigned>(std::min<std::size_t>(size, 1U << 30));
}

class GzipDecoder final : public Decoder {
 public:
  GzipDecoder() {
    ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK;
  }  // 16: gzip, not zlib, headers
  ~GzipDecoder() override { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  Progress step(std::span<const std::byte> in, std::span<std::byte> out, bool /*last*/) override {
    if (!ready_) return {.wrong = "no memory"};
    if (ended_ && !in.empty()) {  // concatenated members are one stream, RFC 1952, 2.2
      inflateReset(&stream_);
      ended_ = false;
    }
    if (ended_) return {.at_end = true};
    stream_.next_in = const_cast<unsigned char*>(as_unsigned(in));  // zlib's old interface
    stream_.avail_in = clamp(in.size());
    stream_.next_out = as_unsigned(out);
    stream_.avail_out = clamp(out.size());
    unsigned in_before = stream_.avail_in;
    unsigned out_before = stream_.avail_out;
    int code = inflate(&stream_, Z_NO_FLUSH);
    ended_ = code == Z_STREAM_END;
    Progress progress{in_before - stream_.avail_in, out_before - stream_.avail_out, ended_,
                      nullptr};
    if (code == Z_NEED_DICT) progress.wrong = "it needs a dictionary";
    if (code < 0 && code != Z_BUF_ERROR)
      progress.wrong = stream_.msg ? stream_.msg : "damaged data";
    return progress;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
  bool ended_ = false;
};

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : context_(ZSTD_createDCtx()) {
    if (context_) ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kZstdWindowLog);
  }
  ~ZstdDecoder() override { ZSTD_freeDCtx(context_); }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;

  Progress step(std::span<const std::byte> in, std::span<std::byte> out, bool /*last*/) override {
    if (!context_) return {.wrong = "no memory"};
    // Between frames the decoder would ask for more; that is where a stream may end.
    if (in.empty() && ended_) return {.at_end = true};
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    std::size_t code = ZSTD_decompressStream(context_, &output, &input);
    bool failed = ZSTD_isError(code) != 0;
    ended_ = !failed && code == 0;
    return {input.pos, output.pos, ended_, failed ? ZSTD_getErrorName(code) : nullptr};
  }

 private:
  ZSTD_DCtx* context_;
  bool ended_ = false;
};

class XzDecoder final : public Decoder {
 public:
  XzDecoder() {
    ready_ = lzma_stream_decoder(&stream_, kXzMemoryBytes, LZMA_CONCATENATED) == LZMA_OK;
  }
  ~XzDecoder() override { lzma_end(&stream_); }
  XzDecoder(const XzDecoder&) = delete;
  XzDecoder& operator=(const XzDecoder&) = delete;

  Progress step(std::span<const std::byte> in, std::span<std::byte> out, bool last) override {
    if (!ready_) return {.wrong = "no memory"};
    if (ended_) return {.at_end = true};
    stream_.next_in = as_unsigned(in);
    stream_.avail_in = in.size();
    stream_.next_out = as_unsigned(out);
    stream_.avail_out = out.size();
    lzma_ret code = lzma_code(&stream_, last ? LZMA_FINISH : LZMA_RUN);
    ended_ = code == LZMA_STREAM_END;
    Progress progress{in.size() - stream_.avail_in, out.size() - stream_.avail_out, ended_,
                      nullptr};
    if (code == LZMA_MEMLIMIT_ERROR)
      progress.wrong = "it needs more than 256 MiB of memory";
    else if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR)
      progress.wrong = "damaged data";
    return progress;
  }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool ready_ = false;
  bool ended_ = false;
};

class Bzip2Decoder final : public Decoder {
 public:
  Bzip2Decoder() { start(); }
  ~Bzip2Decoder() override { stop(); }
  Bzip2Decoder(const Bzip2Decoder&) = delete;
  Bzip2Decoder& operator=(const Bzip2Decoder&) = delete;

  Progress step(std::span<const std::byte> in, std::span<std::byte> out, bool /*last*/) override {
    if (ended_ && !in.empty()) {  // as bzip2(1): streams in a row are one
      stop();
      start();
    }
    if (ended_) return {.at_end = true};
    if (!ready_) return {.wrong = "no memory"};
    stream_.next_in = const_cast<char*>(reinterpret_cast<const char*>(in.data()));
    stream_.avail_in = clamp(in.size());
    stream_.next_out = reinterpret_cast<char*>(out.data());
    stream_.avail_out = clamp(out.size());
    unsigned in_before = stream_.avail_in;
    unsigned out_before = stream_.avail_out;
    int code = BZ2_bzDecompress(&stream_);
    ended_ = code == BZ_STREAM_END;
    bool failed = code != BZ_OK && code != BZ_STREAM_END;
    return {in_before - stream_.avail_in, out_before - stream_.avail_out, ended_,
            failed ? "damaged data" : nullptr};
  }

 private:
  void start() {
    stream_ = {};
    ready_ = BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK;
    ended_ = false;
  }
  void stop() {
    if (ready_) BZ2_bzDecompressEnd(&stream_);
    ready_ = false;
  }
  bz_stream stream_{};
  bool ready_ = false;
  bool ended_ = false;
};

class DecompressingReader final : public Reader {
 public:
  DecompressingReader(Compression format, const BombGuard& guard, std::unique_ptr<Decoder> decoder,
                      std::vector<std::byte> head, Reader& rest)
      : format_(format),
        guard_(guard),
        decoder_(std::move(decoder)),
        in_(std::move(head), rest),
        input_(kInputBytes) {}

  Result<std::size_t> read(std::span<std::byte> out) override {
    while (!out.empty() && !ended_) {
      if (next_ == filled_ && !input_ended_) SUIT_TRY(refill());
      auto rest = std::span<const std::byte>(input_).subspan(next_, filled_ - next_);
      Progress progress = decoder_->step(rest, out, input_ended_);
      next_ += progress.consumed;
      offset_ += progress.consumed;
      if (progress.wrong) return damaged(progress.wrong);
      bool drained = next_ == filled_ && input_ended_;
      ended_ = drained && progress.at_end;
      produced_ += progress.produced;
      if (produced_ > guard_.free_bytes && produced_ / guard_.ratio > offset_) return bomb();
      if (progress.produced > 0) return progress.produced;
      if (drained && !ended_) return damaged("it ends early");
      if (progress.consumed == 0 && !rest.empty()) return damaged("the decoder stands still");
    }
    return std::size_t{0};
  }

 private:
  Result<void> refill() {
    SUIT_LET(std::size_t count, in_.read(input_));
    next_ = 0;
    filled_ = count;
    input_ended_ = count == 0;
    return {};
  }
  std::unexpected<Error> damaged(std::string_view why) const {
    return fail(0, fmt::format("{} stream damaged at byte {}: {}", name_of(format_), offset_, why));
  }

  std::unexpected<Error> bomb() const {
    return fail(
        EFBIG,
        fmt::format("{} stream of {} bytes so far unpacks to {}, more than {} times as much",
                    name_of(format_), offset_, produced_, guard_.ratio),
        "this is how decompression bombs look; if it is honest, unpack it first and give "
        "the plain file");
  }

  Compression format_;
  BombGuard guard_;
  std::unique_ptr<Decoder> decoder_;
  Prefixed in_;
  std::vector<std::byte> input_;
  std::size_t next_ = 0;
  std::size_t filled_ = 0;
  std::uint64_t offset_ = 0;    // compressed bytes taken
  std::uint64_t produced_ = 0;  // plain bytes given
  bool input_ended_ = false;
  bool ended_ = false;
};

Compression format_of(std::string_view head) {
  using std::string_view_literals::operator""sv;
  if (head.starts_with("\x1f\x8b\x08"sv)) return Compression::Gzip;
  if (head.starts_with("\x28\xb5\x2f\xfd"sv)) return Compression::Zstd;
  // A skippable frame in front (pzstd, zstd:chunked): 0x184D2A50 to 0x184D2A5F, little-endian.
  if (head.size() >= 4 && head.substr(1).starts_with("\x2a\x4d\x18"sv) && (head[0] & 0xf0) == 0x50)
    return Compression::Zstd;
  if (head.starts_with("\xfd"
                       "7zXZ\0"sv))
    return Compression::Xz;
  if (head.size() >= 10 && head.starts_with("BZh"sv) && head[3] >= '1' && head[3] <= '9' &&
      (head.substr(4).starts_with("1AY&SY"sv) || head.substr(4).starts_with("\x17rE8P\x90"sv)))
    return Compression::Bzip2;
  return Compression::None;
}

}  // namespace

std::string_view name_of(Compression compression) {
  switch (compression) {
    case Compression::None:
      return "none";
    case Compression::Gzip:
      return "gzip";
    case Compression::Zstd:
      return "zstd";
    case Compression::Xz:
      return "xz";
    case Compression::Bzip2:
      return "bzip2";
  }
  return "none";
}

Result<std::unique_ptr<Reader>> decompress(Reader& in, const BombGuard& guard) {
  std::vector<std::byte> head(kMagicBytes);
  SUIT_LET(std::size_t count, read_full(in, head));
  head.resize(count);
  Compression format = format_of({reinterpret_cast<const char*>(head.data()), head.size()});
  std::unique_ptr<Decoder> decoder;
  switch (format) {
    case Compression::None:
      return std::make_unique<Prefixed>(std::move(head), in);
    case Compression::Gzip:
      decoder = std::make_unique<GzipDecoder>();
      break;
    case Compression::Zstd:
      decoder = std::make_unique<ZstdDecoder>();
      break;
    case Compression::Xz:
      decoder = std::make_unique<XzDecoder>();
      break;
    case Compression::Bzip2:
      decoder = std::make_unique<Bzip2Decoder>();
      break;
  }
  return std::make_unique<DecompressingReader>(format, guard, std::move(decoder), std::move(head),
                                               in);
}

}  // namespace suit::layer
