// network create, ls, inspect, connect, disconnect, rm, prune, explain; port.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/run_network.h"
#include "cli/settings.h"
#include "cli/show_network.h"
#include "cli/template.h"
#include "network/plan.h"

namespace suit::cli {
namespace {

using network::NetworkConfig;
using oci::Json;

ListFormat network_format() {
  ListFormat list;
  list.columns = "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}";
  list.headers = {{"ID", "NETWORK ID"},     {"Name", "NAME"},     {"Driver", "DRIVER"},
                  {"Scope", "SCOPE"},       {"IPv4", "IPV4"},     {"IPv6", "IPV6"},
                  {"Internal", "INTERNAL"}, {"Labels", "LABELS"}, {"CreatedAt", "CREATED AT"}};
  return list;
}

bool is_listed(const NetworkConfig& config, bool is_used, const Filters& filters,
               const std::optional<bool>& dangling) {
  const bool is_custom = !network::is_predefined(config.name);
  return (!dangling || *dangling == (is_custom && !is_used)) &&
         filters.any("driver", [&](const std::string& one) { return one == config.driver; }) &&
         filters.any("id", [&](const std::string& one) { return config.id.starts_with(one); }) &&
         filters.any(
             "name",
             [&](const std::string& one) { return config.name.find(one) != std::string::npos; }) &&
         filters.any("scope", [](const std::string& one) { return one == "local"; }) &&
         filters.any(
             "type",
             [&](const std::string& one) { return one == (is_custom ? "custom" : "builtin"); }) &&
         filters.match_labels(config.labels);
}

// --subnet, --gateway and --ip-range may be given once for each family.
Result<void> sort_by_family(const std::vector<std::string>& values, std::string_view flag,
                            std::string& v4, std::string& v6) {
  for (const std::string& value : values) {
    std::string& place = value.find(':') == std::string::npos ? v4 : v6;
    if (!place.empty())
      return fail(0,
                  fmt::format("--{} {}: a second one of its family is not supported", flag, value));
    place = value;
  }
  return {};
}

Result<std::map<std::string, std::string>> read_options(const std::vector<std::string>& values) {
  std::map<std::string, std::string> options;
  for (const std::string& value : values) {
    const std::size_t equals = value.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(0, fmt::format("invalid option \"{}\": write it KEY=VALUE", value));
    options[value.substr(0, equals)] = value.substr(equals + 1);
  }
  return options;
}

// The three that are always there have no commands that make them.
std::string explain_network(const NetworkConfig& config) {
  if (config.driver != "bridge")
    return fmt::format("# network {} is {}: nothing is made\n", config.name,
                       config.driver == "host" ? "the host's own" : "loopback alone");
  return "# network " + config.name + "\n" + network::to_text(network::plan_bridge(config));
}

Result<std::string> explain_container(const engine::Engine& engine,
                                      const engine::Status& container) {
  const engine::NetworkState& state = container.network;
  if (state.attachments.empty())
    return fail(0, fmt::format("container {} has no network of its own now", container.record.name),
                "start it, on a bridge network");
  const int pid = container.state.pid;
  std::string text =
      "# the container's namespace\n" + network::to_text(network::plan_namespace(), pid);
  for (const engine::Attachment& one : state.attachments) {
    SUIT_LET(const NetworkConfig config, engine.networks().find(one.network));
    text += explain_network(config) + "# its place there\n";
    text += network::to_text(network::plan_endpoint(config, one.endpoint, 0, 0), pid);
  }
  const auto ports =
      network::plan_ports(container.record.id, state.attachments[0].endpoint, state.ports);
  if (!ports.empty()) text += "# published ports; the table goes with the monitor's socket\n";
  return text + network::to_text(ports, pid);
}

}  // namespace

Result<int> network_create(Invocation& in) {
  network::NetworkOptions options;
  std::vector<std::string> subnets, gateways, ranges, labels, driver_options, aux;
  std::string ipam_driver, no_range6;
  constexpr std::array kUnsupported = std::to_array<std::string_view>(
      {"aux-address", "config-from", "config-only", "ingress", "ipam-opt", "ipv4", "scope"});
  FlagSet flags;
  flags.toggle('\0', "attachable", options.attachable, "Enable manual container attachment")
      .add('d', "driver", &options.driver, "string",
           "Driver to manage the Network (default bridge)")
      .add('\0', "gateway", &gateways, "strings", "IPv4 or IPv6 Gateway for the master subnet")
      .toggle('\0', "internal", options.is_internal, "Restrict external access to the network")
      .add('\0', "ip-range", &ranges, "strings", "Allocate container ip from a sub-range")
      .add('\0', "ipam-driver", &ipam_driver, "string", "IP Address Management Driver (default)")
      .toggle('\0', "ipv6", options.ipv6, "Enable IPv6 networking")
      .add('\0', "label", &labels, "list", "Set metadata on a network")
      .add('o', "opt", &driver_options, "map",
           "Set driver specific options: com.docker.network.bridge.name")
      .add('\0', "subnet", &subnets, "strings",
           "Subnet in CIDR format that represents a network segment")
      .unsupported(kUnsupported);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  options.name = args[0];
  if (!ipam_driver.empty() && ipam_driver != "default")
    return fail(0, fmt::format("IPAM driver {} is not supported", ipam_driver));
  SUIT_TRY(sort_by_family(subnets, "subnet", options.subnet, options.subnet6));
  SUIT_TRY(sort_by_family(gateways, "gateway", options.gateway, options.gateway6));
  SUIT_TRY(sort_by_family(ranges, "ip-range", options.ip_range, no_range6));
  if (!no_range6.empty())
    return fail(0, fmt::format("--ip-range {}: not supported for IPv6", no_range6));
  SUIT_LET(options.labels, read_labels(labels));
  SUIT_LET(options.options, read_options(driver_options));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const NetworkConfig config, engine.create_network(options));
  in.console.print("{}\n", config.id);
  return 0;
}

