// SHA-256 of what layers are made of: bytes per second. The floor to compare with is
// `openssl speed -evp sha256` or `openssl dgst -sha256` on the same machine.

#include "hash/sha256.h"

#include <random>
#include <string>

#include <benchmark/benchmark.h>

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
