#include "network/plan.h"

#include <linux/rtnetlink.h>

#include <fmt/format.h>

namespace suit::network {
namespace {

// Where netfilter's own users stand in a hook: linux/netfilter_ipv4.h, NF_IP_PRI_*.
constexpr int kRaw = -300, kTranslateDestination = -100, kFilter = 0, kTranslateSource = 100;

Step route_step(Step::Where where, std::string id, std::string text, Message message) {
  return {where, std::move(id), std::move(text), std::move(message)};
}

Step set_sysctl(Step::Where where, std::string id, const std::string& path,
                const std::string& value) {
  std::string name = path;
  for (char& c : name)
    if (c == '/') c = '.';
  return {where, std::move(id), fmt::format("sysctl -w {}={}", name, value), Sysctl{path, value}};
}

std::string table_name(const NetworkConfig& config) { return "suit-" + config.bridge; }

// What a network lets in and out. Only drops: an accept would not end the other tables' say anyway.
Table network_table(const NetworkConfig& config) {
  Table table;
  table.name = table_name(config);
  table.chains = {{"raw", "filter", "prerouting", kRaw},
                  {"forward", "filter", "forward", kFilter},
                  {"postrouting", "nat", "postrouting", kTranslateSource}};
  const std::string& bridge = config.bridge;
  const Prefix loopback{Address::v4(0x7f000000), 8};
  // route_localnet, which localhost's way to published ports needs, must not open the host's own
  // loopback to the containers.
  table.rules.push_back(Rule("raw").in_interface(bridge).destination(loopback).drop());
  // Nothing comes in but answers and published ports. That is the isolation between networks, too.
  table.rules.push_back(Rule("forward")
                            .in_interface(bridge, Not::Yes)
                            .out_interface(bridge)
                            .not_a_reply()
                            .not_translated()
                            .drop());
  if (config.is_internal) {
    table.rules.push_back(
        Rule("forward").in_interface(bridge).out_interface(bridge, Not::Yes).drop());
    return table;
  }
  table.rules.push_back(
      Rule("postrouting").source(config.subnet).out_interface(bridge, Not::Yes).masquerade());
  if (config.subnet6)
    table.rules.push_back(
        Rule("postrouting").source(*config.subnet6).out_interface(bridge, Not::Yes).masquerade());
  table.rules.push_back(Rule("postrouting").source(loopback).out_interface(bridge).masquerade());
  return table;
}

// For packets from outside, and for those of the host itself.
void add_translation(Table& table, const Endpoint& endpoint, const PublishedPort& port) {
  auto host = Address::parse(port.host_ip);
  if (!host) return;
  const bool v4 = host->is_v4();
  if (!v4 && !endpoint.address6) return;
  const Address& to = v4 ? endpoint.address : *endpoint.address6;
  for (const char* chain : {"prerouting", "output"}) {
    Rule rule(chain);
    rule.to_local_address();
    if (host->is_unspecified())
      rule.family(to);
    else
      rule.destination({*host, host->size * 8U});
    rule.destination_port(port.container.protocol, port.host_port);
    table.rules.push_back(std::move(rule.translate_to(to, port.container.number)));
  }
  // The container's own packet to its published port comes back to it: it must not be its own
  // sender.
  const Prefix self{to, to.size * 8U};
  table.rules.push_back(Rule("postrouting")
                            .source(self)
                            .destination(self)
                            .destination_port(port.container.protocol, port.container.number)
                            .masquerade());
}

}  // namespace

std::string lease_name(const Address& address) {
  return fmt::format("s{:08x}", address.low_word());
}

std::string lease_name6(const Address& address) {
  std::string name = "s6";
  for (std::uint8_t byte : address.bytes)
    name += fmt::format("{:02x}", byte);
  return name;
}

NetworkPlan plan_bridge(const NetworkConfig& config) {
  constexpr auto kHost = Step::Where::Host;
  const std::string& bridge = config.bridge;
  const auto at_bridge = [&](std::string id, std::string text, Message message) {
    Step step = route_step(kHost, std::move(id), std::move(text), std::move(message));
    step.link = bridge;
    step.may_exist = true;
    return step;
  };
  NetworkPlan plan;
  const Mac mac = mac_of(config.gateway);
  plan.push_back(
      route_step(kHost, "net.bridge",
                 fmt::format("ip link add {} address {} type bridge", bridge, to_text(mac)),
                 add_bridge(bridge, mac)));
  plan.back().may_exist = true;
  const Prefix gateway{config.gateway, config.subnet.length};
  plan.push_back(at_bridge("net.bridge_address",
                           fmt::format("ip addr add {} dev {}", gateway.text(), bridge),
                           add_address(0, gateway)));
  if (config.subnet6 && config.gateway6) {
    const Prefix gateway6{*config.gateway6, config.subnet6->length};
    plan.push_back(at_bridge("net.bridge_address",
                             fmt::format("ip addr add {} dev {} nodad", gateway6.text(), bridge),
                             add_address(0, gateway6)));
  }
  // Neighbours' questions are asked from the link's own address, which would be tentative for a
  // second after the first cable: nothing would be delivered.
  if (config.subnet6)
    plan.push_back(
        set_sysctl(kHost, "net.no_wait", fmt::format("net/ipv6/conf/{}/accept_dad", bridge), "0"));
  if (!config.is_internal) {
    plan.push_back(set_sysctl(kHost, "net.localnet",
                              fmt::format("net/ipv4/conf/{}/route_localnet", bridge), "1"));
    plan.push_back(set_sysctl(kHost, "net.forward", "net/ipv4/ip_forward", "1"));
    if (config.subnet6)
      plan.push_back(set_sysctl(kHost, "net.forward", "net/ipv6/conf/all/forwarding", "1"));
  }
  Table table = network_table(config);
  Step rules{kHost, "net.rules", table.text(), std::move(table)};
  rules.may_exist = true;
  plan.push_back(std::move(rules));
  // Last: a bridge that is up is one that is complete.
  plan.push_back(at_bridge("net.bridge_up", fmt::format("ip link set {} up", bridge), set_up(0)));
  return plan;
}

NetworkPlan plan_endpoint(const NetworkConfig& config, const Endpoint& endpoint, int bridge_index,
                          int netns_fd) {
  constexpr auto kHost = Step::Where::Host;
  constexpr auto kInside = Step::Where::Container;
  const std::string lease = lease_name(endpoint.address);
  const std::string& name = endpoint.interface;
  NetworkPlan plan;
  plan.push_back(route_step(
      kHost, "net.veth",
      fmt::format("ip link add {} up master {} type veth peer name {} address {} netns $PID", lease,
                  config.bridge, name, to_text(endpoint.mac)),
      add_veth({lease, bridge_index, name, endpoint.mac, netns_fd})));
  if (endpoint.address6)
    plan.push_back(route_step(kHost, "net.lease6",
                              fmt::format("ip link property add dev {} altname {}", lease,
                                          lease_name6(*endpoint.address6)),
                              add_alternative_name(lease, lease_name6(*endpoint.address6))));
  plan.push_back(route_step(kHost, "net.hairpin",
                            fmt::format("ip link set {} type bridge_slave hairpin on", lease),
                            set_hairpin(lease)));
  // The container's end gets its index from the kernel: it is asked for by name, then.
  const auto at_end = [&](std::string id, std::string text, Message message) {
    plan.push_back(route_step(kInside, std::move(id), std::move(text), std::move(message)));
    plan.back().link = name;
  };
  const auto add_one = [&](const Prefix& prefix, const char* more) {
    at_end("net.address", fmt::format("ip addr add {} dev {}{}", prefix.text(), name, more),
           add_address(0, prefix));
  };
  add_one({endpoint.address, config.subnet.length}, "");
  if (endpoint.address6 && config.subnet6)
    add_one({*endpoint.address6, config.subnet6->length}, " nodad");
  // A network without IPv6 gives no address of its own making either.
  plan.push_back(endpoint.address6
                     ? set_sysctl(kInside, "net.no_wait",
                                  fmt::format("net/ipv6/conf/{}/accept_dad", name), "0")
                     : set_sysctl(kInside, "net.no_ipv6",
                                  fmt::format("net/ipv6/conf/{}/disable_ipv6", name), "1"));
  at_end("net.up", fmt::format("ip link set {} up", name), set_up(0));
  if (!endpoint.has_default_route || config.is_internal) return plan;
  plan.push_back(plan_way_out(config.gateway).front());
  if (endpoint.address6 && config.gateway6) plan.push_back(plan_way_out(*config.gateway6).front());
  return plan;
}

NetworkPlan plan_way_out(const Address& gateway) {
  return {route_step(Step::Where::Container, "net.route",
                     fmt::format("ip route add default via {}", gateway.text()),
                     add_default_route(gateway))};
}

NetworkPlan plan_namespace() {
  constexpr auto kInside = Step::Where::Container;
  NetworkPlan plan;
  plan.push_back(route_step(kInside, "net.loopback", "ip link set lo up", set_up(1)));
  // A namespace of one's own has no ports that others could mind.
  plan.push_back(set_sysctl(kInside, "net.low_ports", "net/ipv4/ip_unprivileged_port_start", "0"));
  return plan;
}

NetworkPlan plan_ports(const std::string& container_id, const Endpoint& endpoint,
                       const std::vector<PublishedPort>& ports) {
  Table table;
  table.name = "suit-" + container_id.substr(0, 12);
  table.owned = Owned::Yes;
  table.chains = {{"prerouting", "nat", "prerouting", kTranslateDestination},
                  {"output", "nat", "output", kTranslateDestination},
                  {"postrouting", "nat", "postrouting", kTranslateSource}};
  for (const PublishedPort& port : ports)
    add_translation(table, endpoint, port);
  if (table.rules.empty()) return {};
  return {{Step::Where::Host, "net.ports", table.text(), std::move(table)}};
}

std::string to_text(const NetworkPlan& plan, int pid) {
  const std::string process = pid > 0 ? std::to_string(pid) : "$PID";
  std::string out;
  for (const Step& step : plan) {
    std::string text = step.text;
    if (std::size_t at = text.find("$PID"); at != std::string::npos) text.replace(at, 4, process);
    if (step.where == Step::Where::Container)
      text = fmt::format("nsenter -t {} -n {}", process, text);
    if (std::holds_alternative<Table>(step.what)) text = "nft -f - <<'END'\n" + text + "END";
    out += text + "\n";
  }
  return out;
}

}  // namespace suit::network
