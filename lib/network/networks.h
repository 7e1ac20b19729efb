/// \file
/// The networks of one data directory: a file each.
///
///     <data>/networks/<name>.json
///
/// The default network, `bridge`, has its id there and nothing more: its addresses are those of the
/// interface suit0, which all data directories of a host share. Where that interface is not there
/// yet, a subnet is chosen that no route of the host leads to.

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "network/plan.h"
#include "network/socket.h"

namespace suit::network {

/// The interface of the default network.
inline constexpr std::string_view kDefaultBridge = "suit0";

/// What `network create` asks for.
struct NetworkOptions {
  std::string name = {};
  std::string driver = {};                               ///< empty: bridge
  std::string subnet = {}, gateway = {}, ip_range = {};  ///< empty: chosen
  std::string subnet6 = {}, gateway6 = {};
  bool ipv6 = false;
  bool is_internal = false;
  bool attachable = false;
  std::map<std::string, std::string> labels = {}, options = {};
};

/// What a new network must keep away from.
struct UsedSubnets {
  std::vector<Prefix> routes;    ///< of the host
  std::vector<Prefix> networks;  ///< of networks that may be down now
};

/// Pure: completes \p options.
/// \errors 0 in Docker's words
Result<NetworkConfig> plan_network(const NetworkOptions& options, const std::string& id,
                                   const UsedSubnets& used);
/// The first subnet of the pool that is free; nullopt when there is none.
std::optional<Prefix> choose_subnet(const UsedSubnets& used, bool is_default);

class Networks {
 public:
  explicit Networks(const std::string& data) : root_(data + "/networks") {}

  /// bridge, host and none first, then the others by name.
  Result<std::vector<NetworkConfig>> list() const;
  /// By name, id, or unique prefix of an id.
  /// \errors ENOENT `network … not found`
  Result<NetworkConfig> find(std::string_view name_or_id) const;
  /// Writes the file and makes the bridge.
  /// \errors EEXIST `network with name … already exists`
  Result<NetworkConfig> create(const NetworkOptions& options) const;
  /// Whoever uses it must have been ruled out.
  Result<void> remove(const NetworkConfig& config) const;

 private:
  std::string path_of(std::string_view name) const;
  Result<NetworkConfig> read(const std::string& name) const;
  Result<NetworkConfig> predefined(const std::string& name) const;
  Result<UsedSubnets> used(Socket& route) const;
  std::string root_;
};

bool is_predefined(std::string_view name);
std::string to_json(const NetworkConfig& config);
Result<NetworkConfig> parse_network(std::string_view text);

}  // namespace suit::network
