#include "network/plan.h"

#include <set>

#include <gtest/gtest.h>

#include "network/attach.h"

namespace suit::network {
namespace {

NetworkConfig both_families() {
  NetworkConfig config;
  config.name = "web";
  config.id = std::string(64, 'a');
  config.bridge = "br-aaaaaaaaaaaa";
  config.subnet = Prefix::parse("172.18.0.0/16").value();
  config.gateway = Address::parse("172.18.0.1").value();
  config.subnet6 = Prefix::parse("fd00:1::/64").value();
  config.gateway6 = Address::parse("fd00:1::1").value();
  return config;
}

Endpoint endpoint() {
  Endpoint out;
  out.address = Address::parse("172.18.1.2").value();
  out.address6 = Address::parse("fd00:1::102").value();
  out.mac = mac_of(out.address);
  return out;
}

TEST(NetworkPlan, OfABridgeIsWhatOneWouldType) {
  EXPECT_EQ(to_text(plan_bridge(both_families())),
            R"(ip link add br-aaaaaaaaaaaa address 02:42:ac:12:00:01 type bridge
ip addr add 172.18.0.1/16 dev br-aaaaaaaaaaaa
ip addr add fd00:1::1/64 dev br-aaaaaaaaaaaa nodad
sysctl -w net.ipv6.conf.br-aaaaaaaaaaaa.accept_dad=0
sysctl -w net.ipv4.conf.br-aaaaaaaaaaaa.route_localnet=1
sysctl -w net.ipv4.ip_forward=1
sysctl -w net.ipv6.conf.all.forwarding=1
nft -f - <<'END'
table inet suit-br-aaaaaaaaaaaa {
	chain raw {
		type filter hook prerouting priority -300;
		iifname "br-aaaaaaaaaaaa" ip daddr 127.0.0.0/8 drop
	}
	chain forward {
		type filter hook forward priority 0;
		iifname != "br-aaaaaaaaaaaa" oifname "br-aaaaaaaaaaaa" ct state ! established,related ct status ! dnat drop
	}
	chain postrouting {
		type nat hook postrouting priority 100;
		ip saddr 172.18.0.0/16 oifname != "br-aaaaaaaaaaaa" masquerade
		ip6 saddr fd00:1::/64 oifname != "br-aaaaaaaaaaaa" masquerade
		ip saddr 127.0.0.0/8 oifname "br-aaaaaaaaaaaa" masquerade
	}
}
END
ip link set br-aaaaaaaaaaaa up
)");
}

TEST(NetworkPlan, OfAnInternalNetworkLetsNothingOut) {
  NetworkConfig config = both_families();
  config.is_internal = true;
  const std::string text = to_text(plan_bridge(config));
  EXPECT_EQ(text.find("masquerade"), std::string::npos);
  EXPECT_EQ(text.find("forward=1"), std::string::npos);
  EXPECT_NE(text.find("iifname \"br-aaaaaaaaaaaa\" oifname != \"br-aaaaaaaaaaaa\" drop"),
            std::string::npos);
  EXPECT_EQ(to_text(plan_endpoint(config, endpoint(), 7, 5)).find("route"), std::string::npos);
}

TEST(NetworkPlan, OfAContainerBeginsWithTheLease) {
  EXPECT_EQ(
      to_text(plan_endpoint(both_families(), endpoint(), 7, 5), 4711),
      R"(ip link add sac120102 up master br-aaaaaaaaaaaa type veth peer name eth0 address 02:42:ac:12:01:02 netns 4711
ip link property add dev sac120102 altname s6fd000001000000000000000000000102
ip link set sac120102 type bridge_slave hairpin on
nsenter -t 4711 -n ip addr add 172.18.1.2/16 dev eth0
nsenter -t 4711 -n ip addr add fd00:1::102/64 dev eth0 nodad
nsenter -t 4711 -n sysctl -w net.ipv6.conf.eth0.accept_dad=0
nsenter -t 4711 -n ip link set eth0 up
nsenter -t 4711 -n ip route add default via 172.18.0.1
nsenter -t 4711 -n ip route add default via fd00:1::1
)");
}

TEST(NetworkPlan, OfPortsIsATableThatGoesWithItsOwner) {
  const std::vector<PublishedPort> ports = {{"0.0.0.0", 8080, {80, Protocol::Tcp}},
                                            {"::", 8080, {80, Protocol::Tcp}},
                                            {"192.0.2.1", 5353, {53, Protocol::Udp}},
                                            {"", 0, {443, Protocol::Tcp}}};
  EXPECT_EQ(to_text(plan_ports("0123456789abcdef", endpoint(), ports)), R"(nft -f - <<'END'
table inet suit-0123456789ab {
	flags owner
	chain prerouting {
		type nat hook prerouting priority -100;
		fib daddr type local meta nfproto ipv4 tcp dport 8080 dnat ip to 172.18.1.2:80
		fib daddr type local meta nfproto ipv6 tcp dport 8080 dnat ip6 to [fd00:1::102]:80
		fib daddr type local ip daddr 192.0.2.1 udp dport 5353 dnat ip to 172.18.1.2:53
	}
	chain output {
		type nat hook output priority -100;
		fib daddr type local meta nfproto ipv4 tcp dport 8080 dnat ip to 172.18.1.2:80
		fib daddr type local meta nfproto ipv6 tcp dport 8080 dnat ip6 to [fd00:1::102]:80
		fib daddr type local ip daddr 192.0.2.1 udp dport 5353 dnat ip to 172.18.1.2:53
	}
	chain postrouting {
		type nat hook postrouting priority 100;
		ip saddr 172.18.1.2 ip daddr 172.18.1.2 tcp dport 80 masquerade
		ip6 saddr fd00:1::102 ip6 daddr fd00:1::102 tcp dport 80 masquerade
		ip saddr 172.18.1.2 ip daddr 172.18.1.2 udp dport 53 masquerade
	}
}
END
)");
  EXPECT_TRUE(plan_ports("0123456789abcdef", endpoint(), {ports[3]}).empty());
}

TEST(Lease, FitsIntoAnInterfacesName) {
  EXPECT_EQ(lease_name(Address::parse("255.255.255.255").value()), "sffffffff");
  EXPECT_LE(lease_name(Address::parse("10.88.1.2").value()).size(), 15U);
  EXPECT_EQ(lease_name6(Address::parse("::1").value()), "s6" + std::string(31, '0') + "1");
}

TEST(Candidates, AreEveryAddressOfTheNetworkButTheReserved) {
  NetworkConfig config = both_families();
  config.subnet = Prefix::parse("10.0.0.0/29").value();
  config.gateway = Address::parse("10.0.0.1").value();
  std::set<std::string> seen;
  for (std::uint64_t nth = 0; nth < 8; ++nth)
    if (auto one = candidate(config, "abc", nth)) seen.insert(one->text());
  EXPECT_EQ(seen,
            (std::set<std::string>{"10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"}));
  EXPECT_FALSE(candidate(config, "abc", 8));
}

TEST(Candidates, StayInTheRange) {
  NetworkConfig config = both_families();
  config.ip_range = Prefix::parse("172.18.5.0/24").value();
  for (std::uint64_t nth = 0; nth < 256; ++nth)
    EXPECT_TRUE(config.ip_range->contains(candidate(config, "abc", nth).value())) << nth;
}

TEST(Candidates, BeginElsewhereForEachContainerAndTheSameForOne) {
  const NetworkConfig config = both_families();
  EXPECT_EQ(candidate(config, "abc", 0), candidate(config, "abc", 0));
  EXPECT_NE(candidate(config, "abc", 0), candidate(config, "abd", 0));
}

}  // namespace
}  // namespace suit::network
