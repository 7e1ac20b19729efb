#include "cli/show_network.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "cli/show.h"
#include "cli/text.h"

namespace suit::cli {
namespace {

using engine::Attachment;
using oci::Json;

Json binding_json(const std::string& ip, const std::string& port) {
  Json one = Json::object();
  one.set("HostIp", ip).set("HostPort", port);
  return one;
}

// Docker has an id for each end of a cable; ours is named by its address, so that is what tells.
std::string endpoint_id(const Attachment& one) { return network::lease_name(one.endpoint.address); }

Json attachment_json(const Attachment& one) {
  Json out = Json::object();
  out.set("IPAMConfig", Json()).set("Links", Json());
  out.set("Aliases", one.aliases.empty() ? Json() : Json(one.aliases));
  out.set("NetworkID", one.network_id).set("EndpointID", endpoint_id(one));
  out.set("Gateway", one.gateway.text()).set("IPAddress", one.endpoint.address.text());
  out.set("IPPrefixLen", static_cast<int>(one.subnet.length));
  const bool v6 = one.endpoint.address6 && one.subnet6;
  out.set("IPv6Gateway", v6 && one.gateway6 ? one.gateway6->text() : "");
  out.set("GlobalIPv6Address", v6 ? one.endpoint.address6->text() : "");
  out.set("GlobalIPv6PrefixLen", v6 ? static_cast<int>(one.subnet6->length) : 0);
  out.set("MacAddress", network::to_text(one.endpoint.mac)).set("DriverOpts", Json());
  return out;
}

// The same members, and nothing in them: one that does not run.
Json empty_attachment_json(const network::NetworkRequest& request) {
  Json out = Json::object();
  Json wishes = Json::object();
  if (!request.ip.empty()) wishes.set("IPv4Address", request.ip);
  if (!request.ip6.empty()) wishes.set("IPv6Address", request.ip6);
  out.set("IPAMConfig", request.ip.empty() && request.ip6.empty() ? Json() : std::move(wishes));
  out.set("Links", Json());
  out.set("Aliases", request.aliases.empty() ? Json() : Json(request.aliases));
  for (const char* key : {"NetworkID", "EndpointID", "Gateway", "IPAddress"})
    out.set(key, "");
  out.set("IPPrefixLen", 0).set("IPv6Gateway", "").set("GlobalIPv6Address", "");
  out.set("GlobalIPv6PrefixLen", 0).set("MacAddress", request.mac).set("DriverOpts", Json());
  return out;
}

Json networks_json(const engine::Status& container) {
  Json out = Json::object();
  for (const Attachment& one : container.network.attachments)
    out.set(one.network, attachment_json(one));
  if (!container.network.attachments.empty()) return out;
  for (const std::string& name : network_names(container.record)) {
    network::NetworkRequest request;
    for (const network::NetworkRequest& one : container.record.network.requests)
      if (one.name == name) request = one;
    out.set(name, empty_attachment_json(request));
  }
  return out;
}

Json ports_json(const engine::Status& container) {
  std::map<std::string, Json> by_port;
  for (const network::PublishedPort& port : shown_ports(container)) {
    Json& list = by_port[port.container.text()];
    if (port.host_ip.empty()) continue;  // null: exposed only
    if (!list.as_array()) list = Json::array();
    list.push(binding_json(port.host_ip, std::to_string(port.host_port)));
  }
  Json out = Json::object();
  for (auto& [port, list] : by_port)
    out.set(port, std::move(list));
  return out;
}

Json ipam_json(const network::NetworkConfig& config) {
  Json list = Json::array();
  if (config.subnet.length > 0) {
    Json v4 = Json::object();
    v4.set("Subnet", config.subnet.text());
    if (config.ip_range) v4.set("IPRange", config.ip_range->text());
    list.push(std::move(v4.set("Gateway", config.gateway.text())));
  }
  if (config.subnet6) {
    Json v6 = Json::object();
    v6.set("Subnet", config.subnet6->text());
    if (config.gateway6) v6.set("Gateway", config.gateway6->text());
    list.push(std::move(v6));
  }
  Json ipam = Json::object();
  ipam.set("Driver", "default").set("Options", Json()).set("Config", std::move(list));
  return ipam;
}

Json members_json(const network::NetworkConfig& config,
                  const std::vector<engine::Status>& members) {
  Json out = Json::object();
  for (const engine::Status& member : members)
    for (const Attachment& one : member.network.attachments) {
      if (one.network_id != config.id) continue;
      const bool v6 = one.endpoint.address6 && one.subnet6;
      Json item = Json::object();
      item.set("Name", member.record.name).set("EndpointID", endpoint_id(one));
      item.set("MacAddress", network::to_text(one.endpoint.mac));
      item.set("IPv4Address", network::Prefix{one.endpoint.address, one.subnet.length}.text());
      item.set("IPv6Address",
               v6 ? network::Prefix{*one.endpoint.address6, one.subnet6->length}.text() : "");
      out.set(member.record.id, std::move(item));
    }
  return out;
}

}  // namespace

std::vector<network::PublishedPort> shown_ports(const engine::Status& container) {
  if (!container.state.lives()) return {};
  std::vector<network::PublishedPort> ports = container.network.ports;
  for (const std::string& text : container.record.exposed_ports) {
    const auto port = network::parse_port(text);
    if (!port || std::ranges::find(ports, *port, &network::PublishedPort::container) != ports.end())
      continue;
    ports.push_back({"", 0, *port});
  }
  return ports;
}

std::string network_mode(const engine::Record& record) {
  return record.network.mode == "default" ? "bridge" : record.network.mode;
}

std::vector<std::string> network_names(const engine::Record& record) {
  std::vector<std::string> names;
  for (const network::NetworkRequest& one : record.network.requests)
    names.push_back(one.name);
  if (names.empty() && !record.network.shares_another()) names.push_back(network_mode(record));
  return names;
}

Json network_settings_json(const engine::Status& container) {
  Json out = Json::object();
  out.set("Bridge", "").set("SandboxID", "").set("SandboxKey", "");
  out.set("Ports", ports_json(container));
  // The members of old: those of the default network.
  const Attachment* first = nullptr;
  for (const Attachment& one : container.network.attachments)
    if (one.network == "bridge") first = &one;
  const bool v6 = first && first->endpoint.address6 && first->subnet6;
  out.set("EndpointID", first ? endpoint_id(*first) : "");
  out.set("Gateway", first ? first->gateway.text() : "");
  out.set("GlobalIPv6Address", v6 ? first->endpoint.address6->text() : "");
  out.set("GlobalIPv6PrefixLen", v6 ? static_cast<int>(first->subnet6->length) : 0);
  out.set("IPAddress", first ? first->endpoint.address.text() : "");
  out.set("IPPrefixLen", first ? static_cast<int>(first->subnet.length) : 0);
  out.set("IPv6Gateway", v6 && first->gateway6 ? first->gateway6->text() : "");
  out.set("MacAddress", first ? network::to_text(first->endpoint.mac) : "");
  out.set("Networks", networks_json(container));
  return out;
}

Json port_bindings_json(const engine::Record& record) {
  std::map<std::string, Json> by_port;
  for (const network::PortRequest& port : record.network.ports) {
    Json& list = by_port[port.container.text()];
    if (!list.as_array()) list = Json::array();
    std::string host = port.host_first == 0 ? "" : std::to_string(port.host_first);
    if (port.host_last != port.host_first) host += fmt::format("-{}", port.host_last);
    list.push(binding_json(port.host_ip, host));
  }
  Json out = Json::object();
  for (auto& [port, list] : by_port)
    out.set(port, std::move(list));
  return out;
}

Json network_row(const network::NetworkConfig& config, bool truncate) {
  Json row = Json::object();
  row.set("CreatedAt", config.created).set("Driver", config.driver);
  row.set("ID", truncate ? config.id.substr(0, 12) : config.id);
  row.set("IPv4", "true").set("IPv6", config.subnet6 ? "true" : "false");
  row.set("Internal", config.is_internal ? "true" : "false");
  row.set("Labels", joined_labels(config.labels)).set("Name", config.name).set("Scope", "local");
  return row;
}

Json inspect_network(const network::NetworkConfig& config,
                     const std::vector<engine::Status>& members) {
  Json options = label_object(config.options);
  if (config.driver == "bridge") options.set("com.docker.network.bridge.name", config.bridge);
  Json out = Json::object();
  out.set("Name", config.name).set("Id", config.id).set("Created", config.created);
  out.set("Scope", "local").set("Driver", config.driver);
  out.set("EnableIPv6", config.subnet6.has_value()).set("IPAM", ipam_json(config));
  out.set("Internal", config.is_internal).set("Attachable", config.attachable);
  out.set("Ingress", false).set("ConfigFrom", Json::object().set("Network", ""));
  out.set("ConfigOnly", false).set("Containers", members_json(config, members));
  out.set("Options", std::move(options)).set("Labels", label_object(config.labels));
  return out;
}

}  // namespace suit::cli
