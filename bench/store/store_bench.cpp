// What the store adds to hashing and to the disk. Floors stand beside: BM_Hash is what a blob
// cannot be stored faster than, BM_WriteAndSync what a disk that must be waited for costs.

#include "store/store.h"

#include <unistd.h>

#include <cstdlib>
#include <random>
#include <string>

#include <benchmark/benchmark.h>

#include "hash/sha256.h"
#include "layer/tar.h"
#include "os/file.h"
#include "store/archive.h"

namespace suit::store {
namespace {

// A store in a temporary folder; a benchmark that cannot have one is of no use.
struct Scratch {
  os::TempDir folder = os::TempDir::create("/tmp", "suit-bench-").value();
  Store store = Store::open(folder.path() + "/store").value();
};

std::string random_bytes(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string text(size, '\0');
  for (char& c : text)
    c = static_cast<char>(random());
  return text;
}

std::string make_layer(int files, std::size_t size_bytes) {
  StringWriter out;
  layer::TarWriter tar(out);
  std::string content = random_bytes(size_bytes, 7);
  for (int i = 0; i < files; ++i) {
    layer::TarEntry entry;
    entry.path = std::to_string(i);
    entry.mode = 0644;
    entry.size_bytes = content.size();
    tar.begin(entry).value();
    tar.write(bytes_of(content)).value();
  }
  tar.finish().value();
  return out.take();
}

oci::Descriptor put_layer(Store& store, const std::string& layer) {
  oci::Descriptor descriptor;
  descriptor.media_type = oci::kMediaLayerTar;
  descriptor.digest = store.put_blob(layer).value();
  descriptor.size_bytes = layer.size();
  return descriptor;
}

Image put_image(Store& store, const std::string& layer, const std::string& name) {
  oci::ImageConfig config;
  config.created = "2024-01-02T03:04:05Z";
  config.author = name;
  oci::Descriptor descriptor = put_layer(store, layer);
  config.diff_ids = {descriptor.digest};
  return store.put_image(config, {descriptor}, {naming::parse_reference(name).value()}).value();
}

void BM_Hash(benchmark::State& state) {
  std::string content = random_bytes(static_cast<std::size_t>(state.range(0)), 1);
  for (auto _ : state)
    benchmark::DoNotOptimize(hash::sha256(content));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Hash)->Arg(4 << 10)->Arg(64 << 20)->Unit(benchmark::kMillisecond);

void BM_WriteAndSync(benchmark::State& state) {
  Scratch scratch;
  std::string content = random_bytes(static_cast<std::size_t>(state.range(0)), 1);
  for (auto _ : state) {
    auto done = os::replace_file(scratch.folder.path() + "/file", content, 0600, os::Durable::Yes);
    if (!done) state.SkipWithError(done.error().message().c_str());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_WriteAndSync)
    ->Arg(4 << 10)
    ->Arg(64 << 20)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void BM_PutBlob(benchmark::State& state) {
  Scratch scratch;
  std::string content = random_bytes(static_cast<std::size_t>(state.range(0)), 1);
  for (auto _ : state) {
    content[0] = static_cast<char>(content[0] + 1);
    auto digest = scratch.store.put_blob(content);
    if (!digest) return state.SkipWithError(digest.error().message().c_str());
    state.PauseTiming();
    std::string path = scratch.store.root() + "/blobs/sha256/" + std::string(digest->hex());
    ::unlink(path.c_str());
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_PutBlob)->Arg(4 << 10)->Arg(64 << 20)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_PutImage(benchmark::State& state) {
  Scratch scratch;
  std::string layer = make_layer(1, 4096);
  int count = 0;
  for (auto _ : state)
    put_image(scratch.store, layer, "bench:" + std::to_string(++count));
}
BENCHMARK(BM_PutImage)->Unit(benchmark::kMillisecond)->UseRealTime();

// What the start of a container pays: open, find, and directories that are all there.
void BM_OpenAndFind(benchmark::State& state) {
  Scratch scratch;
  std::string layer = make_layer(1, 4096);
  for (int i = 0; i < state.range(0); ++i)
    put_image(scratch.store, layer, "bench:" + std::to_string(i));
  (void)scratch.store.lower_dirs(scratch.store.find_image("bench:0").value()).value();
  for (auto _ : state) {
    Store store = Store::open(scratch.store.root()).value();
    Image image = store.find_image("bench:0").value();
    benchmark::DoNotOptimize(store.lower_dirs(image).value());
  }
}
BENCHMARK(BM_OpenAndFind)->Arg(1)->Arg(100)->Unit(benchmark::kMicrosecond);

void BM_ListImages(benchmark::State& state) {
  Scratch scratch;
  std::string layer = make_layer(1, 4096);
  for (int i = 0; i < state.range(0); ++i)
    put_image(scratch.store, layer, "bench:" + std::to_string(i));
  for (auto _ : state)
    benchmark::DoNotOptimize(scratch.store.images());
}
BENCHMARK(BM_ListImages)->Arg(100)->Unit(benchmark::kMillisecond);

void BM_Unpack(benchmark::State& state) {
  Scratch scratch;
  std::string layer = make_layer(static_cast<int>(state.range(0)), 4096);
  Image image = put_image(scratch.store, layer, "bench");
  for (auto _ : state) {
    (void)scratch.store.lower_dirs(image).value();
    state.PauseTiming();
    (void)os::remove_tree(scratch.store.root() + "/snapshots/" +
                          std::string(image.config.diff_ids[0].hex()));
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Unpack)->Arg(1000)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_SaveAndLoad(benchmark::State& state) {
  Scratch scratch;
  put_image(scratch.store, make_layer(16, 1 << 20), "bench");
  for (auto _ : state) {
    StringWriter archive;
    save_archive(scratch.store, {"bench"}, archive).value();
    StringReader reader(archive.text());
    benchmark::DoNotOptimize(load_archive(scratch.store, reader).value());
  }
  state.SetBytesProcessed(state.iterations() * (16 << 20));
}
BENCHMARK(BM_SaveAndLoad)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace suit::store
