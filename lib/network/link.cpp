#include "network/link.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <cerrno>
#include <cstddef>

namespace suit::network {
namespace {

constexpr std::uint16_t kMakeNew = NLM_F_CREATE | NLM_F_EXCL;

std::uint8_t family_of(const Address& address) { return address.is_v4() ? AF_INET : AF_INET6; }

std::string_view bytes_of_mac(const Mac& mac) {
  return {reinterpret_cast<const char*>(mac.data()), mac.size()};
}

std::string text_of(std::string_view value) {
  return std::string(value.substr(0, value.find('\0')));
}

std::optional<Address> address_of(std::string_view value) {
  if (value.size() != 4 && value.size() != 16) return std::nullopt;
  Address out;
  out.size = static_cast<std::uint8_t>(value.size());
  for (std::size_t i = 0; i < value.size(); ++i)
    out.bytes[i] = static_cast<std::uint8_t>(value[i]);
  return out;
}

template <typename T>
Result<std::vector<T>> list(Socket& route, const Message& question,
                            std::optional<T> (*parse)(const Reply&)) {
  std::vector<T> found;
  auto asked = route.ask(question, [&](const Reply& reply) {
    if (auto one = parse(reply)) found.push_back(*std::move(one));
  });
  if (!asked) return wrap(std::move(asked).error(), "list");
  return found;
}

}  // namespace

Message add_bridge(const std::string& name, const Mac& mac) {
  ifinfomsg header{};
  Message message(RTM_NEWLINK, kMakeNew, bytes_of_struct(header));
  message.put_text(IFLA_IFNAME, name).put(IFLA_ADDRESS, bytes_of_mac(mac));
  message.nest(IFLA_LINKINFO, [](Message& m) { m.put(IFLA_INFO_KIND, "bridge"); });
  return message;
}

Message delete_link(const std::string& name) {
  ifinfomsg header{};
  Message message(RTM_DELLINK, 0, bytes_of_struct(header));
  message.put_text(IFLA_IFNAME, name);
  return message;
}

// The host's end may be up from the beginning; the other may not: it is not in its namespace yet
// (ENOTCONN).
Message add_veth(const VethSpec& spec) {
  ifinfomsg header{};
  header.ifi_flags = header.ifi_change = IFF_UP;
  const ifinfomsg peer{};
  Message message(RTM_NEWLINK, kMakeNew, bytes_of_struct(header));
  message.put_text(IFLA_IFNAME, spec.host_name);
  message.put_u32(IFLA_MASTER, static_cast<std::uint32_t>(spec.bridge_index));
  message.nest(IFLA_LINKINFO, [&](Message& info) {
    info.put(IFLA_INFO_KIND, "veth");
    info.nest(IFLA_INFO_DATA, [&](Message& data) {
      data.nest(VETH_INFO_PEER, [&](Message& p) {
        p.append(bytes_of_struct(peer)).put_text(IFLA_IFNAME, spec.name);
        p.put(IFLA_ADDRESS, bytes_of_mac(spec.mac));
        p.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(spec.netns_fd));
      });
    });
  });
  return message;
}

// Named by the kind of its master: then the port is found by name, and its index need not be known.
Message set_hairpin(const std::string& port) {
  ifinfomsg header{};
  Message message(RTM_NEWLINK, 0, bytes_of_struct(header));
  message.put_text(IFLA_IFNAME, port);
  message.nest(IFLA_LINKINFO, [](Message& info) {
    info.put(IFLA_INFO_SLAVE_KIND, "bridge");
    info.nest(IFLA_INFO_SLAVE_DATA, [](Message& m) { m.put_u8(IFLA_BRPORT_MODE, 1); });
  });
  return message;
}

Message add_alternative_name(const std::string& link, const std::string& name) {
  ifinfomsg header{};
  Message message(RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND,
                  bytes_of_struct(header));
  message.put_text(IFLA_IFNAME, link);
  message.nest(IFLA_PROP_LIST, [&](Message& m) { m.put_text(IFLA_ALT_IFNAME, name); });
  return message;
}

Message set_up(int index) {
  ifinfomsg header{};
  header.ifi_index = index;
  header.ifi_flags = header.ifi_change = IFF_UP;
  return {RTM_NEWLINK, 0, bytes_of_struct(header)};
}

