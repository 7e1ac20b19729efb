/// \file
/// The grammars of `-p` and `--network`, and the PORTS column.
/// \source docker/go-connections nat.ParsePortSpec; docker/cli opts/network.go,
/// formatter/container.go

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "network/address.h"
#include "network/nft.h"

namespace suit::network {

/// `80/udp` in a container. A name and its number in one.
struct Port {
  std::uint16_t number = 0;
  Protocol protocol = Protocol::Tcp;
  std::string text() const;
  friend auto operator<=>(const Port&, const Port&) = default;
};
/// \errors 0: `invalid proto: …`
Result<Port> parse_port(std::string_view text);

/// What `-p` asks for, one container port each.
struct PortRequest {
  std::string host_ip;           ///< empty: every address
  std::uint16_t host_first = 0;  ///< 0: any free port
  std::uint16_t host_last = 0;   ///< of a range that one is taken from
  Port container;
  friend bool operator==(const PortRequest&, const PortRequest&) = default;
};

/// `[[ip:][host[-range]]:]container[-range][/protocol]`; also `target=80,published=8080`.
/// \errors 0 in go-connections' words
Result<std::vector<PortRequest>> parse_publish(std::string_view text);
/// The long form `published=8080,target=80,protocol=udp` in the short one; the short one as it is.
Result<std::string> to_short_publish(std::string_view text);

/// A host port that leads to a container; or none: a port that is only exposed.
struct PublishedPort {
  std::string host_ip;  ///< `0.0.0.0`, `::`; empty: only exposed
  std::uint16_t host_port = 0;
  Port container;
  friend bool operator==(const PublishedPort&, const PublishedPort&) = default;
};
/// `0.0.0.0:8080->80/tcp, 9000-9002/tcp`
std::string display_ports(std::vector<PublishedPort> ports);

/// What `--network name=web,alias=db,ip=…` asks for: an attachment to one network.
struct NetworkRequest {
  std::string name;  ///< `none`, `host`, `bridge`, `container:ID`, or a network
  std::vector<std::string> aliases;
  std::string ip, ip6, mac;
  std::vector<std::string> link_local_ips;
  std::map<std::string, std::string> driver_options;
  int gateway_priority = 0;
  friend bool operator==(const NetworkRequest&, const NetworkRequest&) = default;
};
/// \errors 0 in Docker's words: `invalid field key …`
Result<NetworkRequest> parse_network_request(std::string_view text);

}  // namespace suit::network
