// SHA-256 of what layers are made of: bytes per second. The floor to compare with is
// `openssl speed -evp sha256` or `openssl dgst -sha256` on the same machine.

#include "hash/sha256.h"

#include <random>
#include <string>

#include <benchmark/benchmark.h>

#include "hash/many.h"

namespace suit::hash {
namespace {

// Compiled code and text compress; random bytes do not. A hash does not care, but the pages must be
// there: touch them all, from a fixed seed.
std::string bytes_from_seed(std::size_t count) {
  std::mt19937_64 generator(42);
  std::string out(count, '\0');
  for (char& c : out)
    c = static_cast<char>(generator());
  return out;
}

void BM_HashBlock(benchmark::State& state) {
  const std::string block = bytes_from_seed(static_cast<std::size_t>(state.range(0)));
  Sha256 hash;
  for (auto _ : state) {
    hash.update(block);
    benchmark::DoNotOptimize(hash);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_HashBlock)->Arg(64)->Arg(4 << 10)->Arg(1 << 20);

// A layer passing through to its file, in the blocks that copy() moves.
void BM_HashLayerStream(benchmark::State& state) {
  const std::string layer = bytes_from_seed(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    StringReader source(layer);
    HashingWriter writer;
    if (!copy(source, writer)) state.SkipWithError("copy failed");
    benchmark::DoNotOptimize(writer.finish());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_HashLayerStream)->Arg(64 << 20)->Unit(benchmark::kMillisecond);

// Files of a build context: 4 KiB on average, 256 in a batch. One stream, and two on one core.
std::vector<std::string> small_files() {
  std::vector<std::string> files;
  std::mt19937 sizes(1);
  for (int i = 0; i < 256; ++i)
    files.push_back(bytes_from_seed(sizes() % 8192));
  return files;
}

void BM_HashFilesOneByOne(benchmark::State& state) {
  const std::vector<std::string> files = small_files();
  std::size_t size = 0;
  for (auto _ : state) {
    for (const std::string& file : files) {
      benchmark::DoNotOptimize(sha256(file));
      size += file.size();
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(size));
}
BENCHMARK(BM_HashFilesOneByOne);

void BM_HashFilesTwoStreams(benchmark::State& state) {
  const std::vector<std::string> files = small_files();
  std::vector<std::span<const std::byte>> messages;
  for (const std::string& file : files)
    messages.push_back(bytes_of(file));
  std::size_t size = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(sha256_many(messages));
    for (const std::string& file : files)
      size += file.size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(size));
  state.SetLabel(has_two_streams() ? "two streams" : "no SHA instructions");
}
BENCHMARK(BM_HashFilesTwoStreams);

void BM_HashTwoLayers(benchmark::State& state) {
  const std::vector<std::string> layers{bytes_from_seed(8 << 20), bytes_from_seed(8 << 20)};
  const std::vector<std::span<const std::byte>> messages{bytes_of(layers[0]), bytes_of(layers[1])};
  for (auto _ : state)
    benchmark::DoNotOptimize(sha256_many(messages));
  state.SetBytesProcessed(state.iterations() * (16 << 20));
}
BENCHMARK(BM_HashTwoLayers)->Unit(benchmark::kMillisecond);

// What every record and config costs: the fixed price of one digest.
void BM_HashSmallDocument(benchmark::State& state) {
  const std::string document(1500, 'x');
  for (auto _ : state)
    benchmark::DoNotOptimize(sha256(document));
}
BENCHMARK(BM_HashSmallDocument);

void BM_ChainIds(benchmark::State& state) {
  const std::vector<digest::Digest> diff_ids(100, sha256("layer"));
  for (auto _ : state)
    benchmark::DoNotOptimize(chain_ids(diff_ids));
}
BENCHMARK(BM_ChainIds);

}  // namespace
}  // namespace suit::hash
