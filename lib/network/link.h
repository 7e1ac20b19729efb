/// \file
/// The rtnetlink messages of a container's network, each with the ip(8) command that does the same.
/// \source rtnetlink(7), linux/if_link.h

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "network/address.h"
#include "network/netlink.h"
#include "network/socket.h"

namespace suit::network {

/// \param mac of the bridge itself; fixed, because a bridge's own changes with its ports
Message add_bridge(const std::string& name, const Mac& mac);
Message delete_link(const std::string& name);

/// A cable with two ends: one here at the bridge, one in the container's namespace.
struct VethSpec {
  std::string host_name;  ///< the lease: see plan.h
  int bridge_index = 0;
  std::string name = "eth0";  ///< of the container's end
  Mac mac{};
  int netns_fd = -1;  ///< where the container's end goes
};
Message add_veth(const VethSpec& spec);
/// Frames may leave by the port that they came by: a container's way to its own published port
/// where the host filters inside bridges (br_netfilter).
Message set_hairpin(const std::string& port);
/// A second name of an interface: the lease of an address that does not fit into the first.
Message add_alternative_name(const std::string& link, const std::string& name);
Message set_up(int index);
Message add_address(int index, const Prefix& address);
Message add_default_route(const Address& gateway);

/// The same message about the interface \p index: for one that was not there when it was planned.
Message with_index(const Message& message, int index);

/// What is known of an interface.
struct Link {
  int index = 0;
  std::string name;
  bool up = false;
  int master = 0;
};
/// nullopt for another message, or one that is cut off.
std::optional<Link> parse_link(const Reply& reply);
/// A route of the main table with a destination.
std::optional<Prefix> parse_route(const Reply& reply);
/// An interface's address.
struct LinkAddress {
  int index = 0;
  Prefix prefix;
};
std::optional<LinkAddress> parse_address(const Reply& reply);

Result<std::vector<Link>> list_links(Socket& route);
/// \errors ENODEV
Result<Link> find_link(Socket& route, const std::string& name);
/// Destinations of all routes, default routes left out.
Result<std::vector<Prefix>> list_routes(Socket& route);
Result<std::vector<LinkAddress>> list_addresses(Socket& route);

}  // namespace suit::network
