/// \file
/// The flags of `run` and `create` about the network, together.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/flags.h"
#include "engine/engine.h"

namespace suit::cli {

struct NetworkFlags {
  std::vector<std::string> networks;  ///< `--network`, each a name or `name=…,alias=…`
  std::vector<std::string> aliases, links, link_local_ips, publish;
  std::string ip, ip6, mac;
  bool publish_all = false;
};

void declare_network_flags(FlagSet& flags, NetworkFlags& network);

/// Docker's rules about which of them go together.
/// \errors 0 as Docker words them
Result<engine::NetworkSettings> read_network_flags(const NetworkFlags& flags);

/// What cannot be said of a container that shares another's network.
/// \errors 0 `conflicting options: hostname and the network mode`
Result<void> check_shared_network(const engine::CreateOptions& options);

}  // namespace suit::cli
