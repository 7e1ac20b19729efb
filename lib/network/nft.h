/// \file
/// nftables rules: one value that is both the text of nft(8) and the messages of nfnetlink.
///
/// A rule is a list of expressions that load something into a register, compare it, and act. The
/// encoder knows the few that containers need; `nft list ruleset` reads them back as the text says,
/// which the tests check.
/// \source linux/netfilter/nf_tables.h, nft(8)

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "network/address.h"
#include "network/netlink.h"

namespace suit::network {

/// Where a chain sees packets.
struct Chain {
  std::string name;
  std::string type;  ///< `filter` or `nat`
  std::string hook;  ///< `prerouting`, `output`, `forward`, `postrouting`
  int priority = 0;  ///< lower is earlier
  std::string text() const;
};

/// `tcp`, `udp` or `sctp`.
enum class Protocol : std::uint8_t { Tcp = 6, Udp = 17, Sctp = 132 };
std::string_view name_of(Protocol protocol);

enum class Not { No, Yes };

/// A rule under construction; every call adds to both forms.
class Rule {
 public:
  explicit Rule(std::string chain) : chain_(std::move(chain)) {}

  Rule& in_interface(const std::string& name, Not negated = Not::No);
  Rule& out_interface(const std::string& name, Not negated = Not::No);
  Rule& source(const Prefix& prefix);
  Rule& destination(const Prefix& prefix);
  Rule& family(const Address& like);  ///< IPv4 or IPv6, where no address says it
  Rule& to_local_address();           ///< the destination is one of this host's
  Rule& destination_port(Protocol protocol, std::uint16_t port);
  Rule& not_a_reply();     ///< no packet of a connection that is known
  Rule& not_translated();  ///< the destination was not rewritten: no published port
  Rule& drop();
  Rule& masquerade();
  Rule& translate_to(const Address& address, std::uint16_t port);

  const std::string& chain() const { return chain_; }
  const std::string& text() const { return text_; }
  const std::vector<Message>& expressions() const { return expressions_; }

 private:
  Rule& say(std::string_view words);
  Rule& know_family(const Address& like);
  Rule& meta(std::uint32_t key);
  Rule& compare(std::string_view bytes, Not negated = Not::No);
  Rule& mask(std::string_view mask);
  Rule& payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length);
  Rule& address(const Prefix& prefix, std::string_view which, std::uint32_t v4_offset,
                std::uint32_t v6_offset);
  Rule& load(std::uint32_t reg, std::string_view bytes);
  Rule& interface(std::uint32_t key, std::string_view which, const std::string& name, Not negated);
  Rule& has_no_bit_of(std::uint32_t ct_key, std::uint32_t bits);
  Message& expression(std::string_view name, const std::function<void(Message&)>& fill);

  std::string chain_;
  std::string text_;
  std::vector<Message> expressions_;
  std::uint8_t family_known_ = 0;
};

enum class Owned { No, Yes };

/// A table of family `inet` with all that is in it: one transaction.
struct Table {
  std::string name;
  Owned owned = Owned::No;  ///< yes: goes with the socket that made it
  std::vector<Chain> chains;
  std::vector<Rule> rules;

  /// The transaction that makes the table; EEXIST when it is there.
  std::vector<Message> messages() const;
  /// The same for `nft -f`.
  std::string text() const;
};
Message delete_table(const std::string& name);

}  // namespace suit::network
