#include "network/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <map>

#include <gtest/gtest.h>

#include "network/link.h"

namespace suit::network {
namespace {

// The attributes of a message as libmnl sees them, top level.
std::map<int, std::string> by_libmnl(const std::string& sealed, std::size_t header) {
  std::map<int, std::string> found;
  const auto* head = reinterpret_cast<const nlmsghdr*>(sealed.data());
  EXPECT_TRUE(mnl_nlmsg_ok(head, static_cast<int>(sealed.size())));
  EXPECT_EQ(mnl_attr_parse(
                head, static_cast<unsigned>(header),
                [](const nlattr* attribute, void* data) {
                  (*static_cast<std::map<int, std::string>*>(data))[mnl_attr_get_type(attribute)] =
                      std::string(static_cast<const char*>(mnl_attr_get_payload(attribute)),
                                  mnl_attr_get_payload_len(attribute));
                  return MNL_CB_OK;
                },
                &found),
            MNL_CB_OK);
  return found;
}

TEST(Message, IsWhatLibmnlReads) {
  const std::string bytes =
      add_veth({"s0a580102", 7, "eth0", {2, 0x42, 10, 88, 1, 2}, 5}).sealed(9, NLM_F_ACK);
  const auto* head = reinterpret_cast<const nlmsghdr*>(bytes.data());
  EXPECT_EQ(head->nlmsg_type, RTM_NEWLINK);
  EXPECT_EQ(head->nlmsg_seq, 9U);
  EXPECT_EQ(head->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
  const auto attributes = by_libmnl(bytes, sizeof(ifinfomsg));
  EXPECT_EQ(attributes.at(IFLA_IFNAME), std::string("s0a580102\0", 10));
  EXPECT_EQ(attributes.at(IFLA_MASTER), std::string("\7\0\0\0", 4));
  std::string_view nested = attributes.at(IFLA_LINKINFO);
  EXPECT_EQ(find_attribute(nested, IFLA_INFO_KIND), "veth");
  const auto data = find_attribute(nested, IFLA_INFO_DATA);
  ASSERT_TRUE(data);
  const auto peer = find_attribute(*data, VETH_INFO_PEER);
  ASSERT_TRUE(peer);
  EXPECT_EQ(find_attribute(peer->substr(sizeof(ifinfomsg)), IFLA_NET_NS_FD),
            std::string_view("\5\0\0\0", 4));
}

TEST(Message, IsTheSameAsLibmnlBuilds) {
  std::array<char, 256> buffer{};
  nlmsghdr* head = mnl_nlmsg_put_header(buffer.data());
  head->nlmsg_type = RTM_NEWLINK;
  head->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL;
  head->nlmsg_seq = 1;
  mnl_nlmsg_put_extra_header(head, sizeof(ifinfomsg));
  mnl_attr_put_strz(head, IFLA_IFNAME, "suit0");
  const Mac mac = {2, 0x42, 10, 88, 0, 1};
  mnl_attr_put(head, IFLA_ADDRESS, mac.size(), mac.data());
  nlattr* info = mnl_attr_nest_start(head, IFLA_LINKINFO);
  mnl_attr_put(head, IFLA_INFO_KIND, 6, "bridge");
  mnl_attr_nest_end(head, info);
  EXPECT_EQ(add_bridge("suit0", mac).sealed(1, 0), std::string(buffer.data(), head->nlmsg_len));
}

TEST(Message, GetsAnIndexLater) {
  const Prefix prefix = Prefix::parse("10.88.0.1/16").value();
  EXPECT_EQ(with_index(add_address(0, prefix), 77).bytes(), add_address(77, prefix).bytes());
  EXPECT_EQ(with_index(set_up(0), 77).bytes(), set_up(77).bytes());
}

TEST(Replies, EndWhereALengthIsWrong) {
  const std::string good = set_up(3).sealed(1, 0);
  std::string_view rest = good;
  ASSERT_TRUE(next_reply(rest));
  EXPECT_TRUE(rest.empty());
  for (std::uint32_t length : {0U, 15U, 1U + 2 * static_cast<std::uint32_t>(good.size()), ~0U}) {
    std::string bad = good + good;
    __builtin_memcpy(bad.data(), &length, sizeof length);
    rest = bad;
    EXPECT_FALSE(next_reply(rest)) << length;
    EXPECT_TRUE(rest.empty()) << length;
  }
}

TEST(Replies, AreReadAsFarAsTheyGo) {
  ifinfomsg header{};
  header.ifi_index = 4;
  header.ifi_flags = IFF_UP;
  Message message(RTM_NEWLINK, 0, bytes_of_struct(header));
  message.put_text(IFLA_IFNAME, "eth7").put_u32(IFLA_MASTER, 9);
  const std::string bytes(message.payload());
  const auto link = parse_link({RTM_NEWLINK, 0, 0, bytes});
  ASSERT_TRUE(link);
  EXPECT_EQ(link->index, 4);
  EXPECT_EQ(link->name, "eth7");
  EXPECT_TRUE(link->up);
  EXPECT_EQ(link->master, 9);
  EXPECT_FALSE(parse_link({RTM_NEWADDR, 0, 0, bytes}));
  EXPECT_FALSE(parse_link({RTM_NEWLINK, 0, 0, std::string_view(bytes).substr(0, 15)}));
  // Cut off inside the name: no name rather than half of one.
  EXPECT_EQ(parse_link({RTM_NEWLINK, 0, 0, std::string_view(bytes).substr(0, 22)})->name, "");
}

}  // namespace
}  // namespace suit::network