Result<int> network_list(Invocation& in) {
  bool quiet = false, no_trunc = false;
  std::string format;
  std::vector<std::string> settings;
  FlagSet flags;
  flags
      .add('f', "filter", &settings, "filter",
           "Provide filter values: dangling, driver, id, label, name, scope, type")
      .add('\0', "format", &format, "string",
           "'table', 'table TEMPLATE', 'json', or a Go template: '{{.Name}}'")
      .toggle('\0', "no-trunc", no_trunc, "Do not truncate the output")
      .toggle('q', "quiet", quiet, "Only display network IDs");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  constexpr std::array kKnown = std::to_array<std::string_view>(
      {"dangling", "driver", "id", "label", "name", "scope", "type"});
  SUIT_LET(const Filters filters, Filters::read(settings, kKnown));
  SUIT_LET(const std::optional<bool> dangling, filters.flag("dangling"));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(std::vector<NetworkConfig> all, engine.networks().list());
  std::ranges::sort(all, {}, &NetworkConfig::name);
  std::vector<Json> rows;
  for (const NetworkConfig& config : all) {
    const bool is_used = dangling && !engine.members_of(config).empty();
    if (is_listed(config, is_used, filters, dangling))
      rows.push_back(network_row(config, !no_trunc));
  }
  if (quiet) {
    for (const Json& row : rows)
      in.console.print("{}\n", row.string_or("ID"));
    return 0;
  }
  SUIT_LET(const std::string text, render_list(format, network_format(), rows));
  in.console.text(text);
  return 0;
}

Result<int> network_inspect(Invocation& in) {
  std::string format;
  bool verbose = false;
  FlagSet flags;
  flags.add('f', "format", &format, "string", "'json', or a Go template: '{{.Driver}}'")
      .toggle('v', "verbose", verbose, "Verbose output for diagnostics (there is no more)");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  std::vector<Json> documents;
  const int code = for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    SUIT_LET(const NetworkConfig config, engine.networks().find(name));
    documents.push_back(inspect_network(config, engine.members_of(config)));
    return {};
  });
  SUIT_TRY(print_documents(in, format, documents));
  return code;
}

