// What a build costs before anything runs: reading the plan, walking and hashing the context, and a
// build that finds everything in the cache.

#include "build/build.h"

#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "build/context.h"
#include "build/tree.h"
#include "os/file.h"

namespace suit::build {
namespace {

/// A directory with \p count files of 4 KiB, 100 in each folder; always the same content.
class Files {
 public:
  explicit Files(std::size_t count) : dir_(os::TempDir::create("/tmp", "suit-bench-").value()) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string folder = fmt::format("{}/context/d{}", dir_.path(), i / 100);
      if (i % 100 == 0) os::make_dirs(folder).value();
      std::string text(4096, static_cast<char>('a' + i % 26));
      os::replace_file(fmt::format("{}/f{}", folder, i), text).value();
    }
  }
  std::string context() const { return dir_.path() + "/context"; }
  std::string path() const { return dir_.path(); }

 private:
  os::TempDir dir_;
};

void BM_PlanTwentyStages(benchmark::State& state) {
  std::string text = "FROM scratch AS s0\nCOPY a /a\n";
  for (int i = 1; i < 20; ++i) {
    text += fmt::format(
        "FROM s{} AS s{}\nARG V{}=1\nENV E{}=$V{}\nRUN make $E{}\nCOPY --from=s{} /x /y\n", i - 1,
        i, i, i, i, i, i - 1);
  }
  const FindImage none = [](const std::string&) -> Result<BaseImage> {
    return fail(ENOENT, "none");
  };
  for (auto _ : state) {
    const Result<Graph> graph = plan({.name = "Dockerfile", .text = text}, {}, none);
    if (!graph) state.SkipWithError(graph.error().message().c_str());
    benchmark::DoNotOptimize(graph);
  }
}
BENCHMARK(BM_PlanTwentyStages)->Unit(benchmark::kMicrosecond);

void BM_WalkContext(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const Files files(count);
  const os::Root root = os::Root::open(files.context()).value();
  for (auto _ : state)
    benchmark::DoNotOptimize(select_files(root, ".", {.as_root = true}));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_WalkContext)->Arg(100)->Arg(20000)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_KeyOfContext(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const Files files(count);
  const os::Root root = os::Root::open(files.context()).value();
  for (auto _ : state) {
    std::vector<Match> matches = select_files(root, ".", {.as_root = true}).value();
    hash_selection(root, matches).value();
    benchmark::DoNotOptimize(tree_text(matches));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * state.range(0) * 4096);
}
BENCHMARK(BM_KeyOfContext)->Arg(100)->Arg(20000)->Unit(benchmark::kMillisecond)->UseRealTime();

/// The whole of `suit build` when nothing changed; needs root, as the first build mounts an
/// overlay.
void BM_CachedBuild(benchmark::State& state) {
  const Files files(static_cast<std::size_t>(state.range(0)));
  Result<store::Store> store = store::Store::open(files.path() + "/store");
  if (!store) return state.SkipWithError(store.error().message().c_str());
  Options options;
  options.context_dir = files.context();
  options.dockerfile_text = "FROM scratch\nCOPY . /app/\nCMD [\"/app/x\"]\n";
  NoProgress quiet;
  if (Result<Report> first = build(*store, options, quiet); !first) {
    return state.SkipWithError(first.error().message().c_str());
  }
  for (auto _ : state)
    benchmark::DoNotOptimize(build(*store, options, quiet));
}
BENCHMARK(BM_CachedBuild)
    ->Arg(1)
    ->Arg(100)
    ->Arg(20000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace suit::build
