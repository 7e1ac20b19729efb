// Host ports: bound, so that nobody else gets them, and never listened on, because the rules take
// the packets away before any socket sees them.

#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include <fmt/format.h>

#include "network/attach.h"

namespace suit::network {
namespace {

struct Bound {
  os::Fd socket;
  std::uint16_t port = 0;
};

std::string shown(const Address& address, std::uint16_t port) {
  return fmt::format(fmt::runtime(address.is_v4() ? "{}:{}" : "[{}]:{}"), address.text(), port);
}

Result<Bound> bind_port(const Address& address, std::uint16_t port, Protocol protocol) {
  const int family = address.is_v4() ? AF_INET : AF_INET6;
  const int type = (protocol == Protocol::Udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC;
  os::Fd socket(::socket(family, type, protocol == Protocol::Sctp ? IPPROTO_SCTP : 0));
  if (!socket.valid()) return fail(errno, fmt::format("socket({})", name_of(protocol)));
  sockaddr_storage storage{};
  socklen_t size = 0;
  if (address.is_v4()) {
    auto& at = reinterpret_cast<sockaddr_in&>(storage);
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    __builtin_memcpy(&at.sin_addr, address.bytes.data(), 4);
    size = sizeof at;
  } else {
    auto& at = reinterpret_cast<sockaddr_in6&>(storage);
    at.sin6_family = AF_INET6;
    at.sin6_port = htons(port);
    __builtin_memcpy(&at.sin6_addr, address.bytes.data(), 16);
    size = sizeof at;
    // The same port of IPv4 is a reservation of its own.
    const int one = 1;
    ::setsockopt(socket.raw(), IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  }
  auto* generic = reinterpret_cast<sockaddr*>(&storage);
  if (::bind(socket.raw(), generic, size) != 0)
    return fail(errno, fmt::format("bind {}", shown(address, port)));
  if (::getsockname(socket.raw(), generic, &size) != 0) return fail(errno, "getsockname");
  // The port lies at the same place in both structs.
  const std::uint16_t got = ntohs(reinterpret_cast<sockaddr_in&>(storage).sin_port);
  return Bound{std::move(socket), got};
}

// The host addresses that a request without one is for.
std::vector<Address> addresses_of(const PortRequest& request, const Endpoint& endpoint) {
  if (!request.host_ip.empty()) return {Address::parse(request.host_ip).value_or(Address())};
  std::vector<Address> all = {Address()};
  if (endpoint.address6) {
    Address any6;
    any6.size = 16;
    all.push_back(any6);
  }
  return all;
}

// The same port at every address, or none.
Result<std::vector<Bound>> bind_all(const std::vector<Address>& addresses, std::uint16_t port,
                                    Protocol protocol) {
  std::vector<Bound> bound;
  for (const Address& address : addresses) {
    SUIT_LET(Bound one, bind_port(address, bound.empty() ? port : bound[0].port, protocol));
    bound.push_back(std::move(one));
  }
  return bound;
}

Result<std::vector<Bound>> bind_request(const PortRequest& request,
                                        const std::vector<Address>& addresses) {
  // A random port that is free at one address may not be so at another: a few tries.
  constexpr int kTries = 16;
  const Protocol protocol = request.container.protocol;
  const int last = request.host_first == 0 ? kTries : request.host_last;
  Result<std::vector<Bound>> bound = fail(EADDRINUSE, "no port");
  for (int port = request.host_first; port <= last; ++port) {
    bound = bind_all(addresses,
                     request.host_first == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(port),
                     protocol);
    if (bound || bound.error().code() != EADDRINUSE) return bound;
  }
  return bound;
}

}  // namespace

Result<Ports> Ports::reserve(const std::vector<PortRequest>& requests, const Endpoint& endpoint,
                             const std::string& owner) {
  Ports ports;
  for (const PortRequest& request : requests) {
    const std::vector<Address> addresses = addresses_of(request, endpoint);
    auto bound = bind_request(request, addresses);
    if (!bound) {
      const std::string what =
          fmt::format("driver failed programming external connectivity on endpoint {}", owner);
      if (bound.error().code() != EADDRINUSE) return wrap(std::move(bound).error(), what);
      const std::string at = shown(addresses[0], request.host_first);
      return fail(0, fmt::format("{}: Bind for {} failed: port is already allocated", what, at),
                  "`suit ps` and `ss -lntup` show who has it; choose another, or none: -p PORT");
    }
    for (std::size_t i = 0; i < bound->size(); ++i) {
      ports.published_.push_back({addresses[i].text(), (*bound)[i].port, request.container});
      ports.sockets_.push_back(std::move((*bound)[i].socket));
    }
  }
  return ports;
}

Result<void> Ports::open(const std::string& container_id, const Endpoint& endpoint) {
  const NetworkPlan plan = plan_ports(container_id, endpoint, published_);
  if (plan.empty()) return {};
  SUIT_LET(Socket nft, Socket::open(NETLINK_NETFILTER));
  const std::vector<Message> messages = std::get<Table>(plan[0].what).messages();
  auto made = nft.transaction(messages);
  if (!made)
    return std::unexpected(std::move(made).error().wrap("publish ports").with_step(plan[0].id));
  rules_.emplace(std::move(nft));
  return {};
}

}  // namespace suit::network
