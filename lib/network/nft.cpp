#include "network/nft.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <fmt/format.h>

namespace suit::network {
namespace {

// Bits of `ct state` as the kernel numbers them: NF_CT_STATE_BIT of its ip_conntrack_info.
constexpr std::uint32_t kEstablished = 2, kRelated = 4;

std::uint16_t type_of(int message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message);
}

Message about(int message, std::uint16_t flags) {
  nfgenmsg header{};
  header.nfgen_family = NFPROTO_INET;
  return {type_of(message), flags, bytes_of_struct(header)};
}

std::uint32_t hook_number(std::string_view hook) {
  if (hook == "prerouting") return NF_INET_PRE_ROUTING;
  if (hook == "forward") return NF_INET_FORWARD;
  if (hook == "output") return NF_INET_LOCAL_OUT;
  return NF_INET_POST_ROUTING;
}

std::string padded_name(const std::string& name) {
  std::string bytes = name.substr(0, IFNAMSIZ - 1);
  bytes.resize(IFNAMSIZ, '\0');
  return bytes;
}

Message chain_message(const std::string& table, const Chain& chain) {
  Message message = about(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
  message.put_text(NFTA_CHAIN_TABLE, table).put_text(NFTA_CHAIN_NAME, chain.name);
  message.nest(NFTA_CHAIN_HOOK, [&](Message& m) {
    m.put_be32(NFTA_HOOK_HOOKNUM, hook_number(chain.hook));
    m.put_be32(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(chain.priority));
  });
  message.put_text(NFTA_CHAIN_TYPE, chain.type);
  return message;
}

Message rule_message(const std::string& table, const Rule& rule) {
  Message message = about(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
  message.put_text(NFTA_RULE_TABLE, table).put_text(NFTA_RULE_CHAIN, rule.chain());
  message.nest(NFTA_RULE_EXPRESSIONS, [&](Message& list) {
    for (const Message& one : rule.expressions())
      list.append(one.payload());
  });
  return message;
}

}  // namespace

std::string_view name_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::Tcp:
      return "tcp";
    case Protocol::Udp:
      return "udp";
    case Protocol::Sctp:
      return "sctp";
  }
  return "tcp";
}

std::string Chain::text() const {
  return fmt::format("type {} hook {} priority {};", type, hook, priority);
}

Rule& Rule::say(std::string_view words) {
  if (!text_.empty()) text_ += ' ';
  text_ += words;
  return *this;
}

// An expression is an element of the rule's list: { NFTA_EXPR_NAME, NFTA_EXPR_DATA { … } }.
Message& Rule::expression(std::string_view name, const std::function<void(Message&)>& fill) {
  Message message(0, 0, "");
  message.nest(NFTA_LIST_ELEM, [&](Message& element) {
    element.put_text(NFTA_EXPR_NAME, name);
    element.nest(NFTA_EXPR_DATA, fill);
  });
  return expressions_.emplace_back(std::move(message));
}

Rule& Rule::meta(std::uint32_t key) {
  expression("meta", [&](Message& m) {
    m.put_be32(NFTA_META_KEY, key).put_be32(NFTA_META_DREG, NFT_REG_1);
  });
  return *this;
}

Rule& Rule::compare(std::string_view bytes, Not negated) {
  expression("cmp", [&](Message& m) {
    m.put_be32(NFTA_CMP_SREG, NFT_REG_1);
    m.put_be32(NFTA_CMP_OP, negated == Not::Yes ? NFT_CMP_NEQ : NFT_CMP_EQ);
    m.nest(NFTA_CMP_DATA, [&](Message& data) { data.put(NFTA_DATA_VALUE, bytes); });
  });
  return *this;
}

Rule& Rule::mask(std::string_view mask) {
  expression("bitwise", [&](Message& m) {
    m.put_be32(NFTA_BITWISE_SREG, NFT_REG_1).put_be32(NFTA_BITWISE_DREG, NFT_REG_1);
    m.put_be32(NFTA_BITWISE_LEN, static_cast<std::uint32_t>(mask.size()));
    m.nest(NFTA_BITWISE_MASK, [&](Message& data) { data.put(NFTA_DATA_VALUE, mask); });
    m.nest(NFTA_BITWISE_XOR,
           [&](Message& data) { data.put(NFTA_DATA_VALUE, std::string(mask.size(), '\0')); });
  });
  return *this;
}

Rule& Rule::payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length) {
  expression("payload", [&](Message& m) {
    m.put_be32(NFTA_PAYLOAD_DREG, NFT_REG_1).put_be32(NFTA_PAYLOAD_BASE, base);
    m.put_be32(NFTA_PAYLOAD_OFFSET, offset).put_be32(NFTA_PAYLOAD_LEN, length);
  });
  return *this;
}

Rule& Rule::load(std::uint32_t reg, std::string_view bytes) {
  expression("immediate", [&](Message& m) {
    m.put_be32(NFTA_IMMEDIATE_DREG, reg);
    m.nest(NFTA_IMMEDIATE_DATA, [&](Message& data) { data.put(NFTA_DATA_VALUE, bytes); });
  });
  return *this;
}

Rule& Rule::interface(std::uint32_t key, std::string_view which, const std::string& name,
                      Not negated) {
  say(fmt::format("{} {}\"{}\"", which, negated == Not::Yes ? "!= " : "", name));
  return meta(key).compare(padded_name(name), negated);
}

Rule& Rule::in_interface(const std::string& name, Not negated) {
  return interface(NFT_META_IIFNAME, "iifname", name, negated);
}

Rule& Rule::out_interface(const std::string& name, Not negated) {
  return interface(NFT_META_OIFNAME, "oifname", name, negated);
}

