/// \file
/// The network of a container as a value: what is sent to the kernel, and the ip, nft and sysctl
/// commands that would do the same.
///
///     NetworkConfig ──> plan_bridge() ────> the switch, its address, its rules: once a network
///     Endpoint ───────> plan_endpoint() ──> the cable, the address in the container, its route
///     PublishedPorts ─> plan_ports() ─────> a table of rules that goes with its owner
///
/// Nothing here asks the kernel anything: plans are tested without root.
/// \see tutorial 15

#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "network/address.h"
#include "network/link.h"
#include "network/nft.h"
#include "network/ports.h"

namespace suit::network {

/// A network: a bridge on this host and the addresses behind it.
struct NetworkConfig {
  std::string name;
  std::string id;  ///< 64 hex digits
  std::string created;
  std::string driver = "bridge";  ///< or `host`, `null` of the two that are always there
  std::string bridge;             ///< interface
  Prefix subnet;
  Address gateway;
  std::optional<Prefix> ip_range;  ///< addresses are given out from it alone
  std::optional<Prefix> subnet6;
  std::optional<Address> gateway6;
  bool is_internal = false;  ///< no way out, none in
  bool attachable = false;
  std::map<std::string, std::string> labels, options;
};

/// A container's place in a network.
struct Endpoint {
  Address address;
  std::optional<Address> address6;
  Mac mac{};
  std::string interface = "eth0";
  bool has_default_route = true;
};

/// The name of the host's end of the cable says the address. An interface's name is unique in the
/// kernel, so making it is the lease; it ends with the container's namespace, however that ends.
/// \shape `s0a580102` for 10.88.1.2
std::string lease_name(const Address& address);
/// The same for an IPv6 address, which only fits into an alternative name.
std::string lease_name6(const Address& address);

struct Sysctl {
  std::string path;  ///< below /proc/sys
  std::string value;
};

/// One thing done to the kernel.
struct Step {
  enum class Where { Host, Container };
  Where where = Where::Host;
  std::string id;    ///< in the steps registry
  std::string text;  ///< the command that does the same
  std::variant<Message, Table, Sysctl> what;
  std::string link = {};   ///< interface whose index the message gets when it is known
  bool may_exist = false;  ///< EEXIST is success: somebody else was first
};
using NetworkPlan = std::vector<Step>;

NetworkPlan plan_bridge(const NetworkConfig& config);
/// The first step is the lease: EEXIST there means that the address is taken.
/// \param netns_fd descriptor of the container's namespace
NetworkPlan plan_endpoint(const NetworkConfig& config, const Endpoint& endpoint, int bridge_index,
                          int netns_fd);
/// Which interface leads there follows from the gateway's address.
NetworkPlan plan_way_out(const Address& gateway);
/// Loopback, and what Docker sets for every container.
NetworkPlan plan_namespace();
/// The table's owner is the socket that sends it.
NetworkPlan plan_ports(const std::string& container_id, const Endpoint& endpoint,
                       const std::vector<PublishedPort>& ports);

/// The commands, a line each; tables as nft(8) input. The container's are run by nsenter(1).
/// \param pid of a process in the container; 0: `$PID` is written
std::string to_text(const NetworkPlan& plan, int pid = 0);

}  // namespace suit::network
