/// \file
/// The network of one run: made before the launch, let go after the end.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/network.h"
#include "engine/record.h"
#include "network/attach.h"
#include "network/slirp.h"
#include "os/fd.h"

namespace suit::engine {

/// What a monitor holds of the network while its container runs. What the kernel gave ends with
/// this object and with its process.
class Connection {
 public:
  Connection() = default;
  /// \errors those of network::attach and network::Ports; EINVAL, ENOENT with the network's name
  static Result<Connection> open(const Engine& engine, const Record& record);

  /// Of the namespace that the container joins; empty: it gets an empty one of its own.
  std::string namespace_path() const;
  const NetworkState& state() const { return state_; }
  /// Where another container's network is shared: whose files of names are shared, too.
  const std::string& shared_id() const { return shared_id_; }
  /// Of a plain user's network; empty: the host's.
  std::string name_server() const;
  /// What `host-gateway` stands for; empty: nothing.
  std::string host_gateway() const;

 private:
  Result<void> join(const Engine& engine, const Record& record);
  Result<void> share(const Engine& engine, const std::string& name_or_id);
  Result<void> publish(const Record& record);
  Result<void> join_as_user(const Engine& engine, const Record& record);

  std::optional<network::Netns> space_;
  os::Fd shared_;
  std::string shared_id_;
  std::optional<network::Ports> ports_;
  std::optional<network::Slirp> slirp_;
  NetworkState state_;
};

/// Lets the containers of the networks of \p state know each other's names: their /etc/hosts.
void refresh_names(const Engine& engine, const NetworkState& state);
/// Forgets what a container had of the network, and tells its neighbours.
void forget_network(const Engine& engine, const std::string& id);

}  // namespace suit::engine