Message add_address(int index, const Prefix& address) {
  ifaddrmsg header{};
  header.ifa_family = family_of(address.address);
  header.ifa_prefixlen = static_cast<std::uint8_t>(address.length);
  header.ifa_index = static_cast<std::uint32_t>(index);
  Message message(RTM_NEWADDR, kMakeNew, bytes_of_struct(header));
  message.put(IFA_LOCAL, address.address.raw()).put(IFA_ADDRESS, address.address.raw());
  // The lease has made sure that nobody else has it: no second of waiting for duplicates.
  if (!address.address.is_v4()) message.put_u32(IFA_FLAGS, IFA_F_NODAD);
  return message;
}

Message add_default_route(const Address& gateway) {
  rtmsg header{};
  header.rtm_family = family_of(gateway);
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  Message message(RTM_NEWROUTE, kMakeNew, bytes_of_struct(header));
  message.put(RTA_GATEWAY, gateway.raw());
  return message;
}

// Both ifinfomsg and ifaddrmsg have it 4 bytes from their start.
Message with_index(const Message& message, int index) {
  static_assert(offsetof(ifinfomsg, ifi_index) == 4 && offsetof(ifaddrmsg, ifa_index) == 4);
  Message out = message;
  out.overwrite(sizeof(nlmsghdr) + 4, bytes_of_struct(index));
  return out;
}

std::optional<Link> parse_link(const Reply& reply) {
  auto header = read_struct<ifinfomsg>(reply.payload);
  if (reply.type != RTM_NEWLINK || !header) return std::nullopt;
  Link link;
  link.index = header->ifi_index;
  link.up = (header->ifi_flags & IFF_UP) != 0;
  const std::string_view attributes = reply.payload.substr(sizeof *header);
  if (auto name = find_attribute(attributes, IFLA_IFNAME)) link.name = text_of(*name);
  if (auto master = find_attribute(attributes, IFLA_MASTER))
    link.master = read_struct<int>(*master).value_or(0);
  return link;
}

std::optional<Prefix> parse_route(const Reply& reply) {
  auto header = read_struct<rtmsg>(reply.payload);
  if (reply.type != RTM_NEWROUTE || !header || header->rtm_table != RT_TABLE_MAIN ||
      header->rtm_dst_len == 0)
    return std::nullopt;
  auto value = find_attribute(reply.payload.substr(sizeof *header), RTA_DST);
  auto address = value ? address_of(*value) : std::nullopt;
  if (!address || header->rtm_dst_len > address->size * 8U) return std::nullopt;
  return Prefix{*address, header->rtm_dst_len};
}

std::optional<LinkAddress> parse_address(const Reply& reply) {
  auto header = read_struct<ifaddrmsg>(reply.payload);
  if (reply.type != RTM_NEWADDR || !header) return std::nullopt;
  const std::string_view attributes = reply.payload.substr(sizeof *header);
  auto value = find_attribute(attributes, IFA_LOCAL);
  if (!value) value = find_attribute(attributes, IFA_ADDRESS);
  auto address = value ? address_of(*value) : std::nullopt;
  if (!address || header->ifa_prefixlen > address->size * 8U) return std::nullopt;
  return LinkAddress{static_cast<int>(header->ifa_index), {*address, header->ifa_prefixlen}};
}

Result<std::vector<Link>> list_links(Socket& route) {
  ifinfomsg header{};
  return list(route, {RTM_GETLINK, NLM_F_DUMP, bytes_of_struct(header)}, parse_link);
}

Result<Link> find_link(Socket& route, const std::string& name) {
  ifinfomsg header{};
  Message question(RTM_GETLINK, 0, bytes_of_struct(header));
  question.put_text(IFLA_IFNAME, name);
  std::optional<Link> found;
  auto asked = route.ask(question, [&](const Reply& reply) { found = parse_link(reply); });
  if (!asked) return wrap(std::move(asked).error(), "interface " + name);
  if (!found) return fail(ENODEV, "interface " + name);
  return *std::move(found);
}

Result<std::vector<Prefix>> list_routes(Socket& route) {
  rtmsg header{};
  return list(route, {RTM_GETROUTE, NLM_F_DUMP, bytes_of_struct(header)}, parse_route);
}

Result<std::vector<LinkAddress>> list_addresses(Socket& route) {
  ifaddrmsg header{};
  return list(route, {RTM_GETADDR, NLM_F_DUMP, bytes_of_struct(header)}, parse_address);
}

}  // namespace suit::network
