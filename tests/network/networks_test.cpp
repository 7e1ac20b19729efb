#include "network/networks.h"

#include <gtest/gtest.h>

namespace suit::network {
namespace {

const std::string kId(64, 'b');

UsedSubnets used(std::vector<const char*> routes) {
  UsedSubnets out;
  for (const char* one : routes)
    out.routes.push_back(Prefix::parse(one).value());
  return out;
}

TEST(Subnets, AreChosenWhereNoRouteLeads) {
  EXPECT_EQ(choose_subnet({}, true)->text(), "10.88.0.0/16");
  EXPECT_EQ(choose_subnet(used({"10.0.0.0/8"}), true)->text(), "172.18.0.0/16");
  EXPECT_EQ(choose_subnet(used({"172.16.0.0/12"}), false)->text(), "192.168.0.0/20");
  EXPECT_EQ(choose_subnet(used({"172.18.3.0/24", "172.19.0.0/16"}), false)->text(),
            "172.20.0.0/16");
  EXPECT_FALSE(choose_subnet(used({"0.0.0.0/1", "128.0.0.0/1"}), false));
}

TEST(NewNetworks, AreCompletedFromWhatIsFree) {
  const auto config = plan_network({.name = "web"}, kId, used({"172.18.0.0/16"}));
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->subnet.text(), "172.19.0.0/16");
  EXPECT_EQ(config->gateway.text(), "172.19.0.1");
  EXPECT_EQ(config->bridge, "br-bbbbbbbbbbbb");
  EXPECT_FALSE(config->subnet6);
}

TEST(NewNetworks, GetAnIPv6SubnetOfTheirOwn) {
  const auto config = plan_network({.name = "web", .ipv6 = true}, kId, {});
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->subnet6->text(), "fdbb:bbbb:bbbb::/64");
  EXPECT_EQ(config->gateway6->text(), "fdbb:bbbb:bbbb::1");
}

TEST(NewNetworks, RefuseWhatCannotBe) {
  const UsedSubnets taken = used({"10.1.0.0/16"});
  const auto refusal = [&](const NetworkOptions& options) {
    const auto config = plan_network(options, kId, taken);
    return config ? "accepted" : config.error().message();
  };
  EXPECT_EQ(refusal({.name = "a", .subnet = "10.1.2.0/24"}),
            "Pool overlaps with other one on this address space");
  EXPECT_EQ(refusal({.name = "a", .subnet = "10.2.0.0"}), "invalid CIDR address: 10.2.0.0");
  EXPECT_EQ(refusal({.name = "a", .subnet = "10.2.0.1/24"}),
            "invalid subnet 10.2.0.1/24: it should be 10.2.0.0/24");
  EXPECT_EQ(refusal({.name = "a", .subnet = "10.2.0.0/24", .gateway = "10.3.0.1"}),
            "no matching subnet for gateway 10.3.0.1");
  EXPECT_EQ(refusal({.name = "a", .subnet = "10.2.0.0/24", .ip_range = "10.3.0.0/25"}),
            "no matching subnet for range 10.3.0.0/25");
  EXPECT_EQ(refusal({.name = "a", .driver = "overlay"}), "network driver overlay is not supported");
  EXPECT_EQ(refusal({.name = "a", .options = {{"x", "y"}}}), "network option x is not supported");
  EXPECT_EQ(refusal({.name = "../a"}).substr(0, 29), "invalid network name: \"../a\":");
}

TEST(Networks, AreReadAsTheyWereWritten) {
  NetworkConfig config = plan_network({.name = "web",
                                       .subnet = "10.2.0.0/24",
                                       .ip_range = "10.2.0.128/25",
                                       .subnet6 = "fd00:9::/64",
                                       .is_internal = true,
                                       .labels = {{"a", "b"}}},
                                      kId, {})
                             .value();
  const auto again = parse_network(to_json(config));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(to_json(*again), to_json(config));
  EXPECT_EQ(again->ip_range, config.ip_range);
  EXPECT_FALSE(parse_network("{}"));
  EXPECT_FALSE(parse_network("[1"));
}

}  // namespace
}  // namespace suit::network
