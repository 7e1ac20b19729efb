// What a start costs, part by part: the facts, the plan, and the launch itself. The whole, beside
// other runtimes: bench/peers; the floor (bare clone3 and exec): bench/floor.

#include "runtime/runtime.h"

#include <fcntl.h>

#include <benchmark/benchmark.h>

#include "bundle.h"
#include "runtime/plan.h"

namespace suit::runtime {
namespace {

oci::Spec program() {
  oci::Spec spec = test::Bundle::shell("");
  spec.process.args = {"/bin/true"};
  return spec;
}

void BM_ProbeHost(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(probe_host());
}
BENCHMARK(BM_ProbeHost)->Unit(benchmark::kMicrosecond);

void BM_PlanLaunch(benchmark::State& state) {
  const oci::Spec spec = program();
  const HostFacts facts;
  for (auto _ : state)
    benchmark::DoNotOptimize(plan_launch(spec, facts, "bench"));
}
BENCHMARK(BM_PlanLaunch)->Unit(benchmark::kMicrosecond);

// From the plan to the program's exec, and on to its end with everything removed.
void BM_LaunchTrue(benchmark::State& state) {
  if (std::string reason = test::no_kernel_tests(); !reason.empty()) {
    state.SkipWithError(reason.c_str());
    return;
  }
  test::Bundle bundle;
  oci::Spec spec = program();
  if (state.range(0) == 0)
    std::erase_if(spec.linux_.namespaces,
                  [](const oci::Namespace& ns) { return ns.type == "network"; });
  auto facts = probe_host();
  os::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (auto _ : state) {
    auto plan = plan_launch(spec, *facts, "bench");
    auto rootfs = clone_tree(bundle.rootfs());
    auto container = launch(*plan, {*rootfs, null, null, null, true, false});
    if (!container) {
      state.SkipWithError(container.error().message().c_str());
      return;
    }
    if (!container->wait()) state.SkipWithError("wait failed");
  }
}
BENCHMARK(BM_LaunchTrue)
    ->ArgName("own_network")
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

}  // namespace
}  // namespace suit::runtime
