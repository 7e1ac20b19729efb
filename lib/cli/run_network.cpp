#include "cli/run_network.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cli/run_values.h"

namespace suit::cli {
namespace {

using network::NetworkRequest;

bool is_user_defined(const std::string& name) {
  constexpr std::array<std::string_view, 4> kModes = {"default", "bridge", "host", "none"};
  return std::ranges::find(kModes, name) == kModes.end() && !name.starts_with("container:");
}

// What the flags say holds for the first network, which may say it itself.
template <typename T>
Result<void> give(T& own, const T& flag, std::string_view flag_name, std::string_view what) {
  if (!flag.empty() && !own.empty())
    return fail(0, fmt::format("conflicting options: cannot specify both {} and per-network {}",
                               flag_name, what));
  if (!flag.empty()) own = flag;
  return {};
}

Result<void> give_flags(NetworkRequest& first, const NetworkFlags& flags) {
  SUIT_TRY(give(first.aliases, flags.aliases, "--network-alias", "alias"));
  SUIT_TRY(give(first.ip, flags.ip, "--ip", "IPv4 address"));
  SUIT_TRY(give(first.ip6, flags.ip6, "--ip6", "IPv6 address"));
  SUIT_TRY(give(first.link_local_ips, flags.link_local_ips, "--link-local-ip",
                "link-local IP addresses"));
  return give(first.mac, flags.mac, "--mac-address", "MAC address");
}

Result<void> check_address(const std::string& text, bool v4) {
  if (text.empty()) return {};
  const auto address = network::Address::parse(text);
  if (address && address->is_v4() == v4) return {};
  return fail(0, fmt::format("invalid {} address: {}", v4 ? "IPv4" : "IPv6", text));
}

Result<void> check_request(const NetworkRequest& request) {
  SUIT_TRY(check_address(request.ip, true));
  SUIT_TRY(check_address(request.ip6, false));
  if (!request.mac.empty()) {
    SUIT_LET([[maybe_unused]] network::Mac mac, network::parse_mac(request.mac));
  }
  if (!request.link_local_ips.empty()) return fail(0, "--link-local-ip is not supported yet");
  if (!request.driver_options.empty())
    return fail(0, "driver-opt of a network's attachment is not supported yet");
  if (is_user_defined(request.name)) return {};
  if (!request.aliases.empty())
    return fail(0,
                "network-scoped alias is supported only for containers in user defined networks");
  if (!request.ip.empty() || !request.ip6.empty())
    return fail(0, "user specified IP address is supported on user defined networks only");
  return {};
}

Result<std::vector<NetworkRequest>> read_requests(const NetworkFlags& flags) {
  std::vector<NetworkRequest> requests;
  for (const std::string& text : flags.networks) {
    SUIT_LET(NetworkRequest request, network::parse_network_request(text));
    if (request.name.empty()) request.name = "default";
    if (std::ranges::find(requests, request.name, &NetworkRequest::name) != requests.end())
      return fail(0, fmt::format("network \"{}\" is specified multiple times", request.name));
    requests.push_back(std::move(request));
  }
  if (requests.empty()) requests.emplace_back().name = "default";
  SUIT_TRY(give_flags(requests.front(), flags));
  if (requests.size() > 1)
    for (const NetworkRequest& one : requests)
      if (!is_user_defined(one.name))
        return fail(0,
                    "conflicting options: cannot attach both user-defined and non-user-defined "
                    "network-modes");
  for (const NetworkRequest& one : requests)
    SUIT_TRY(check_request(one));
  return requests;
}

}  // namespace

void declare_network_flags(FlagSet& flags, NetworkFlags& network) {
  flags.add('\0', "ip", &network.ip, "ip", "IPv4 address (e.g., 172.30.100.104)")
      .add('\0', "ip6", &network.ip6, "ip", "IPv6 address (e.g., 2001:db8::33)")
      .add('\0', "link", &network.links, "list", "Not supported: use a network and names")
      .add('\0', "link-local-ip", &network.link_local_ips, "list", "Not supported yet")
      .add('\0', "mac-address", &network.mac, "string",
           "Container MAC address (e.g., 92:d0:c6:0a:29:33)")
      .add('\0', "network", &network.networks, "network",
           "Connect a container to a network: bridge, none, host, container:NAME, or a network's "
           "name")
      .add('\0', "net", &network.networks, "network", "The same as --network")
      .add('\0', "network-alias", &network.aliases, "list",
           "Add network-scoped alias for the container")
      .add('\0', "net-alias", &network.aliases, "list", "The same as --network-alias")
      .add('p', "publish", &network.publish, "list",
           "Publish a container's port(s) to the host: [[ip:]host:]container[/udp]")
      .toggle('P', "publish-all", network.publish_all, "Publish all exposed ports to random ports");
}

Result<engine::NetworkSettings> read_network_flags(const NetworkFlags& flags) {
  if (!flags.links.empty())
    return fail(0,
                fmt::format("--link {} is not supported yet: it is Docker's old way to names",
                            flags.links[0]),
                "put both on a network: suit network create NAME, then --network NAME; containers "
                "find each other by name there");
  engine::NetworkSettings settings;
  SUIT_LET(settings.requests, read_requests(flags));
  settings.mode = settings.requests.front().name;
  if (settings.mode == "container:") return fail(0, "invalid container format container:<name|id>");
  // A MAC address is the one wish that one may have of the default network.
  const bool is_network = is_user_defined(settings.mode) || settings.mode == "bridge" ||
                          !settings.requests.front().mac.empty();
  if (settings.mode == "default" && is_network) settings.requests.front().name = "bridge";
  if (!is_network || settings.mode == "none" || settings.mode == "host") settings.requests.clear();
  for (const std::string& text : flags.publish) {
    SUIT_LET(const std::string brief, network::to_short_publish(text));
    SUIT_LET(const std::vector<network::PortRequest> ports, network::parse_publish(brief));
    settings.ports.insert(settings.ports.end(), ports.begin(), ports.end());
  }
  settings.publishes_all = flags.publish_all;
  return settings;
}

Result<void> check_shared_network(const engine::CreateOptions& options) {
  if (!options.network.shares_another()) return {};
  const auto conflict = [](std::string_view what) {
    return fail(0, fmt::format("conflicting options: {} network mode", what));
  };
  if (!options.hostname.empty()) return conflict("hostname and the");
  if (!options.dns.empty()) return conflict("dns and the");
  if (!options.extra_hosts.empty()) return conflict("custom host-to-IP mapping and the");
  if (!options.network.ports.empty() || options.network.publishes_all)
    return conflict("port publishing and the container type");
  if (!options.expose.empty()) return conflict("port exposing and the container type");
  return {};
}

}  // namespace suit::cli
