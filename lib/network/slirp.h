/// \file
/// A plain user's network: slirp4netns(1), a program that is the other end of the container's wire
/// and speaks for it with sockets of its own. Slower than a bridge, and no privilege is needed.

#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "network/attach.h"
#include "network/ports.h"
#include "os/fd.h"

namespace suit::network {

/// The helper of one namespace. It ends with this object, and with its process however it dies: it
/// watches a pipe that only we hold open.
class Slirp {
 public:
  Slirp(Slirp&& other) noexcept;
  Slirp& operator=(Slirp&& other) noexcept;
  ~Slirp();

  /// Starts it and waits until the namespace has an address and a way out.
  /// \param directory where its socket may be made
  /// \errors ENOENT (not installed), EACCES (/dev/net/tun), 0 (it ended without a word)
  static Result<Slirp> start(const Netns& space, const std::string& directory);
  /// Lets host ports lead to the container.
  /// \errors 0 in Docker's words for a port that is taken
  Result<std::vector<PublishedPort>> publish(const std::vector<PortRequest>& requests,
                                             const std::string& owner);
  /// The address that every such container has.
  static Endpoint endpoint();
  static Address gateway() { return Address::v4(0x0a000202); }
  static Prefix subnet() { return {Address::v4(0x0a000200), 24}; }
  static Address name_server() { return Address::v4(0x0a000203); }

 private:
  Slirp() = default;
  Result<bool> forward(const PortRequest& request, std::uint16_t port) const;
  pid_t pid_ = -1;
  os::Fd alive_;      ///< the pipe's end that says that we live
  os::Fd directory_;  ///< where its socket is: a path of its own would be too long for one
};

}  // namespace suit::network
