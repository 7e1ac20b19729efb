// What --gpus adds to a start: looking at the host, planning, editing the specification. The
// vendor's way costs five processes and an ldconfig (30 ms warm).

#include <sys/stat.h>
#include <unistd.h>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "gpu/cdi_apply.h"
#include "gpu/inject.h"
#include "os/file.h"

namespace {
namespace gpu = suit::gpu;
namespace os = suit::os;

// A host with one GPU and \p files driver libraries, and an image.
struct Trees {
  explicit Trees(int files) : dir(*os::TempDir::create("/tmp", "gpu-bench-")) {
    const std::string libraries = host() + "/usr/lib/x86_64-linux-gnu";
    const std::string gpu_dir = host() + "/proc/driver/nvidia/gpus/0000:06:00.0";
    for (const std::string& path : {libraries, gpu_dir, image() + "/usr/lib/x86_64-linux-gnu"})
      (void)os::make_dirs(path, 0755);
    (void)os::replace_file(gpu_dir + "/information", "Device Minor: 0\n");
    (void)os::replace_file(libraries + "/libcuda.so.580.65.06", "");
    for (int i = 1; i < files; ++i)
      (void)os::replace_file(fmt::format("{}/libnvidia-{}.so.580.65.06", libraries, i), "");
  }
  std::string host() const { return dir.path() + "/host"; }
  std::string image() const { return dir.path() + "/image"; }
  os::TempDir dir;
};

void BM_EditSpec(benchmark::State& state) {
  const Trees trees(static_cast<int>(state.range(0)));
  const os::Root image = *os::Root::open(trees.image());
  gpu::Request request;
  request.gpus = {*gpu::parse_gpus_flag("all")};
  request.driver_root = trees.host();
  for (auto _ : state) {
    suit::oci::Spec spec = suit::oci::default_spec();
    spec.process.args = {"true"};
    const auto done = gpu::edit_spec(spec, request, image, trees.dir.path() + "/scratch");
    if (!done) state.SkipWithError(done.error().message().c_str());
  }
}
BENCHMARK(BM_EditSpec)->Arg(1)->Arg(40)->Unit(benchmark::kMicrosecond);

void BM_LoadRegistry(benchmark::State& state) {
  const auto dir = *os::TempDir::create("/tmp", "gpu-bench-");
  for (std::int64_t i = 0; i < state.range(0); ++i)
    (void)os::replace_file(fmt::format("{}/{}.yaml", dir.path(), i),
                           fmt::format("cdiVersion: 0.5.0\nkind: v{}.com/d\ndevices:\n- name: x\n"
                                       "  containerEdits: {{env: [A=B]}}\n",
                                       i));
  const os::Root root = *os::Root::open("/");
  for (auto _ : state)
    benchmark::DoNotOptimize(gpu::CdiRegistry::load(root, {dir.path()}).devices().size());
}
BENCHMARK(BM_LoadRegistry)->Arg(1)->Arg(100)->Unit(benchmark::kMicrosecond);

}  // namespace
