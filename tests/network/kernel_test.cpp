// Against the kernel, in network namespaces of the test's own: the host's are never touched.

#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "network/attach.h"
#include "network/networks.h"
#include "os/file.h"

namespace suit::network {
namespace {

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (!pipe) return "popen failed";
  std::array<char, 4096> buffer{};
  while (std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    out.append(buffer.data(), got);
  ::pclose(pipe);
  return out;
}

// Whether a connection to \p to can be made from where this thread is; refused is an answer, too.
bool answers(const char* to) {
  const auto address = Address::parse(to).value_or(Address());
  const os::Fd socket(::socket(address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM, 0));
  const timeval patience{5, 0};
  ::setsockopt(socket.raw(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  v4.sin_port = v6.sin6_port = htons(9);
  __builtin_memcpy(&v4.sin_addr, address.bytes.data(), 4);
  __builtin_memcpy(&v6.sin6_addr, address.bytes.data(), 16);
  const int failed =
      address.is_v4() ? ::connect(socket.raw(), reinterpret_cast<const sockaddr*>(&v4), sizeof v4)
                      : ::connect(socket.raw(), reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  return failed == 0 || errno == ECONNREFUSED;
}

// This thread in a network of its own; sysctls of the host's are the namespace's then, too.
class NetworkKernel : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "needs CAP_SYS_ADMIN";
    auto socket = Socket::open(NETLINK_ROUTE);
    ASSERT_TRUE(socket) << socket.error().message();
    route_.emplace(*std::move(socket));
    ASSERT_TRUE(route_->request(set_up(1)));
    config_.name = "web";
    config_.id = std::string(64, 'a');
    config_.bridge = "br-test";
    config_.subnet = Prefix::parse("172.30.0.0/24").value();
    config_.gateway = Address::parse("172.30.0.1").value();
    config_.subnet6 = Prefix::parse("fd00:30::/64").value();
    config_.gateway6 = Address::parse("fd00:30::1").value();
  }

  Endpoint attached(Netns& inside, const AttachRequest& request) {
    auto endpoint = attach(config_, request, *route_, inside);
    EXPECT_TRUE(endpoint) << endpoint.error().message();
    return endpoint.value_or(Endpoint());
  }

  std::optional<Socket> route_;
  NetworkConfig config_;
};

TEST_F(NetworkKernel, ContainersReachTheGatewayInBothFamilies) {
  auto inside = Netns::create();
  ASSERT_TRUE(inside) << inside.error().message();
  const Endpoint endpoint = attached(*inside, {.container_id = "abc"});
  std::string seen;
  bool v4 = false, v6 = false;
  ASSERT_TRUE(inside->inside([&]() -> Result<void> {
    seen = output_of("ip -br addr show eth0; ip route; ip -6 route show default");
    v4 = answers("172.30.0.1");
    v6 = answers("fd00:30::1");
    return {};
  }));
  EXPECT_TRUE(v4 && v6);
  EXPECT_NE(seen.find(endpoint.address.text() + "/24"), std::string::npos) << seen;
  EXPECT_NE(seen.find("default via 172.30.0.1"), std::string::npos) << seen;
  EXPECT_NE(seen.find("default via fd00:30::1"), std::string::npos) << seen;
}

TEST_F(NetworkKernel, RulesAreReadBackAsTheyAreWritten) {
  ASSERT_TRUE(ensure_bridge(config_, *route_));
  Endpoint endpoint;
  endpoint.address = Address::parse("172.30.0.9").value();
  endpoint.address6 = Address::parse("fd00:30::9").value();
  auto ports = Ports::reserve(
      {{"", 18080, 18080, {80, Protocol::Tcp}}, {"127.0.0.1", 15353, 15353, {53, Protocol::Udp}}},
      endpoint, "web (aaa)");
  ASSERT_TRUE(ports) << ports.error().message();
  ASSERT_TRUE(ports->open("0123456789abcdef", endpoint));
  const std::string rules = output_of("nft list ruleset");
  for (const char* rule :
       {"table inet suit-br-test {", "iifname \"br-test\" ip daddr 127.0.0.0/8 drop",
        "iifname != \"br-test\" oifname \"br-test\" ct state ! established,related ct status ! "
        "dnat "
        "drop",
        "ip saddr 172.30.0.0/24 oifname != \"br-test\" masquerade",
        "ip6 saddr fd00:30::/64 oifname != \"br-test\" masquerade",
        "ip saddr 127.0.0.0/8 oifname \"br-test\" masquerade",
        "fib daddr type local meta nfproto ipv4 tcp dport 18080 dnat ip to 172.30.0.9:80",
        "fib daddr type local meta nfproto ipv6 tcp dport 18080 dnat ip6 to [fd00:30::9]:80",
        "fib daddr type local ip daddr 127.0.0.1 udp dport 15353 dnat ip to 172.30.0.9:53",
        "ip saddr 172.30.0.9 ip daddr 172.30.0.9 tcp dport 80 masquerade", "flags owner"})
    EXPECT_NE(rules.find(rule), std::string::npos) << rule << "\n" << rules;
  // Nobody else's to delete, and gone with its owner.
  EXPECT_NE(output_of("nft delete table inet suit-0123456789ab").find("not permitted"),
            std::string::npos);
  {
    Ports gone = *std::move(ports);
  }
  EXPECT_EQ(output_of("nft list ruleset").find("suit-0123456789ab"), std::string::npos);
}

TEST_F(NetworkKernel, TheTextOfARuleIsTheRule) {
  ASSERT_TRUE(ensure_bridge(config_, *route_));
  const std::string ours = output_of("nft list table inet suit-br-test");
  ASSERT_EQ(output_of("nft delete table inet suit-br-test"), "");
  for (const Step& step : plan_bridge(config_))
    if (const auto* table = std::get_if<Table>(&step.what)) {
      EXPECT_EQ(output_of("nft -f - <<'END'\n" + table->text() + "END\n"), "");
    }
  EXPECT_EQ(output_of("nft list table inet suit-br-test"), ours);
}

TEST_F(NetworkKernel, AnAddressIsGivenOnce) {
  config_.subnet = Prefix::parse("172.30.0.0/28").value();  // 13 for containers
  std::vector<Netns> spaces;
  std::set<std::string> addresses;
  for (int i = 0; i < 13; ++i) {
    auto inside = Netns::create();
    ASSERT_TRUE(inside) << inside.error().message();
    addresses.insert(attached(*inside, {.container_id = std::to_string(i)}).address.text());
    spaces.push_back(*std::move(inside));
  }
  EXPECT_EQ(addresses.size(), 13U);
  auto one_more = Netns::create();
  ASSERT_TRUE(one_more);
  const auto refused = attach(config_, {.container_id = "x"}, *route_, *one_more);
  ASSERT_FALSE(refused);
  EXPECT_EQ(
      refused.error().what(),
      "no available IPv4 addresses on this network's address pools: web (" + config_.id + ")");
}

TEST_F(NetworkKernel, AWantedAddressIsGivenOrRefused) {
  auto first = Netns::create();
  auto second = Netns::create();
  ASSERT_TRUE(first && second);
  AttachRequest request{.container_id = "a",
                        .address = Address::parse("172.30.0.77").value(),
                        .address6 = Address::parse("fd00:30::77").value(),
                        .mac = parse_mac("02:00:00:00:00:77").value()};
  EXPECT_EQ(attached(*first, request).address.text(), "172.30.0.77");
  const auto same = attach(config_, request, *route_, *second);
  ASSERT_FALSE(same);
  EXPECT_EQ(same.error().what(), "network web: Address already in use");
  request.address.reset();
  EXPECT_FALSE(attach(config_, request, *route_, *second)) << "the IPv6 address is taken";
  request.address6.reset();
  const auto free = attach(config_, request, *route_, *second);
  EXPECT_TRUE(free) << free.error().message();
  request.address = Address::parse("10.9.9.9").value();
  const auto outside = attach(config_, request, *route_, *second);
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().what(),
            "invalid address 10.9.9.9: it does not belong to any of this network's subnets");
}

TEST_F(NetworkKernel, ALeaseEndsWithTheNamespace) {
  auto inside = Netns::create();
  ASSERT_TRUE(inside);
  const Endpoint endpoint = attached(*inside, {.container_id = "abc"});
  const std::string lease = lease_name(endpoint.address);
  ASSERT_TRUE(find_link(*route_, lease));
  {
    Netns gone = *std::move(inside);
  }
  // The kernel takes namespaces apart on a thread of its own.
  for (int i = 0; i < 2000 && find_link(*route_, lease); ++i)
    ::usleep(1000);
  EXPECT_FALSE(find_link(*route_, lease));
}

TEST_F(NetworkKernel, APortIsReservedOnce) {
  Endpoint endpoint;
  endpoint.address = Address::parse("172.30.0.9").value();
  auto first = Ports::reserve({{"", 18080, 18080, {80, Protocol::Tcp}}}, endpoint, "a");
  ASSERT_TRUE(first) << first.error().message();
  const auto second =
      Ports::reserve({{"127.0.0.1", 18080, 18080, {80, Protocol::Tcp}}}, endpoint, "web (0123)");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().what(),
            "driver failed programming external connectivity on endpoint web (0123): Bind for "
            "127.0.0.1:18080 failed: port is already allocated");
  EXPECT_TRUE(Ports::reserve({{"", 18080, 18080, {80, Protocol::Udp}}}, endpoint, "b"));
  // A range gives the next one that is free.
  const auto range = Ports::reserve({{"", 18080, 18090, {80, Protocol::Tcp}}}, endpoint, "c");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->published()[0].host_port, 18081);
  const auto random = Ports::reserve({{"", 0, 0, {80, Protocol::Tcp}}}, endpoint, "d");
  ASSERT_TRUE(random);
  EXPECT_GT(random->published()[0].host_port, 1023);
}

