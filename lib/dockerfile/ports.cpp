#include "dockerfile/ports.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "dockerfile/text_internal.h"
#include "dockerfile/values_internal.h"

namespace suit::dockerfile {
namespace {

constexpr std::array<std::string_view, 3> kProtocols = {"tcp", "udp", "sctp"};
constexpr std::uint32_t kLastPort = 65535;

struct Range {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

std::optional<Range> parse_range(std::string_view text) {
  std::size_t dash = text.find('-');
  std::optional<std::uint32_t> first = parse_number(text.substr(0, dash), 10);
  std::optional<std::uint32_t> last =
      dash == std::string_view::npos ? first : parse_number(text.substr(dash + 1), 10);
  if (!first || !last || *first > kLastPort || *last > kLastPort) return std::nullopt;
  return Range{*first, *last};
}

/// `ip:host:port`, the last two without brackets; missing parts are empty.
struct Parts {
  std::string_view ip, host, port;
};

Parts split_parts(std::string_view text) {
  Parts parts;
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {{}, {}, text};
  parts.port = text.substr(colon + 1);
  text = text.substr(0, colon);
  colon = text.rfind(':');
  if (colon == std::string_view::npos) return {{}, text, parts.port};
  parts.host = text.substr(colon + 1);
  parts.ip = text.substr(0, colon);
  if (parts.ip.starts_with('[') && parts.ip.ends_with(']'))
    parts.ip = parts.ip.substr(1, parts.ip.size() - 2);
  return parts;
}

// Digits and dots, or hexadecimal digits and colons: a host name is no address here.
bool looks_like_address(std::string_view ip) {
  if (ip.empty()) return true;
  bool v6 = ip.find(':') != std::string_view::npos;
  std::string_view allowed = v6 ? "0123456789abcdefABCDEF:." : "0123456789.";
  return ip.find_first_not_of(allowed) == std::string_view::npos;
}

}  // namespace

Result<std::vector<std::string>> parse_ports(std::string_view specification) {
  std::size_t slash = specification.find('/');
  std::string protocol =
      slash == std::string_view::npos ? "tcp" : text::lower(specification.substr(slash + 1));
  Parts parts = split_parts(specification.substr(0, slash));
  if (parts.port.empty())
    return fail(0, fmt::format("invalid port: {}: no port specified", text::quote(specification)));
  if (protocol.empty()) protocol = "tcp";
  if (std::ranges::find(kProtocols, protocol) == kProtocols.end())
    return fail(0, fmt::format("invalid proto: {}{}", text::clip(protocol),
                               text::suggestion(protocol, kProtocols)));
  if (!looks_like_address(parts.ip))
    return fail(0, fmt::format("invalid IP address: {}", text::clip(parts.ip)));
  std::optional<Range> ports = parse_range(parts.port);
  if (!ports)
    return fail(0, fmt::format("invalid containerPort: {}", text::clip(parts.port)),
                parts.port.starts_with('#') ? "a comment stands on a line of its own"
                                            : fmt::format("ports are numbers up to {}", kLastPort));
  if (ports->last < ports->first)
    return fail(0, fmt::format("invalid port range: {}", text::clip(parts.port)));
  std::optional<Range> host = parts.host.empty() ? ports : parse_range(parts.host);
  if (!host || host->last < host->first)
    return fail(0, fmt::format("invalid hostPort: {}", text::clip(parts.host)));
  std::uint32_t count = ports->last - ports->first;
  if (count > 0 && host->last - host->first != count)
    return fail(0, fmt::format("invalid ranges specified for container and host Ports: {} and {}",
                               text::clip(parts.port), text::clip(parts.host)));
  std::vector<std::string> out;
  for (std::uint32_t port = ports->first; port <= ports->last; ++port)
    out.push_back(fmt::format("{}/{}", port, protocol));
  return out;
}

}  // namespace suit::dockerfile
