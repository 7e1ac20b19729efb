/// \file
/// What a container has of the network: what was asked for, and what it has got.
///
///     <data>/containers/<id>/network.json   addresses and ports, while it runs
///
/// The addresses and ports themselves are the kernel's objects (network/README.md); the file only
/// tells `ps`, `inspect` and the neighbours of them.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "network/plan.h"
#include "network/ports.h"
#include "oci/json.h"

namespace suit::engine {

/// What a container was asked to be connected with.
struct NetworkSettings {
  /// `default`, `none`, `host`, `bridge`, `container:<id>`, or the first network's name. `default`
  /// is `bridge` for root; where the host cannot have one, `none` with a warning.
  std::string mode = "none";
  std::vector<network::NetworkRequest> requests;  ///< the networks that it joins
  std::vector<network::PortRequest> ports;
  bool publishes_all = false;  ///< every exposed port, at a random one of the host

  bool shares_another() const { return mode.starts_with("container:"); }
};

/// A place that a running container has in a network.
struct Attachment {
  std::string network, network_id;
  std::vector<std::string> aliases;
  network::Endpoint endpoint;
  network::Prefix subnet;
  network::Address gateway;
  std::optional<network::Prefix> subnet6;
  std::optional<network::Address> gateway6;
};

/// network.json
struct NetworkState {
  std::vector<Attachment> attachments;
  std::vector<network::PublishedPort> ports;
};

oci::Json to_value(const NetworkSettings& settings);
NetworkSettings network_settings_of(const oci::Json* object);
std::string to_json(const NetworkState& state);
Result<NetworkState> parse_network_state(std::string_view text);

/// Whether containers of this network find each other by name: all but the default one's.
inline bool has_names(std::string_view network) { return network != "bridge"; }

}  // namespace suit::engine
