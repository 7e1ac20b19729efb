/// \file
/// What a layer costs: a header, many small files, one big file, and back. The floor stands beside
/// it: reading the same files without packing them.

#include "layer/layer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "layer/compress.h"
#include "layer/tar.h"
#include "os/file.h"

namespace suit::layer {
namespace {

class Sink final : public Writer {
 public:
  Result<void> write(std::span<const std::byte> bytes) override {
    size_ += bytes.size();
    return {};
  }
  std::uint64_t size() const { return size_; }

 private:
  std::uint64_t size_ = 0;
};

std::string random_text(std::size_t size) {
  std::mt19937 random(42);  // fixed seed: every run packs the same bytes
  std::string text(size, ' ');
  for (char& c : text)
    c = "etaoin shrdlu\n0123"[random() % 18];
  return text;
}

// 20 000 files of 4 KiB on average, 100 in a directory: what `COPY node_modules` looks like.
struct SmallFiles {
  SmallFiles() : dir(os::TempDir::create("/tmp", "suit-bench-").value()) {
    std::string text = random_text(8192);
    std::mt19937 random(1);
    for (int i = 0; i < 20000; ++i) {
      std::string folder = fmt::format("{}/d{:03}", dir.path(), i / 100);
      if (i % 100 == 0) (void)os::make_dirs(folder, 0755);
      (void)os::replace_file(fmt::format("{}/f{:02}", folder, i % 100),
                             text.substr(0, random() % 8192), 0644);
    }
  }
  os::TempDir dir;
};
const SmallFiles& small_files() {
  static SmallFiles files;
  return files;
}

struct BigFile {
  BigFile() : dir(os::TempDir::create("/tmp", "suit-bench-").value()) {
    std::string text = random_text(1U << 20);
    std::string all;
    for (int i = 0; i < 256; ++i)
      all += text;
    (void)os::replace_file(dir.path() + "/big", all, 0644);
  }
  os::TempDir dir;
};
const BigFile& big_file() {
  static BigFile file;
  return file;
}

void BM_Header(benchmark::State& state) {
  Sink sink;
  TarWriter tar(sink);
  TarEntry entry;
  entry.path = "usr/share/doc/package/changelog";
  entry.mode = 0644;
  entry.mtime_s = 1700000000;
  for (auto _ : state)
    benchmark::DoNotOptimize(tar.begin(entry));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Header);

void pack(benchmark::State& state, const std::string& upper) {
  std::uint64_t size = 0;
  std::size_t entries = 0;
  for (auto _ : state) {
    Sink sink;
    auto changes = plan_diff(upper, {}, {});
    if (!changes || !write_changes(upper, *changes, {}, sink))
      state.SkipWithError("write_changes failed");
    size += sink.size();
    entries += changes->size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(size));
  state.SetItemsProcessed(static_cast<std::int64_t>(entries));
}

void BM_PackSmallFiles(benchmark::State& state) { pack(state, small_files().dir.path()); }
BENCHMARK(BM_PackSmallFiles)->Unit(benchmark::kMillisecond);

// The floor: open, read and close the same files by path, no plan, no tar.
void BM_ReadSmallFiles(benchmark::State& state) {
  const std::string& root = small_files().dir.path();
  std::vector<char> buffer(1U << 20);
  for (auto _ : state) {
    for (int i = 0; i < 20000; ++i) {
      int fd = ::open(fmt::format("{}/d{:03}/f{:02}", root, i / 100, i % 100).c_str(),
                      O_RDONLY | O_CLOEXEC);
      benchmark::DoNotOptimize(::read(fd, buffer.data(), buffer.size()));
      ::close(fd);
    }
  }
  state.SetItemsProcessed(state.iterations() * 20000);
}
BENCHMARK(BM_ReadSmallFiles)->Unit(benchmark::kMillisecond);

void BM_PackBigFile(benchmark::State& state) { pack(state, big_file().dir.path()); }
BENCHMARK(BM_PackBigFile)->Unit(benchmark::kMillisecond);

std::string tar_of(const std::string& upper) {
  StringWriter out;
  auto changes = plan_diff(upper, {}, {});
  if (changes) (void)write_changes(upper, *changes, {}, out);
  return out.take();
}

void unpack(benchmark::State& state, const std::string& tar) {
  ApplyOptions options;
  options.squash_owners = ::geteuid() != 0;
  std::uint64_t entries = 0;
  for (auto _ : state) {
    auto dir = os::TempDir::create("/tmp", "suit-bench-").value();
    auto root = os::open_at(os::FdRef::cwd(), dir.path(), O_RDONLY | O_DIRECTORY);
    StringReader in(tar);
    auto stats = apply(in, *root, options);
    if (!stats) state.SkipWithError(stats.error().message().c_str());
    if (stats) entries += stats->entries;
    state.PauseTiming();
    (void)os::remove_tree(dir.path());
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(tar.size()));
  state.SetItemsProcessed(static_cast<std::int64_t>(entries));
}

void BM_UnpackSmallFiles(benchmark::State& state) {
  unpack(state, tar_of(small_files().dir.path()));
}
BENCHMARK(BM_UnpackSmallFiles)->Unit(benchmark::kMillisecond);

void BM_UnpackBigFile(benchmark::State& state) { unpack(state, tar_of(big_file().dir.path())); }
BENCHMARK(BM_UnpackBigFile)->Unit(benchmark::kMillisecond);

void BM_ReadHeaders(benchmark::State& state) {
  std::string tar = tar_of(small_files().dir.path());
  for (auto _ : state) {
    StringReader in(tar);
    TarReader reader(in);
    while (true) {
      auto entry = reader.next();
      if (!entry || !*entry) break;
    }
  }
  state.SetItemsProcessed(state.iterations() * 20200);
}
BENCHMARK(BM_ReadHeaders)->Unit(benchmark::kMillisecond);

void inflate(benchmark::State& state, const std::string& packed, std::size_t plain_bytes) {
  std::vector<std::byte> buffer(1U << 20);
  for (auto _ : state) {
    StringReader in(packed);
    auto reader = decompress(in);
    while (reader) {
      auto count = (*reader)->read(buffer);
      if (!count || *count == 0) break;
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(plain_bytes));
}

void BM_Decompress(benchmark::State& state) {
  std::string text = random_text(16U << 20);
  std::string packed(text.size() + 65536, '\0');
  if (state.range(0) == 0) {
    z_stream stream{};
    (void)deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    stream.next_in = reinterpret_cast<Bytef*>(text.data());
    stream.avail_in = static_cast<unsigned>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<unsigned>(packed.size());
    (void)deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
  } else {
    packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  }
  state.SetLabel(state.range(0) == 0 ? "gzip" : "zstd");
  inflate(state, packed, text.size());
}
BENCHMARK(BM_Decompress)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace suit::layer
