/// \file
/// IP addresses, subnets and MAC addresses as plain values.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace suit::network {

/// An IPv4 or IPv6 address; the bytes are in network order.
struct Address {
  std::array<std::uint8_t, 16> bytes{};
  std::uint8_t size = 4;  ///< 4 or 16

  /// nullopt for what inet_pton(3) does not take.
  static std::optional<Address> parse(std::string_view text);
  static Address v4(std::uint32_t host_order);
  bool is_v4() const { return size == 4; }
  /// The last 32 bits: all of an IPv4 address.
  std::uint32_t low_word() const;
  /// The address \p offset above this one; a carry beyond 64 bits is lost.
  Address plus(std::uint64_t offset) const;
  bool is_unspecified() const { return bytes == std::array<std::uint8_t, 16>{}; }
  std::string text() const;
  std::string_view raw() const {
    return {reinterpret_cast<const char*>(bytes.data()), std::size_t{size}};
  }
  friend bool operator==(const Address&, const Address&) = default;
};

/// An address with the length of its network part: of an interface, or (host bits zero) a subnet.
struct Prefix {
  Address address;
  unsigned length = 0;  ///< \unit{bits}

  /// `10.88.0.0/16`. Host bits may be set; `network()` clears them.
  /// \errors 0: `invalid CIDR address: …`
  static Result<Prefix> parse(std::string_view text);
  unsigned bits() const { return address.size * 8U; }
  Address mask() const;
  Prefix network() const;
  bool contains(const Address& other) const;
  bool overlaps(const Prefix& other) const;
  /// Where \p inside lies in this subnet, counted from its first address.
  std::uint64_t offset_of(const Address& inside) const;
  /// Addresses in it; 2^32 stands for all that is more.
  std::uint64_t count() const;
  std::string text() const;
  friend bool operator==(const Prefix&, const Prefix&) = default;
};

using Mac = std::array<std::uint8_t, 6>;
/// `02:42:0a:58:00:02`; groups may be separated by dashes, too.
/// \errors 0 in Docker's words: `… is not a valid mac address`
Result<Mac> parse_mac(std::string_view text);
std::string to_text(const Mac& mac);
/// Docker's rule: 02:42 and the address. Always the same for an address, so that neighbours' caches
/// stay right when it is given to another container.
Mac mac_of(const Address& v4);

}  // namespace suit::network