TEST_F(NetworkKernel, EverythingGoesWithAProcessThatIsKilled) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto route = Socket::open(NETLINK_ROUTE);
    auto inside = Netns::create();
    auto endpoint = attach(config_, {.container_id = "abc"}, *route, *inside);
    auto ports = Ports::reserve({{"", 18080, 18080, {80, Protocol::Tcp}}}, *endpoint, "x");
    const bool opened = ports && ports->open("0123456789abcdef", *endpoint);
    (void)!::write(ready[1], opened ? "y" : "n", 1);
    ::pause();
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  EXPECT_NE(output_of("nft list tables").find("suit-0123456789ab"), std::string::npos);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  const auto left = [&] {
    return output_of("nft list tables").find("suit-0123456789ab") != std::string::npos ||
           output_of("ip -o link").find(": sac1e00") != std::string::npos;
  };
  for (int i = 0; i < 400 && left(); ++i)
    ::usleep(5000);
  EXPECT_FALSE(left());
  Endpoint endpoint;
  EXPECT_TRUE(Ports::reserve({{"", 18080, 18080, {80, Protocol::Tcp}}}, endpoint, "x"));
}

TEST_F(NetworkKernel, ANetworkComesAndGoes) {
  auto dir = os::TempDir::create("/tmp", "suit-networks-test-");
  ASSERT_TRUE(dir) << dir.error().message();
  const Networks networks(dir->path());
  auto made = networks.create({.name = "web", .subnet = "10.77.0.0/24", .ipv6 = true});
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_TRUE(find_link(*route_, made->bridge)->up);
  EXPECT_EQ(networks.create({.name = "web"}).error().what(),
            "network with name web already exists");
  EXPECT_EQ(networks.create({.name = "other", .subnet = "10.77.0.128/25"}).error().what(),
            "Pool overlaps with other one on this address space");
  EXPECT_EQ(networks.find(made->id.substr(0, 12)).value().name, "web");
  EXPECT_EQ(networks.find("wbe").error().code(), ENOENT);
  ASSERT_EQ(networks.list().value().size(), 4U);
  ASSERT_TRUE(networks.remove(*made));
  EXPECT_FALSE(find_link(*route_, made->bridge));
  EXPECT_EQ(output_of("nft list ruleset"), "");
  EXPECT_EQ(networks.list().value().size(), 3U);
}

}  // namespace
}  // namespace suit::network
