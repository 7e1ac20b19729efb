// What a container's network costs, in namespaces of the benchmark's own. The floor stands beside
// it: the one message that makes the cable, and a namespace alone.

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>

#include <optional>
#include <vector>

#include <benchmark/benchmark.h>

#include "network/attach.h"

namespace suit::network {
namespace {

// A host of its own: once, for all benchmarks.
struct Host {
  std::optional<Socket> route;
  NetworkConfig config;
  std::string problem;

  Host() {
    if (::unshare(CLONE_NEWNET) != 0) {
      problem = "needs root";
      return;
    }
    route.emplace(*Socket::open(NETLINK_ROUTE));
    config.name = "bench";
    config.id = std::string(64, 'b');
    config.bridge = "br-bench";
    config.subnet = *Prefix::parse("10.88.0.0/16");
    config.gateway = *Address::parse("10.88.0.1");
    if (auto made = ensure_bridge(config, *route); !made) problem = made.error().message();
  }
};

Host& host() {
  static Host one;
  return one;
}

bool skips(benchmark::State& state) {
  if (!host().problem.empty()) state.SkipWithError(host().problem.c_str());
  return !host().problem.empty();
}

// The kernel takes a namespace apart on a thread of its own, with the lock of all interfaces in its
// hand: kept until the clock stands, so that what is measured is the making alone.
std::vector<Netns>& kept() {
  static std::vector<Netns> spaces;
  return spaces;
}

std::string id_of(std::int64_t n) { return std::to_string(n); }

void BM_PlanEndpoint(benchmark::State& state) {
  Endpoint endpoint;
  endpoint.address = Address::v4(0x0a580102);
  for (auto _ : state)
    benchmark::DoNotOptimize(plan_endpoint(host().config, endpoint, 2, 5));
}
BENCHMARK(BM_PlanEndpoint)->Unit(benchmark::kMicrosecond);

void BM_NamespaceAlone(benchmark::State& state) {
  if (skips(state)) return;
  for (auto _ : state) {
    auto space = Netns::create();
    kept().push_back(*std::move(space));
  }
  kept().clear();
}
BENCHMARK(BM_NamespaceAlone)->Unit(benchmark::kMicrosecond)->Iterations(200);

// The floor: the kernel's part of a cable, and nothing else.
void BM_FloorVeth(benchmark::State& state) {
  if (skips(state)) return;
  auto bridge = find_link(*host().route, "br-bench");
  static std::int64_t n = 0;  // an address that no earlier round may still have
  for (auto _ : state) {
    state.PauseTiming();
    auto space = Netns::create();
    const Address address = Address::v4(0x0a580100 + static_cast<std::uint32_t>(++n));
    const Message message =
        add_veth({lease_name(address), bridge->index, "eth0", mac_of(address), space->fd().raw()});
    state.ResumeTiming();
    if (!host().route->request(message)) state.SkipWithError("veth");
    kept().push_back(*std::move(space));
  }
  kept().clear();
}
BENCHMARK(BM_FloorVeth)->Unit(benchmark::kMicrosecond)->Iterations(200);

// From a namespace to one with an address, a route and a way in: range(0) published ports.
void BM_Attach(benchmark::State& state) {
  if (skips(state)) return;
  static std::int64_t n = 0;  // an address that no earlier round may still have
  for (auto _ : state) {
    state.PauseTiming();
    auto space = Netns::create();
    const std::string id = id_of(++n) + std::string(12, 'x');
    std::vector<PortRequest> requests(static_cast<std::size_t>(state.range(0)));
    for (std::size_t i = 0; i < requests.size(); ++i)
      requests[i].container.number = static_cast<std::uint16_t>(80 + i);
    std::optional<Ports> ports;
    state.ResumeTiming();
    auto endpoint = attach(host().config, {.container_id = id}, *host().route, *space);
    if (!endpoint) {
      state.SkipWithError(endpoint.error().message().c_str());
      break;
    }
    if (!requests.empty()) {
      auto reserved = Ports::reserve(requests, *endpoint, "bench");
      if (!reserved || !reserved->open(id, *endpoint)) state.SkipWithError("ports");
      if (reserved) ports.emplace(*std::move(reserved));
    }
    state.PauseTiming();
    ports.reset();
    kept().push_back(*std::move(space));
    state.ResumeTiming();
  }
  kept().clear();
}
BENCHMARK(BM_Attach)->Arg(0)->Arg(1)->Arg(10)->Unit(benchmark::kMicrosecond)->Iterations(200);

}  // namespace
}  // namespace suit::network