// A table of family inet sees both IPv4 and IPv6: which it is must be known before an address is
// read, and before one is written.
Rule& Rule::know_family(const Address& like) {
  const std::uint8_t family = like.is_v4() ? NFPROTO_IPV4 : NFPROTO_IPV6;
  if (family_known_ == family) return *this;
  family_known_ = family;
  return meta(NFT_META_NFPROTO).compare(bytes_of_struct(family));
}

Rule& Rule::family(const Address& like) {
  say(like.is_v4() ? "meta nfproto ipv4" : "meta nfproto ipv6");
  return know_family(like);
}

Rule& Rule::address(const Prefix& prefix, std::string_view which, std::uint32_t v4_offset,
                    std::uint32_t v6_offset) {
  const bool v4 = prefix.address.is_v4();
  const bool whole = prefix.length == prefix.bits();
  say(fmt::format("{} {} {}", v4 ? "ip" : "ip6", which,
                  whole ? prefix.address.text() : prefix.network().text()));
  know_family(prefix.address);
  payload(NFT_PAYLOAD_NETWORK_HEADER, v4 ? v4_offset : v6_offset, prefix.address.size);
  if (!whole) mask(prefix.mask().raw());
  return compare(prefix.network().address.raw());
}

// Offsets of saddr and daddr in the two headers: RFC 791, RFC 8200.
Rule& Rule::source(const Prefix& prefix) { return address(prefix, "saddr", 12, 8); }
Rule& Rule::destination(const Prefix& prefix) { return address(prefix, "daddr", 16, 24); }

Rule& Rule::to_local_address() {
  say("fib daddr type local");
  expression("fib", [](Message& m) {
    m.put_be32(NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
    m.put_be32(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE).put_be32(NFTA_FIB_DREG, NFT_REG_1);
  });
  const std::uint32_t local = RTN_LOCAL;
  return compare(bytes_of_struct(local));
}

Rule& Rule::destination_port(Protocol protocol, std::uint16_t port) {
  say(fmt::format("{} dport {}", name_of(protocol), port));
  const auto number = static_cast<std::uint8_t>(protocol);
  meta(NFT_META_L4PROTO).compare(bytes_of_struct(number));
  const std::uint16_t wire = htons(port);
  return payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2).compare(bytes_of_struct(wire));
}

Rule& Rule::has_no_bit_of(std::uint32_t ct_key, std::uint32_t bits) {
  expression(
      "ct", [&](Message& m) { m.put_be32(NFTA_CT_KEY, ct_key).put_be32(NFTA_CT_DREG, NFT_REG_1); });
  const std::uint32_t none = 0;
  return mask(bytes_of_struct(bits)).compare(bytes_of_struct(none));
}

Rule& Rule::not_a_reply() {
  return say("ct state ! established,related").has_no_bit_of(NFT_CT_STATE, kEstablished | kRelated);
}

Rule& Rule::not_translated() {
  return say("ct status ! dnat").has_no_bit_of(NFT_CT_STATUS, IPS_DST_NAT);
}

Rule& Rule::drop() {
  say("drop");
  expression("immediate", [](Message& m) {
    m.put_be32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    m.nest(NFTA_IMMEDIATE_DATA, [](Message& data) {
      data.nest(NFTA_DATA_VERDICT, [](Message& v) { v.put_be32(NFTA_VERDICT_CODE, NF_DROP); });
    });
  });
  return *this;
}

Rule& Rule::masquerade() {
  say("masquerade");
  expression("masq", [](Message&) {});
  return *this;
}

Rule& Rule::translate_to(const Address& address, std::uint16_t port) {
  say(address.is_v4() ? fmt::format("dnat ip to {}:{}", address.text(), port)
                      : fmt::format("dnat ip6 to [{}]:{}", address.text(), port));
  know_family(address);
  const std::uint16_t wire = htons(port);
  load(NFT_REG_1, address.raw()).load(NFT_REG_2, bytes_of_struct(wire));
  const std::uint32_t family = address.is_v4() ? NFPROTO_IPV4 : NFPROTO_IPV6;
  expression("nat", [&](Message& m) {
    m.put_be32(NFTA_NAT_TYPE, NFT_NAT_DNAT).put_be32(NFTA_NAT_FAMILY, family);
    m.put_be32(NFTA_NAT_REG_ADDR_MIN, NFT_REG_1).put_be32(NFTA_NAT_REG_PROTO_MIN, NFT_REG_2);
    m.put_be32(NFTA_NAT_FLAGS, NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED);
  });
  return *this;
}

std::vector<Message> Table::messages() const {
  Message table = about(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
  table.put_text(NFTA_TABLE_NAME, name);
  if (owned == Owned::Yes) table.put_be32(NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
  std::vector<Message> out = {std::move(table)};
  for (const Chain& chain : chains)
    out.push_back(chain_message(name, chain));
  for (const Rule& rule : rules)
    out.push_back(rule_message(name, rule));
  return out;
}

std::string Table::text() const {
  std::string out = fmt::format("table inet {} {{\n", name);
  if (owned == Owned::Yes) out += "\tflags owner\n";
  for (const Chain& chain : chains) {
    out += fmt::format("\tchain {} {{\n\t\t{}\n", chain.name, chain.text());
    for (const Rule& rule : rules)
      if (rule.chain() == chain.name) out += "\t\t" + rule.text() + "\n";
    out += "\t}\n";
  }
  return out + "}\n";
}

Message delete_table(const std::string& name) {
  Message message = about(NFT_MSG_DELTABLE, 0);
  message.put_text(NFTA_TABLE_NAME, name);
  return message;
}

}  // namespace suit::network
