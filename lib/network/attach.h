/// \file
/// Carrying a network plan out: namespaces, addresses by trial, ports held open.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "network/plan.h"
#include "network/socket.h"
#include "os/fd.h"

namespace suit::network {

/// A network namespace, and a socket that speaks in it from outside.
class Netns {
 public:
  /// A new one, with loopback up. It ends when the last process and descriptor let go of it.
  static Result<Netns> create();
  /// That of a process.
  static Result<Netns> open(pid_t pid);

  os::FdRef fd() const { return fd_; }
  Socket& route() { return route_; }
  /// Runs \p work on a thread that is in the namespace: for /proc/sys/net.
  Result<void> inside(const std::function<Result<void>()>& work) const;

 private:
  Netns(os::Fd fd, Socket route) : fd_(std::move(fd)), route_(std::move(route)) {}
  os::Fd fd_;
  Socket route_;
};

/// Executes \p plan step by step.
/// \param inside the container's namespace, for its steps
/// \errors the kernel's, with the step's id and the command that it stands for
Result<void> execute(const NetworkPlan& plan, Socket& route, Netns* inside);

/// Makes the network's bridge, unless it is there and complete, and tells its index.
/// \errors EPERM, EOPNOTSUPP where the host has no bridges for us
Result<int> ensure_bridge(const NetworkConfig& config, Socket& route);
/// The bridge and its rules go.
Result<void> remove_bridge(const NetworkConfig& config, Socket& route);

/// What a container wants of one network.
struct AttachRequest {
  std::string container_id = {};  ///< the first address that is tried comes from it
  std::optional<Address> address = {}, address6 = {};  ///< wanted ones; none: any that is free
  std::optional<Mac> mac = {};
  bool has_default_route = true;
  /// How long to wait for its address, which its last run may still have: the kernel takes
  /// namespaces apart at leisure, 14 to 50 ms after their end.
  std::chrono::milliseconds patience{0};
};
/// Joins a namespace to a network.
/// \errors 0 in Docker's words: `Address already in use`, `no available IPv4 addresses …`
Result<Endpoint> attach(const NetworkConfig& config, const AttachRequest& request, Socket& route,
                        Netns& inside);
/// Takes the cable out; waits for the kernel, 15 ms. A container's end does without.
Result<void> detach(const Endpoint& endpoint, Socket& route);

/// The addresses to try, best first. Pure; \p nth counts from 0.
std::optional<Address> candidate(const NetworkConfig& config, std::string_view container_id,
                                 std::uint64_t nth);

/// Host ports, held by sockets that are bound and do not listen, and the table that leads to the
/// container. Everything ends with this object, and with its process however it dies.
class Ports {
 public:
  /// \param owner for messages: `web (4f0c…)`
  /// \errors 0 in Docker's words: `Bind for 0.0.0.0:80 failed: port is already allocated`
  static Result<Ports> reserve(const std::vector<PortRequest>& requests, const Endpoint& endpoint,
                               const std::string& owner);
  /// Makes the rules.
  Result<void> open(const std::string& container_id, const Endpoint& endpoint);
  const std::vector<PublishedPort>& published() const { return published_; }

 private:
  std::vector<os::Fd> sockets_;
  std::vector<PublishedPort> published_;
  std::optional<Socket> rules_;
};

}  // namespace suit::network
