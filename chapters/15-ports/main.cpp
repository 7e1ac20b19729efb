/// \file
/// Chapter 15: a network in five steps.
///
///     15-ports [--without STEP]... [--explain] [--address A] [--publish PORTS]... PROGRAM
///     [ARGUMENT...]
///
/// Runs PROGRAM in a network namespace that is connected to this one. A STEP is what stands after
/// `net.` in the engine's list of steps: bridge_up, address, up, route, localnet, … Needs root, and
/// is best run where nothing can be broken: `unshare -n`. \see tutorials/15-ports.md

#include <linux/netlink.h>
#include <sched.h>

#include <optional>

#include "chapter.h"
#include "network/attach.h"

namespace {
using suit::Result;
using suit::chapter::Arguments;
namespace network = suit::network;
//> network
network::NetworkConfig lesson_network() {
  network::NetworkConfig config;
  config.name = "lesson";
  config.bridge = "lesson0";
  config.subnet = {network::Address::v4(0x0a630000), 24};  // 10.99.0.0/24
  config.gateway = network::Address::v4(0x0a630001);
  return config;
}
//< network
//> carry-out
// The plan without what is to be left out; shown, and done.
Result<void> carry_out(const Arguments& wanted, network::NetworkPlan plan, network::Socket& route,
                       network::Netns& inside) {
  std::erase_if(
      plan, [&](const network::Step& step) { return wanted.without.contains(step.id.substr(4)); });
  if (wanted.has("--explain")) fmt::print(stderr, "{}", network::to_text(plan));
  return network::execute(plan, route, &inside);
}
//< carry-out
//> connect
// What is connected stays so while this object lives.
struct Connected {
  network::Netns space;
  network::Endpoint endpoint;
  std::optional<network::Ports> ports;
};

Result<Connected> connect(const Arguments& wanted) {
  const network::NetworkConfig config = lesson_network();
  SUIT_LET(network::Socket route, network::Socket::open(NETLINK_ROUTE));
  SUIT_LET(network::Netns space, network::Netns::create());
  SUIT_TRY(carry_out(wanted, network::plan_bridge(config), route, space));
  SUIT_LET(const network::Link bridge, network::find_link(route, config.bridge));
  network::Endpoint endpoint;
  endpoint.address =
      network::Address::parse(wanted.get("--address")).value_or(config.gateway.plus(1));
  endpoint.mac = network::mac_of(endpoint.address);
  SUIT_TRY(carry_out(wanted,
                     network::plan_endpoint(config, endpoint, bridge.index, space.fd().raw()),
                     route, space));
  return Connected{std::move(space), endpoint, std::nullopt};
}
//< connect
//> publish
Result<void> publish(const Arguments& wanted, Connected& connected) {
  std::vector<network::PortRequest> requests;
  for (const std::string& text : wanted.all("--publish")) {
    SUIT_LET(const std::vector<network::PortRequest> ports, network::parse_publish(text));
    requests.insert(requests.end(), ports.begin(), ports.end());
  }
  if (requests.empty() || wanted.without.contains("ports")) return {};
  const std::string id = fmt::format("lesson{}", ::getpid());
  SUIT_LET(connected.ports, network::Ports::reserve(requests, connected.endpoint, id));
  const auto plan = network::plan_ports(id, connected.endpoint, connected.ports->published());
  if (wanted.has("--explain")) fmt::print(stderr, "{}", network::to_text(plan));
  return connected.ports->open(id, connected.endpoint);
}
//< publish
//> run
Result<int> run(int argc, char** argv) {
  SUIT_LET(const Arguments wanted,
           suit::chapter::parse(argc, argv, {"--explain"}, {"--address", "--publish"}));
  if (wanted.words.size() < 2) return suit::fail(0, "usage: 15-ports [OPTION]... PROGRAM");
  SUIT_LET(Connected connected, connect(wanted));
  SUIT_TRY(publish(wanted, connected));
  SUIT_LET(const pid_t pid, suit::chapter::clone(0));
  if (pid != 0) return suit::chapter::wait(pid);
  const bool entered = ::setns(connected.space.fd().raw(), CLONE_NEWNET) == 0;
  Result<void> done = entered ? suit::chapter::execute<0>(wanted) : suit::fail(errno, "setns");
  ::_exit(suit::chapter::finish("15-ports", std::unexpected(done.error())));
}
//< run
}  // namespace

int main(int argc, char** argv) { return suit::chapter::finish("15-ports", run(argc, argv)); }
