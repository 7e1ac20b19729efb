/// \file
/// A stream compressed by several threads, with the same bytes whatever their number.
///
/// Problem: deflate at level 6 makes 20 to 50 MB/s of a core, so a layer of a gigabyte takes half a
/// minute; and a layer's name is the hash of its bytes, so they must not depend on who was faster.
///
/// Method: the stream is cut into blocks of 1 MiB, each compressed as if it were alone:
///
///     caller     block 0 | block 1 | block 2 | ...         bytes come; a full block goes to `todo`
///     workers      └ a     └ b       └ a                   each takes the oldest, compresses it
///     in order   member 0, member 1, member 2              whoever has the next one writes it on,
///     and
///                                                          all that have become ready behind it
///
/// Gzip members in a row are one gzip file (RFC 1952, 2.2), zstd frames in a row one zstd file
/// (RFC 8878, 3): every reader of layers takes them. A fresh start every 1 MiB costs 0.1 to 1 % of
/// size.
///
/// libdeflate, because at the same ratio it is twice as fast as zlib and gives the same bytes on
/// every processor. ISA-L's igzip would be six times faster still, but chooses its matches by a
/// hash that differs with the processor, and Debian has no static archive of it.

#include <libdeflate.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "layer/compress.h"

namespace suit::layer {
namespace {

constexpr std::size_t kBlockBytes = 1U << 20;
constexpr unsigned kMaxThreads = 6;
constexpr unsigned kBlocksAhead = 2;  // so that the caller fills one while all threads are busy
constexpr int kGzipLevel = 6;         // what docker, podman and umoci compress with
constexpr int kZstdLevel = 3;         // smaller than gzip 6, three times as fast
constexpr int kGzipMaxLevel = 12;
constexpr int kZstdMaxLevel = 19;

using Bytes = std::vector<std::byte>;

// Makes one block a stream of its own. One for each thread.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual Result<void> encode(Bytes& in, Bytes& out) = 0;
};

class PlainEncoder final : public Encoder {
 public:
  Result<void> encode(Bytes& in, Bytes& out) override {
    std::swap(in, out);
    return {};
  }
};

class GzipEncoder final : public Encoder {
 public:
  explicit GzipEncoder(int level) : compressor_(libdeflate_alloc_compressor(level)) {}
  ~GzipEncoder() override { libdeflate_free_compressor(compressor_); }
  GzipEncoder(const GzipEncoder&) = delete;
  GzipEncoder& operator=(const GzipEncoder&) = delete;

  Result<void> encode(Bytes& in, Bytes& out) override {
    if (!compressor_) return fail(ENOMEM, "libdeflate_alloc_compressor()");
    out.resize(libdeflate_gzip_compress_bound(compressor_, in.size()));
    // Its header has no time and no name: the same bytes today and tomorrow.
    std::size_t size =
        libdeflate_gzip_compress(compressor_, in.data(), in.size(), out.data(), out.size());
    if (size == 0) return fail(0, "libdeflate_gzip_compress() made nothing");
    out.resize(size);
    return {};
  }

 private:
  libdeflate_compressor* compressor_;
};

class ZstdEncoder final : public Encoder {
 public:
  explicit ZstdEncoder(int level) : context_(ZSTD_createCCtx()) {
    if (!context_) return;
    ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
  }
  ~ZstdEncoder() override { ZSTD_freeCCtx(context_); }
  ZstdEncoder(const ZstdEncoder&) = delete;
  ZstdEncoder& operator=(const ZstdEncoder&) = delete;

  Result<void> encode(Bytes& in, Bytes& out) override {
    if (!context_) return fail(ENOMEM, "ZSTD_createCCtx()");
    out.resize(ZSTD_compressBound(in.size()));
    std::size_t size = ZSTD_compress2(context_, out.data(), out.size(), in.data(), in.size());
    if (ZSTD_isError(size) != 0)
      return fail(0, fmt::format("ZSTD_compress2(): {}", ZSTD_getErrorName(size)));
    out.resize(size);
    return {};
  }

 private:
  ZSTD_CCtx* context_;
};

std::unique_ptr<Encoder> make_encoder(const CompressOptions& options) {
  switch (options.format) {
    case Compression::Gzip:
      return std::make_unique<GzipEncoder>(options.level.value_or(kGzipLevel));
    case Compression::Zstd:
      return std::make_unique<ZstdEncoder>(options.level.value_or(kZstdLevel));
    default:
      return std::make_unique<PlainEncoder>();
  }
}

unsigned thread_count(unsigned wanted) {
  if (wanted == 0) wanted = std::max(1U, std::thread::hardware_concurrency());
  return std::min(wanted, kMaxThreads);
}

struct Portion {
  std::size_t index = 0;
  Bytes in;
  Bytes out;
};
using PortionPtr = std::unique_ptr<Portion>;

}  // namespace

