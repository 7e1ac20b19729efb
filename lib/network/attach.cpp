#include "network/attach.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "base/log.h"
#include "os/file.h"

namespace suit::network {
namespace {

Result<void> write_sysctl(const Sysctl& sysctl) {
  const std::string path = "/proc/sys/" + sysctl.path;
  // Read first: where the host has set it already, its /proc/sys may be read-only for us.
  auto now = os::read_file(path);
  if (now && now->starts_with(sysctl.value)) return {};
  // A kernel without IPv6 has nothing to switch off.
  if (!now && now.error().code() == ENOENT && path.ends_with("disable_ipv6")) return {};
  SUIT_LET(os::Fd file, os::open_at(os::FdRef::cwd(), path, O_WRONLY));
  if (::write(file.raw(), sysctl.value.data(), sysctl.value.size()) < 0)
    return fail(errno, fmt::format("write(\"{}\", \"{}\")", path, sysctl.value));
  if (path.ends_with("ip_forward") || path.ends_with("forwarding"))
    SUIT_LOG(Info, "{} is now {}: this host passes packets on between its networks", path,
             sysctl.value);
  return {};
}

Result<void> do_step(const Step& step, Socket& route, Netns* inside) {
  if (const auto* sysctl = std::get_if<Sysctl>(&step.what)) {
    if (step.where == Step::Where::Host) return write_sysctl(*sysctl);
    return inside->inside([&] { return write_sysctl(*sysctl); });
  }
  if (const auto* table = std::get_if<Table>(&step.what)) {
    SUIT_LET(Socket nft, Socket::open(NETLINK_NETFILTER));
    const std::vector<Message> messages = table->messages();
    return nft.transaction(messages);
  }
  const auto& message = std::get<Message>(step.what);
  Socket& socket = step.where == Step::Where::Host ? route : inside->route();
  if (step.link.empty()) return socket.request(message);
  SUIT_LET(Link link, find_link(socket, step.link));
  return socket.request(with_index(message, link.index));
}

constexpr std::chrono::milliseconds kStep(2);  // between two looks at an address

// FNV-1a: spreads the ids of containers over a network's addresses.
std::uint64_t spread(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash ^ hash >> 32;
}

// The lease and all that follows, for one address.
Result<void> try_endpoint(const NetworkConfig& config, const Endpoint& endpoint, int bridge,
                          Socket& route, Netns& inside) {
  const NetworkPlan plan = plan_endpoint(config, endpoint, bridge, inside.fd().raw());
  auto done = execute(plan, route, &inside);
  // What was made before the failure goes with it; the lease itself may be somebody else's.
  if (!done && done.error().step() != "net.veth") (void)detach(endpoint, route);
  return done;
}

bool is_taken(const Result<void>& done) {
  return !done && done.error().code() == EEXIST &&
         (done.error().step() == "net.veth" || done.error().step() == "net.lease6");
}

Result<void> check_wanted(const NetworkConfig& config, const AttachRequest& request) {
  if (request.address && !config.subnet.contains(*request.address))
    return fail(0,
                fmt::format("invalid address {}: it does not belong to any of this network's "
                            "subnets",
                            request.address->text()),
                fmt::format("network {} is {}", config.name, config.subnet.text()));
  if (request.address6 && !(config.subnet6 && config.subnet6->contains(*request.address6)))
    return fail(0,
                fmt::format("invalid address {}: it does not belong to any of this network's "
                            "subnets",
                            request.address6->text()),
                config.subnet6
                    ? fmt::format("network {} is {}", config.name, config.subnet6->text())
                    : fmt::format("network {} has no IPv6", config.name));
  return {};
}

// The first eth that the namespace does not have.
Result<std::string> choose_interface(Netns& inside) {
  SUIT_LET(std::vector<Link> links, list_links(inside.route()));
  std::string name;
  for (int n = 0; name.empty(); ++n) {
    std::string wanted = fmt::format("eth{}", n);
    if (std::ranges::find(links, wanted, &Link::name) == links.end()) name = std::move(wanted);
  }
  return name;
}

}  // namespace

Result<Netns> Netns::create() {
  os::Fd fd;
  std::optional<Socket> route;
  Result<void> made;
  // A namespace belongs to a thread: this one takes its along when it ends, and ours stays.
  std::thread([&] {
    made = [&]() -> Result<void> {
      if (::unshare(CLONE_NEWNET) != 0) return fail(errno, "unshare(CLONE_NEWNET)");
      SUIT_LET(fd, os::open_at(os::FdRef::cwd(), "/proc/thread-self/ns/net", O_RDONLY));
      SUIT_LET(Socket socket, Socket::open(NETLINK_ROUTE));
      route.emplace(std::move(socket));
      for (const Step& step : plan_namespace()) {
        const auto* sysctl = std::get_if<Sysctl>(&step.what);
        auto done = sysctl ? write_sysctl(*sysctl) : route->request(std::get<Message>(step.what));
        if (!done)
          return std::unexpected(std::move(done).error().wrap(step.text).with_step(step.id));
      }
      return {};
    }();
  }).join();
  if (!made) return wrap(std::move(made).error(), "make a network namespace");
  return Netns(std::move(fd), *std::move(route));
}

Result<Netns> Netns::open(pid_t pid) {
  SUIT_LET(os::Fd fd, os::open_at(os::FdRef::cwd(), fmt::format("/proc/{}/ns/net", pid), O_RDONLY));
  std::optional<Socket> route;
  Result<void> made;
  std::thread([&] {
    made = [&]() -> Result<void> {
      if (::setns(fd.raw(), CLONE_NEWNET) != 0) return fail(errno, "setns(CLONE_NEWNET)");
      SUIT_LET(Socket socket, Socket::open(NETLINK_ROUTE));
      route.emplace(std::move(socket));
      return {};
    }();
  }).join();
  if (!made) return wrap(std::move(made).error(), fmt::format("network of process {}", pid));
  return Netns(std::move(fd), *std::move(route));
}

Result<void> Netns::inside(const std::function<Result<void>()>& work) const {
  Result<void> done;
  std::thread([&] {
    done = ::setns(fd_.raw(), CLONE_NEWNET) == 0 ? work() : fail(errno, "setns(CLONE_NEWNET)");
  }).join();
  return done;
}

Result<void> execute(const NetworkPlan& plan, Socket& route, Netns* inside) {
  for (const Step& step : plan) {
    SUIT_LOG(Debug, "{}", step.text);
    auto done = do_step(step, route, inside);
    if (done || (step.may_exist && done.error().code() == EEXIST)) continue;
    const std::string first_line = step.text.substr(0, step.text.find('\n'));
    return std::unexpected(std::move(done).error().wrap(first_line).with_step(step.id));
  }
  return {};
}

Result<int> ensure_bridge(const NetworkConfig& config, Socket& route) {
  auto link = find_link(route, config.bridge);
  // The rules may have been flushed by whoever manages the host's firewall: always there again.
  const NetworkPlan plan = plan_bridge(config);
  if (link && link->up) {
    for (const Step& step : plan)
      if (step.id == "net.rules" || step.id == "net.forward")
        SUIT_TRY(execute({step}, route, nullptr));
    return link->index;
  }
  SUIT_TRY(execute(plan, route, nullptr));
  SUIT_LET(Link made, find_link(route, config.bridge));
  return made.index;
}

Result<void> remove_bridge(const NetworkConfig& config, Socket& route) {
  SUIT_LET(Socket nft, Socket::open(NETLINK_NETFILTER));
  const std::vector<Message> messages = {delete_table("suit-" + config.bridge)};
  auto table = nft.transaction(messages);
  if (!table && table.error().code() != ENOENT)
    return wrap(std::move(table).error(),
                fmt::format("nft delete table inet suit-{}", config.bridge));
  auto link = route.request(delete_link(config.bridge));
  if (!link && link.error().code() != ENODEV)
    return wrap(std::move(link).error(), fmt::format("ip link del {}", config.bridge));
  return {};
}

std::optional<Address> candidate(const NetworkConfig& config, std::string_view container_id,
                                 std::uint64_t nth) {
  const Prefix range = config.ip_range.value_or(config.subnet).network();
  const std::uint64_t count = range.count();
  // The first address is the network's, the last its broadcast, one the gateway's.
  const std::uint64_t last = config.subnet.count() - 1;
  const std::uint64_t start = config.subnet.offset_of(range.address);
  if (nth >= count) return std::nullopt;
  for (std::uint64_t at = nth, skipped = 0; skipped <= 3; ++at, ++skipped) {
    const std::uint64_t offset = start + (spread(container_id) + at) % count;
    const Address address = config.subnet.network().address.plus(offset);
    const bool reserved = config.subnet.length < 31 && (offset == 0 || offset == last);
    if (!reserved && address != config.gateway) return address;
  }
  return std::nullopt;
}

Result<Endpoint> attach(const NetworkConfig& config, const AttachRequest& request, Socket& route,
                        Netns& inside) {
  SUIT_TRY(check_wanted(config, request));
  SUIT_LET(int bridge, ensure_bridge(config, route));
  Endpoint endpoint;
  endpoint.has_default_route = request.has_default_route;
  SUIT_LET(endpoint.interface, choose_interface(inside));
  for (std::uint64_t nth = 0;; ++nth) {
    auto address = request.address ? request.address : candidate(config, request.container_id, nth);
    if (!address)
      return fail(
          EADDRINUSE,
          fmt::format("no available IPv4 addresses on this network's address pools: {} ({})",
                      config.name, config.id),
          "stop containers on it, or create a network with a larger --subnet");
    endpoint.address = *address;
    endpoint.mac = request.mac.value_or(mac_of(*address));
    endpoint.address6 = request.address6;
    if (config.subnet6 && !request.address6)
      endpoint.address6 = config.subnet6->network().address.plus(config.subnet.offset_of(*address));
    auto done = try_endpoint(config, endpoint, bridge, route, inside);
    for (auto left = request.patience; nth == 0 && left.count() > 0 && is_taken(done);
         left -= kStep) {
      std::this_thread::sleep_for(kStep);
      done = try_endpoint(config, endpoint, bridge, route, inside);
    }
    if (done) return endpoint;
    if (!is_taken(done)) return std::unexpected(std::move(done).error());
    const bool asked_for = done.error().step() == "net.veth" ? request.address.has_value()
                                                             : request.address6 || request.address;
    if (asked_for)
      return fail(0, fmt::format("network {}: Address already in use", config.name),
                  fmt::format("another container has {}", done.error().step() == "net.veth"
                                                              ? endpoint.address.text()
                                                              : endpoint.address6->text()));
  }
}

Result<void> detach(const Endpoint& endpoint, Socket& route) {
  auto gone = route.request(delete_link(lease_name(endpoint.address)));
  if (!gone && gone.error().code() != ENODEV)
    return wrap(std::move(gone).error(),
                fmt::format("ip link del {}", lease_name(endpoint.address)));
  return {};
}

}  // namespace suit::network