Result<int> network_connect(Invocation& in) {
  network::NetworkRequest request;
  std::vector<std::string> links, driver_options;
  constexpr std::array kUnsupported =
      std::to_array<std::string_view>({"driver-opt", "gw-priority", "link", "link-local-ip"});
  FlagSet flags;
  flags
      .add('\0', "alias", &request.aliases, "strings", "Add network-scoped alias for the container")
      .add('\0', "ip", &request.ip, "string", "IPv4 address (e.g., 172.30.100.104)")
      .add('\0', "ip6", &request.ip6, "string", "IPv6 address (e.g., 2001:db8::33)")
      .unsupported(kUnsupported);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const NetworkConfig config, engine.networks().find(args[0]));
  SUIT_LET(const engine::Status container, engine.find(args[1]));
  SUIT_TRY(engine.connect_network(container, config, request));
  return 0;
}

Result<int> network_disconnect(Invocation& in) {
  bool force = false;
  FlagSet flags;
  flags.toggle('f', "force", force, "Force the container to disconnect from a network");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const NetworkConfig config, engine.networks().find(args[0]));
  SUIT_LET(const engine::Status container, engine.find(args[1]));
  SUIT_TRY(engine.disconnect_network(container, config));
  return 0;
}

Result<int> network_remove(Invocation& in) {
  bool force = false;
  FlagSet flags;
  flags.toggle('f', "force", force, "Do not error if the network does not exist");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  return for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    const Result<NetworkConfig> config = engine.networks().find(name);
    if (!config && force && config.error().code() == ENOENT) return {};
    if (!config) return std::unexpected(Error(config.error()));
    SUIT_TRY(engine.remove_network(*config));
    in.console.print("{}\n", name);
    return {};
  });
}

Result<int> network_prune(Invocation& in) {
  bool force = false;
  std::vector<std::string> settings;
  FlagSet flags;
  flags.add('\0', "filter", &settings, "filter", "Provide filter values: label=<label>")
      .toggle('f', "force", force, "Do not prompt for confirmation");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  constexpr std::array<std::string_view, 1> kKnown = {"label"};
  SUIT_LET(const Filters filters, Filters::read(settings, kKnown));
  if (!confirmed(in, force,
                 "This will remove all custom networks not used by at least one container."))
    return 0;
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_TRY(prune_networks(in, engine, [&](const NetworkConfig& config) {
    return filters.match_labels(config.labels);
  }));
  return 0;
}

Result<void> prune_networks(Invocation& in, const engine::Engine& engine,
                            const std::function<bool(const NetworkConfig&)>& wanted) {
  SUIT_LET(const std::vector<NetworkConfig> all, engine.networks().list());
  std::vector<std::string> removed;
  for (const NetworkConfig& config : all) {
    if (network::is_predefined(config.name) || !wanted(config)) continue;
    if (engine.remove_network(config)) removed.push_back(config.name);
  }
  if (!removed.empty()) in.console.print("Deleted Networks:\n");
  for (const std::string& name : removed)
    in.console.print("{}\n", name);
  if (!removed.empty()) in.console.print("\n");
  return {};
}

Result<int> network_explain(Invocation& in) {
  FlagSet flags;
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  const Result<engine::Status> container = engine.find(args[0]);
  if (container) {
    SUIT_LET(const std::string text, explain_container(engine, *container));
    in.console.text(text);
    return 0;
  }
  SUIT_LET(const NetworkConfig config, engine.networks().find(args[0]));
  in.console.text(explain_network(config));
  return 0;
}

Result<int> container_port(Invocation& in) {
  FlagSet flags;
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const engine::Status container, engine.find(args[0]));
  std::vector<network::PublishedPort> ports = container.network.ports;
  std::ranges::stable_sort(ports, {}, &network::PublishedPort::container);
  const auto address = [](const network::PublishedPort& port) {
    const bool v6 = port.host_ip.find(':') != std::string::npos;
    return fmt::format("{}:{}", v6 ? "[" + port.host_ip + "]" : port.host_ip, port.host_port);
  };
  if (args.size() == 1) {
    for (const network::PublishedPort& port : ports)
      in.console.print("{} -> {}\n", port.container.text(), address(port));
    return 0;
  }
  SUIT_LET(const network::Port wanted, network::parse_port(args[1]));
  bool found = false;
  for (const network::PublishedPort& port : ports) {
    if (port.container != wanted) continue;
    in.console.print("{}\n", address(port));
    found = true;
  }
  if (found) return 0;
  return fail(0, fmt::format("no public port '{}' published for {}", wanted.text(), args[0]));
}

}  // namespace suit::cli
