#include "network/ports.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include <fmt/format.h>

#include "base/split.h"

namespace suit::network {
namespace {

std::optional<std::uint16_t> number_of(std::string_view text) {
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Range {
  std::uint16_t first = 0, last = 0;
  unsigned size() const { return 1U + last - first; }
};

std::optional<Range> range_of(std::string_view text) {
  const std::size_t dash = text.find('-');
  auto first = number_of(text.substr(0, dash));
  auto last = dash == std::string_view::npos ? first : number_of(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return Range{*first, *last};
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t'))
    text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t'))
    text.remove_suffix(1);
  return text;
}

Result<Protocol> parse_protocol(std::string_view text) {
  const std::string name = lower(text);
  for (Protocol one : {Protocol::Tcp, Protocol::Udp, Protocol::Sctp})
    if (name == name_of(one)) return one;
  return fail(0, fmt::format("invalid proto: {}", text.substr(0, 64)));
}

// The parts of a port's text, not understood yet.
struct Parts {
  std::string ip, host, container, protocol = "tcp";
};

// Colons belong to an IPv6 address but for the last two.
Parts cut(std::string_view text) {
  Parts parts;
  const std::size_t last = text.rfind(':');
  std::string_view container = text;
  if (last != std::string_view::npos) {
    container = text.substr(last + 1);
    const std::string_view before = text.substr(0, last);
    const std::size_t middle = before.rfind(':');
    parts.host = before.substr(middle == std::string_view::npos ? 0 : middle + 1);
    if (middle != std::string_view::npos) parts.ip = before.substr(0, middle);
  }
  const std::size_t slash = container.find('/');
  parts.container = container.substr(0, slash);
  if (slash != std::string_view::npos && slash + 1 < container.size() && slash > 0)
    parts.protocol = container.substr(slash + 1);
  if (parts.ip.size() > 1 && parts.ip.front() == '[' && parts.ip.back() == ']')
    parts.ip = parts.ip.substr(1, parts.ip.size() - 2);
  return parts;
}

std::string group_text(const std::string& ip, std::string_view protocol, Range range) {
  std::string ports = std::to_string(range.first);
  if (range.last != range.first) ports += fmt::format("-{}", range.last);
  if (ip.empty()) return fmt::format("{}/{}", ports, protocol);
  const bool v6 = ip.find(':') != std::string::npos;
  return fmt::format("{}:{}->{}/{}", v6 ? "[" + ip + "]" : ip, ports, ports, protocol);
}

bool is_before(const PublishedPort& a, const PublishedPort& b) {
  const auto key = [](const PublishedPort& port) {
    auto address = Address::parse(port.host_ip);
    return std::tuple(port.container.number, address ? address->size : 0,
                      address ? address->bytes : std::array<std::uint8_t, 16>{}, port.host_port,
                      name_of(port.container.protocol));
  };
  return key(a) < key(b);
}

Result<void> set_field(NetworkRequest& request, std::string_view key, std::string value) {
  if (key == "name") {
    request.name = std::move(value);
  } else if (key == "alias") {
    request.aliases.push_back(std::move(value));
  } else if (key == "ip") {
    request.ip = std::move(value);
  } else if (key == "ip6") {
    request.ip6 = std::move(value);
  } else if (key == "link-local-ip") {
    request.link_local_ips.push_back(std::move(value));
  } else if (key == "mac-address") {
    SUIT_LET([[maybe_unused]] Mac checked, parse_mac(value));
    request.mac = std::move(value);
  } else if (key == "driver-opt") {
    const std::size_t equals = value.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(0, "invalid key value pair format in driver options");
    request.driver_options[value.substr(0, equals)] = value.substr(equals + 1);
  } else if (key == "gw-priority") {
    int& number = request.gateway_priority;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size())
      return fail(0, fmt::format("invalid gw-priority ({}): invalid syntax", value));
  } else {
    return fail(0, fmt::format("invalid field key {}", key));
  }
  return {};
}

}  // namespace

std::string Port::text() const { return fmt::format("{}/{}", number, name_of(protocol)); }

Result<Port> parse_port(std::string_view text) {
  const std::size_t slash = text.find('/');
  Port port;
  if (slash != std::string_view::npos) {
    SUIT_LET(port.protocol, parse_protocol(text.substr(slash + 1)));
  }
  auto number = number_of(text.substr(0, slash));
  if (!number) return fail(0, fmt::format("invalid port: {}", text.substr(0, 64)));
  port.number = *number;
  return port;
}

Result<std::vector<PortRequest>> parse_publish(std::string_view text) {
  const Parts parts = cut(text);
  SUIT_LET(Protocol protocol, parse_protocol(parts.protocol));
  if (!parts.ip.empty() && !Address::parse(parts.ip))
    return fail(0, fmt::format("invalid IP address: {}", parts.ip.substr(0, 64)));
  if (parts.container.empty()) return fail(0, fmt::format("no port specified: {}<empty>", text));
  auto container = range_of(parts.container);
  if (!container) return fail(0, fmt::format("invalid containerPort: {}", parts.container));
  std::optional<Range> host;
  if (!parts.host.empty()) {
    host = range_of(parts.host);
    if (!host) return fail(0, fmt::format("invalid hostPort: {}", parts.host));
    if (host->size() != container->size() && container->size() != 1)
      return fail(0, fmt::format("invalid ranges specified for container and host Ports: {} and {}",
                                 parts.container, parts.host));
  }
  std::vector<PortRequest> requests;
  for (unsigned i = 0; i < container->size(); ++i) {
    PortRequest request;
    request.host_ip = parts.ip;
    request.container = {static_cast<std::uint16_t>(container->first + i), protocol};
    if (host) request.host_first = static_cast<std::uint16_t>(host->first + i);
    if (host) request.host_last = container->size() == 1 ? host->last : request.host_first;
    requests.push_back(std::move(request));
  }
  return requests;
}

Result<std::string> to_short_publish(std::string_view text) {
  if (text.find('=') == std::string_view::npos) return std::string(text);
  std::map<std::string, std::string, std::less<>> fields = {{"protocol", "tcp"}};
  for (std::string_view field : split(text, ',')) {
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return fail(0, fmt::format("invalid publish opts format (should be name=value but got '{}')",
                                 field.substr(0, 64)));
    fields[std::string(field.substr(0, equals))] = field.substr(equals + 1);
  }
  return fmt::format("{}:{}/{}", fields["published"], fields["target"], fields["protocol"]);
}

// Neighbouring ports of one address that lead to the same number are one range.
std::string display_ports(std::vector<PublishedPort> ports) {
  std::ranges::stable_sort(ports, is_before);
  std::map<std::string, Range> groups;
  struct Key {
    std::string ip;
    std::string_view protocol;
    std::string text;
  };
  std::vector<Key> order;
  std::vector<std::string> out, mapped;
  for (const PublishedPort& port : ports) {
    const std::uint16_t number = port.container.number;
    const std::string_view protocol = name_of(port.container.protocol);
    const bool v6 = port.host_ip.find(':') != std::string::npos;
    if (!port.host_ip.empty() && port.host_port != number) {
      mapped.push_back(fmt::format("{}:{}->{}/{}", v6 ? "[" + port.host_ip + "]" : port.host_ip,
                                   port.host_port, number, protocol));
      continue;
    }
    std::string key = fmt::format("{}/{}", port.host_ip, protocol);
    auto [group, is_new] = groups.try_emplace(key, Range{number, number});
    if (is_new) {
      order.push_back({port.host_ip, protocol, std::move(key)});
    } else if (number == group->second.last + 1) {
      group->second.last = number;
    } else {
      out.push_back(group_text(port.host_ip, protocol, group->second));
      group->second = {number, number};
    }
  }
  for (const Key& key : order)
    out.push_back(group_text(key.ip, key.protocol, groups[key.text]));
  out.insert(out.end(), mapped.begin(), mapped.end());
  std::string text;
  for (const std::string& one : out)
    text += (text.empty() ? "" : ", ") + one;
  return text;
}

Result<NetworkRequest> parse_network_request(std::string_view text) {
  NetworkRequest request;
  if (text.find('=') == std::string_view::npos) {
    request.name = text;
    return request;
  }
  auto fields = csv_fields(text);
  if (!fields) return fail(0, fmt::format("--network {}: {}", text, fields.error()));
  for (const std::string& field : *fields) {
    const std::string field_text = lower(field);
    const std::size_t equals = field_text.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(0, fmt::format("invalid field {}", field));
    const std::string_view whole = field_text;
    SUIT_TRY(set_field(request, trimmed(whole.substr(0, equals)),
                       std::string(trimmed(whole.substr(equals + 1)))));
  }
  if (request.name.empty()) return fail(0, "network name/id is not specified");
  return request;
}

}  // namespace suit::network
