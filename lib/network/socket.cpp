#include "network/socket.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>

#include <fmt/format.h>

namespace suit::network {
namespace {

// Messages of a dump are 32 KiB at most: NETLINK_MAX_RECVMSG_SIZE... of the kernel's af_netlink.c.
constexpr std::size_t kBufferBytes = 64 * 1024;

Message batch_mark(std::uint16_t type) {
  nfgenmsg header{};
  header.res_id = htons(NFNL_SUBSYS_NFTABLES);
  return {type, 0, bytes_of_struct(header)};
}

}  // namespace

Result<Socket> Socket::open(int protocol) {
  os::Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!fd.valid()) return fail(errno, fmt::format("socket(AF_NETLINK, {})", protocol));
  // Bound to a port id of the kernel's choice: what an owned table is owned by.
  sockaddr_nl self{};
  self.nl_family = AF_NETLINK;
  if (::bind(fd.raw(), reinterpret_cast<const sockaddr*>(&self), sizeof self) != 0)
    return fail(errno, "bind(AF_NETLINK)");
  Socket socket(std::move(fd));
  socket.buffer_.resize(kBufferBytes);
  return socket;
}

Result<void> Socket::send(const std::string& bytes) {
  // Addressed to the kernel by leaving the address out.
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  while (::sendto(fd_.raw(), bytes.data(), bytes.size(), 0,
                  reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) < 0)
    if (errno != EINTR) return fail(errno, "sendto(netlink)");
  return {};
}

Result<std::string_view> Socket::receive() {
  while (true) {
    sockaddr_nl from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(fd_.raw(), buffer_.data(), buffer_.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0 && errno != EINTR) return fail(errno, "recvfrom(netlink)");
    // Only the kernel has port id 0; anybody may write to our socket.
    if (got >= 0 && from.nl_pid == 0)
      return std::string_view(buffer_).substr(0, static_cast<std::size_t>(got));
  }
}

Result<void> Socket::request(const Message& message) {
  return ask(message, [](const Reply&) {});
}

Result<void> Socket::ask(const Message& message, const std::function<void(const Reply&)>& each) {
  const std::uint32_t sequence = sequence_++;
  SUIT_TRY(send(message.sealed(sequence, NLM_F_ACK)));
  while (true) {
    SUIT_LET(std::string_view bytes, receive());
    while (auto reply = next_reply(bytes)) {
      if (reply->sequence != sequence) continue;  // the rest of an earlier failure
      if (reply->type == NLMSG_DONE) return {};
      if (reply->type != NLMSG_ERROR) {
        each(*reply);
        continue;
      }
      const int code = error_of(*reply);
      if (code != 0) return fail(code, "netlink");
      return {};
    }
  }
}

Result<void> Socket::transaction(std::span<const Message> messages) {
  std::string bytes = batch_mark(NFNL_MSG_BATCH_BEGIN).sealed(sequence_++, 0);
  const std::uint32_t first = sequence_;
  for (const Message& message : messages) {
    const bool is_last = &message == &messages.back();
    bytes += message.sealed(sequence_++, is_last ? NLM_F_ACK : 0);
  }
  const std::uint32_t last = sequence_ - 1;
  bytes += batch_mark(NFNL_MSG_BATCH_END).sealed(sequence_++, 0);
  SUIT_TRY(send(bytes));
  while (true) {
    SUIT_LET(std::string_view answer, receive());
    while (auto reply = next_reply(answer)) {
      if (reply->type != NLMSG_ERROR || reply->sequence + 1 < first) continue;
      const int code = error_of(*reply);
      if (code != 0) return fail(code, "nftables");
      if (reply->sequence == last) return {};
    }
  }
}

}  // namespace suit::network
