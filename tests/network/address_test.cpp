#include "network/address.h"

#include <gtest/gtest.h>

namespace suit::network {
namespace {

TEST(Address, IsReadAndWrittenInTheKernelsForm) {
  EXPECT_EQ(Address::parse("10.88.1.2").value().text(), "10.88.1.2");
  EXPECT_EQ(Address::parse("2001:DB8:0::1").value().text(), "2001:db8::1");
  for (const char* wrong : {"", "10.88.1", "10.88.1.256", "::1::", "localhost", "10.0.0.1 "})
    EXPECT_FALSE(Address::parse(wrong)) << wrong;
  EXPECT_FALSE(Address::parse(std::string_view("10.0.0.1\0x", 10)));
}

TEST(Address, CountsOnAcrossBytes) {
  EXPECT_EQ(Address::v4(0x0a5800ff).plus(1).text(), "10.88.1.0");
  EXPECT_EQ(Address::parse("fd00::ffff").value().plus(2).text(), "fd00::1:1");
  EXPECT_EQ(Address::parse("fd00::").value().plus(0x1'0000'0001).text(), "fd00::1:0:1");
}

TEST(Prefix, KnowsWhatIsInIt) {
  const Prefix subnet = Prefix::parse("10.88.0.0/20").value();
  EXPECT_TRUE(subnet.contains(Address::parse("10.88.15.255").value()));
  EXPECT_FALSE(subnet.contains(Address::parse("10.88.16.0").value()));
  EXPECT_FALSE(subnet.contains(Address::parse("::1").value()));
  EXPECT_EQ(subnet.count(), 4096U);
  EXPECT_EQ(subnet.offset_of(Address::parse("10.88.1.2").value()), 258U);
  EXPECT_EQ(subnet.mask().text(), "255.255.240.0");
  EXPECT_EQ(Prefix::parse("10.88.7.9/20").value().network(), subnet);
}

TEST(Prefix, OverlapsWhereOneHoldsTheOther) {
  const auto overlap = [](const char* a, const char* b) {
    return Prefix::parse(a).value().overlaps(Prefix::parse(b).value());
  };
  EXPECT_TRUE(overlap("10.0.0.0/8", "10.88.0.0/16"));
  EXPECT_TRUE(overlap("10.88.0.0/16", "10.0.0.0/8"));
  EXPECT_FALSE(overlap("10.88.0.0/16", "10.89.0.0/16"));
  EXPECT_FALSE(overlap("10.88.0.0/16", "fd00::/8"));
}

TEST(Prefix, RefusesWhatIsNone) {
  for (const char* wrong : {"10.88.0.0", "10.88.0.0/33", "10.88.0.0/", "/16", "10.88.0.0/1x",
                            "fd00::/129", "10.88.0.0/-1"})
    EXPECT_EQ(Prefix::parse(wrong).error().message(),
              std::string("invalid CIDR address: ") + wrong);
}

TEST(Mac, IsReadInBothFormsAndMadeOfAnAddress) {
  EXPECT_EQ(to_text(parse_mac("92:D0:c6:0a:29:33").value()), "92:d0:c6:0a:29:33");
  EXPECT_EQ(to_text(parse_mac("92-d0-c6-0a-29-33").value()), "92:d0:c6:0a:29:33");
  EXPECT_EQ(parse_mac("invalidMacAddress").error().message(),
            "invalidMacAddress is not a valid mac address");
  for (const char* wrong :
       {"", "92:d0:c6:0a:29", "92:d0-c6:0a:29:33", "92:d0:c6:0a:29:3g", "92:d0:c6:0a:29:333"})
    EXPECT_FALSE(parse_mac(wrong)) << wrong;
  EXPECT_EQ(to_text(mac_of(Address::parse("10.88.1.2").value())), "02:42:0a:58:01:02");
}

}  // namespace
}  // namespace suit::network
