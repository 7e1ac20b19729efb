// The network's part of container.json, and network.json.

#include "engine/network.h"

namespace suit::engine {
namespace {

using network::Address;
using network::Prefix;
using oci::Json;

std::vector<std::string> texts_of(const Json* value) {
  std::vector<std::string> texts;
  const Json::Array* array = value ? value->as_array() : nullptr;
  if (!array) return texts;
  for (const Json& item : *array)
    if (const std::string* text = item.as_string()) texts.push_back(*text);
  return texts;
}

std::int64_t whole_number(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  return value ? value->as_int().value_or(0) : 0;
}

std::uint16_t port_number(const Json& object, std::string_view key) {
  return static_cast<std::uint16_t>(whole_number(object, key));
}

template <typename T>
std::vector<T> items_of(const Json& object, std::string_view key, T (*read)(const Json& item)) {
  std::vector<T> items;
  const Json* value = object.find(key);
  if (const Json::Array* array = value ? value->as_array() : nullptr)
    for (const Json& item : *array)
      items.push_back(read(item));
  return items;
}

Json value_of(const network::NetworkRequest& request) {
  Json item = Json::object();
  item.set("name", request.name).set("aliases", request.aliases).set("ip", request.ip);
  item.set("ip6", request.ip6).set("mac", request.mac);
  item.set("gatewayPriority", request.gateway_priority);
  return item;
}

network::NetworkRequest request_of(const Json& item) {
  network::NetworkRequest request;
  request.name = item.string_or("name");
  request.aliases = texts_of(item.find("aliases"));
  request.ip = item.string_or("ip");
  request.ip6 = item.string_or("ip6");
  request.mac = item.string_or("mac");
  request.gateway_priority = static_cast<int>(whole_number(item, "gatewayPriority"));
  return request;
}

Json value_of(const network::PortRequest& port) {
  Json item = Json::object();
  item.set("hostIp", port.host_ip).set("hostFirst", int{port.host_first});
  item.set("hostLast", int{port.host_last}).set("container", port.container.text());
  return item;
}

network::PortRequest port_request_of(const Json& item) {
  network::PortRequest port;
  port.host_ip = item.string_or("hostIp");
  port.host_first = port_number(item, "hostFirst");
  port.host_last = port_number(item, "hostLast");
  port.container = network::parse_port(item.string_or("container")).value_or(network::Port());
  return port;
}

Json value_of(const network::PublishedPort& port) {
  Json item = Json::object();
  item.set("hostIp", port.host_ip).set("hostPort", int{port.host_port});
  item.set("container", port.container.text());
  return item;
}

network::PublishedPort published_of(const Json& item) {
  return {item.string_or("hostIp"), port_number(item, "hostPort"),
          network::parse_port(item.string_or("container")).value_or(network::Port())};
}

Json value_of(const Attachment& one) {
  Json item = Json::object();
  item.set("network", one.network).set("networkId", one.network_id);
  item.set("aliases", one.aliases).set("interface", one.endpoint.interface);
  item.set("address", one.endpoint.address.text()).set("mac", network::to_text(one.endpoint.mac));
  item.set("defaultRoute", one.endpoint.has_default_route);
  item.set("subnet", one.subnet.text()).set("gateway", one.gateway.text());
  if (one.endpoint.address6) item.set("address6", one.endpoint.address6->text());
  if (one.subnet6) item.set("subnet6", one.subnet6->text());
  if (one.gateway6) item.set("gateway6", one.gateway6->text());
  return item;
}

Attachment attachment_of(const Json& item) {
  Attachment one;
  one.network = item.string_or("network");
  one.network_id = item.string_or("networkId");
  one.aliases = texts_of(item.find("aliases"));
  one.endpoint.interface = item.string_or("interface");
  one.endpoint.address = Address::parse(item.string_or("address")).value_or(Address());
  one.endpoint.mac = network::parse_mac(item.string_or("mac")).value_or(network::Mac());
  const Json* is_default = item.find("defaultRoute");
  one.endpoint.has_default_route = is_default && is_default->as_bool().value_or(false);
  one.endpoint.address6 = Address::parse(item.string_or("address6"));
  one.subnet = Prefix::parse(item.string_or("subnet")).value_or(Prefix());
  one.gateway = Address::parse(item.string_or("gateway")).value_or(Address());
  if (auto subnet6 = Prefix::parse(item.string_or("subnet6"))) one.subnet6 = *subnet6;
  one.gateway6 = Address::parse(item.string_or("gateway6"));
  return one;
}

template <typename T>
Json list_of(const std::vector<T>& items) {
  Json array = Json::array();
  for (const T& item : items)
    array.push(value_of(item));
  return array;
}

}  // namespace

Json to_value(const NetworkSettings& settings) {
  Json object = Json::object();
  object.set("mode", settings.mode).set("requests", list_of(settings.requests));
  object.set("ports", list_of(settings.ports)).set("publishAll", settings.publishes_all);
  return object;
}

NetworkSettings network_settings_of(const Json* object) {
  NetworkSettings settings;
  if (!object) return settings;
  settings.mode = object->string_or("mode", settings.mode);
  settings.requests = items_of(*object, "requests", request_of);
  settings.ports = items_of(*object, "ports", port_request_of);
  const Json* all = object->find("publishAll");
  settings.publishes_all = all && all->as_bool().value_or(false);
  return settings;
}

std::string to_json(const NetworkState& state) {
  Json object = Json::object();
  object.set("attachments", list_of(state.attachments)).set("ports", list_of(state.ports));
  return object.dump(1);
}

Result<NetworkState> parse_network_state(std::string_view text) {
  SUIT_LET(Json object, oci::parse_json(text));
  NetworkState state;
  state.attachments = items_of(object, "attachments", attachment_of);
  state.ports = items_of(object, "ports", published_of);
  return state;
}

}  // namespace suit::engine
