/// \file
/// Networks and ports as rows, and as documents of `inspect`.

#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "network/networks.h"
#include "oci/json.h"

namespace suit::cli {

/// Every port of a running container: published ones, and those that are only exposed.
std::vector<network::PublishedPort> shown_ports(const engine::Status& container);
/// NETWORKS of `ps`.
std::vector<std::string> network_names(const engine::Record& record);
/// `bridge` for the default.
std::string network_mode(const engine::Record& record);

oci::Json network_settings_json(const engine::Status& container);
/// HostConfig.PortBindings: what was asked for.
oci::Json port_bindings_json(const engine::Record& record);

oci::Json network_row(const network::NetworkConfig& config, bool truncate);
oci::Json inspect_network(const network::NetworkConfig& config,
                          const std::vector<engine::Status>& members);

}  // namespace suit::cli
