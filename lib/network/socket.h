/// \file
/// A netlink socket: requests that are answered at once.

#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "network/netlink.h"
#include "os/fd.h"

namespace suit::network {

/// Belongs to the network namespace that its opener was in, wherever the opener goes later.
class Socket {
 public:
  /// \param protocol NETLINK_ROUTE or NETLINK_NETFILTER
  static Result<Socket> open(int protocol);
  /// Sends one request and waits for its acknowledgement.
  /// \errors the kernel's, without a text of our own: the plan has the words
  Result<void> request(const Message& message);
  /// Sends all of an nftables transaction: all of it holds afterwards, or nothing.
  Result<void> transaction(std::span<const Message> messages);
  /// Asks for a list (NLM_F_DUMP) or for one object.
  Result<void> ask(const Message& message, const std::function<void(const Reply&)>& each);
  os::FdRef fd() const { return fd_; }

 private:
  explicit Socket(os::Fd fd) : fd_(std::move(fd)) {}
  Result<void> send(const std::string& bytes);
  Result<std::string_view> receive();
  os::Fd fd_;
  std::uint32_t sequence_ = 1;
  std::string buffer_;
};

}  // namespace suit::network