Result<void> check(const CompressOptions& options) {
  bool gzip = options.format == Compression::Gzip;
  if (!gzip && options.format != Compression::Zstd && options.format != Compression::None)
    return fail(EINVAL, fmt::format("layers cannot be compressed with {}", name_of(options.format)),
                "there are gzip, zstd and none");
  int most = gzip ? kGzipMaxLevel : kZstdMaxLevel;
  if (options.level && (*options.level < 1 || *options.level > most))
    return fail(EINVAL, fmt::format("{} has no level {}", name_of(options.format), *options.level),
                fmt::format("its levels are 1 (fast) to {} (small)", most));
  return {};
}

struct CompressingWriter::State {
  State(Writer& writer, const CompressOptions& wanted)
      : out(writer), options(wanted), threads(thread_count(wanted.threads)) {}

  Writer& out;
  const CompressOptions options;
  const unsigned threads;
  PortionPtr filling;
  std::size_t submitted = 0;  // blocks

  std::mutex mutex;
  std::condition_variable work;  // for workers: something to do, or the end
  std::condition_variable room;  // for the caller: a block was written, or nothing is left
  std::deque<PortionPtr> todo;
  std::map<std::size_t, PortionPtr> ready;  // compressed, waiting for their turn
  std::vector<PortionPtr> spare;
  std::size_t next = 0;  // index of the block that is written next
  bool writing = false;
  bool stopping = false;
  Result<void> outcome;
  std::vector<std::jthread> workers;
  std::unique_ptr<Encoder> own;  // the caller's, where there are no workers

  // Writes what is next, and everything ready behind it. One thread at a time, without the lock.
  void drain(std::unique_lock<std::mutex>& lock) {
    if (writing) return;
    writing = true;
    for (auto at = ready.find(next); at != ready.end(); at = ready.find(next)) {
      PortionPtr block = std::move(at->second);
      ready.erase(at);
      bool wanted = outcome.has_value();
      lock.unlock();
      Result<void> written = wanted ? out.write(block->out) : Result<void>();
      lock.lock();
      if (!written && outcome) outcome = std::move(written);
      ++next;
      spare.push_back(std::move(block));
      room.notify_one();
    }
    writing = false;
  }

  void run_worker() {
    std::unique_ptr<Encoder> encoder = make_encoder(options);
    std::unique_lock lock(mutex);
    while (true) {
      work.wait(lock, [&] { return stopping || !todo.empty(); });
      if (todo.empty()) return;
      PortionPtr block = std::move(todo.front());
      todo.pop_front();
      lock.unlock();
      Result<void> encoded = encoder->encode(block->in, block->out);
      lock.lock();
      if (!encoded && outcome) outcome = std::move(encoded);
      std::size_t index = block->index;
      ready.emplace(index, std::move(block));
      drain(lock);
    }
  }

  PortionPtr fresh() {
    std::lock_guard lock(mutex);
    if (spare.empty()) return std::make_unique<Portion>();
    PortionPtr block = std::move(spare.back());
    spare.pop_back();
    block->in.clear();
    return block;
  }

  // The caller does it all: one thread was asked for, or there is but one block.
  Result<void> write_alone(PortionPtr block) {
    if (!own) own = make_encoder(options);
    SUIT_TRY(own->encode(block->in, block->out));
    SUIT_TRY(out.write(block->out));
    spare.push_back(std::move(block));
    return {};
  }

  Result<void> submit(PortionPtr block, bool last) {
    if (threads == 1 || (last && workers.empty())) {
      ++submitted;
      return write_alone(std::move(block));
    }
    std::unique_lock lock(mutex);
    room.wait(lock, [&] { return submitted < next + threads + kBlocksAhead; });
    if (!outcome) return outcome;
    block->index = submitted++;
    todo.push_back(std::move(block));
    // A thread starts when there is work that nobody else is free for.
    if (workers.size() < threads && (workers.empty() || todo.size() > 1))
      workers.emplace_back([this] { run_worker(); });
    work.notify_one();
    return {};
  }

  Result<void> finish() {
    // A stream of nothing is still a stream: one empty member.
    if (filling || submitted == 0)
      SUIT_TRY(submit(filling ? std::move(filling) : std::make_unique<Portion>(), true));
    if (workers.empty()) return {};
    std::unique_lock lock(mutex);
    room.wait(lock, [&] { return next == submitted; });
    return outcome;
  }

  ~State() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
      todo.clear();
    }
    work.notify_all();
    workers.clear();  // joins
  }
};

CompressingWriter::CompressingWriter(Writer& out, const CompressOptions& options)
    : state_(std::make_unique<State>(out, options)) {}
CompressingWriter::~CompressingWriter() = default;

Result<void> CompressingWriter::write(std::span<const std::byte> bytes) {
  State& state = *state_;
  while (!bytes.empty()) {
    if (!state.filling) {
      state.filling = state.fresh();
      state.filling->in.reserve(kBlockBytes);
    }
    Bytes& block = state.filling->in;
    std::size_t count = std::min(bytes.size(), kBlockBytes - block.size());
    block.insert(block.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    if (block.size() == kBlockBytes) SUIT_TRY(state.submit(std::move(state.filling), false));
  }
  return {};
}

Result<void> CompressingWriter::finish() { return state_->finish(); }

}  // namespace suit::layer
