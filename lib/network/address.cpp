#include "network/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace suit::network {

std::optional<Address> Address::parse(std::string_view text) {
  const std::string copy(text);
  // An embedded NUL would end the text early for inet_pton(3).
  if (copy.find('\0') != std::string::npos) return std::nullopt;
  Address out;
  if (::inet_pton(AF_INET, copy.c_str(), out.bytes.data()) == 1) return out;
  out.bytes = {};
  out.size = 16;
  if (::inet_pton(AF_INET6, copy.c_str(), out.bytes.data()) == 1) return out;
  return std::nullopt;
}

Address Address::v4(std::uint32_t host_order) {
  Address out;
  for (unsigned i = 0; i < 4; ++i)
    out.bytes[i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  return out;
}

std::uint32_t Address::low_word() const {
  std::uint32_t word = 0;
  for (unsigned i = size - 4U; i < size; ++i)
    word = word << 8 | bytes[i];
  return word;
}

Address Address::plus(std::uint64_t offset) const {
  Address out = *this;
  std::uint64_t carry = offset;
  for (unsigned i = size; i-- > 0 && carry != 0;) {
    std::uint64_t sum = out.bytes[i] + (carry & 0xff);
    out.bytes[i] = static_cast<std::uint8_t>(sum);
    carry = (carry >> 8) + (sum >> 8);
  }
  return out;
}

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> out{};
  ::inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes.data(), out.data(), out.size());
  return out.data();
}

Result<Prefix> Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto refuse = [&] {
    return fail(0, fmt::format("invalid CIDR address: {}", text.substr(0, 64)),
                "write an address and a length: 10.88.0.0/16");
  };
  if (slash == std::string_view::npos) return refuse();
  auto address = Address::parse(text.substr(0, slash));
  const std::string_view length = text.substr(slash + 1);
  Prefix out;
  const auto [end, error] =
      std::from_chars(length.data(), length.data() + length.size(), out.length);
  if (!address || error != std::errc() || end != length.data() + length.size()) return refuse();
  out.address = *address;
  if (out.length > out.bits()) return refuse();
  return out;
}

Address Prefix::mask() const {
  Address out;
  out.size = address.size;
  for (unsigned bit = 0; bit < length; ++bit)
    out.bytes[bit / 8] = static_cast<std::uint8_t>(out.bytes[bit / 8] | (0x80U >> (bit % 8)));
  return out;
}

Prefix Prefix::network() const {
  Prefix out = *this;
  const Address ones = mask();
  for (std::size_t i = 0; i < out.address.bytes.size(); ++i)
    out.address.bytes[i] &= ones.bytes[i];
  return out;
}

bool Prefix::contains(const Address& other) const {
  return other.size == address.size && Prefix{other, length}.network() == network();
}

bool Prefix::overlaps(const Prefix& other) const {
  return length <= other.length ? contains(other.address) : other.contains(address);
}

std::uint64_t Prefix::offset_of(const Address& inside) const {
  const Address first = network().address;
  std::uint64_t offset = 0;
  for (unsigned i = 0; i < address.size; ++i)
    offset = (offset << 8) | (inside.bytes[i] ^ first.bytes[i]);
  return offset;
}

std::uint64_t Prefix::count() const { return std::uint64_t{1} << std::min(bits() - length, 32U); }

std::string Prefix::text() const { return fmt::format("{}/{}", address.text(), length); }

Result<Mac> parse_mac(std::string_view text) {
  Mac mac{};
  bool good = text.size() == 17;
  for (std::size_t i = 0; good && i < mac.size(); ++i) {
    const char* from = text.data() + 3 * i;
    const auto [end, error] = std::from_chars(from, from + 2, mac[i], 16);
    good = error == std::errc() && end == from + 2 &&
           (i == 5 || ((from[2] == ':' || from[2] == '-') && from[2] == text[2]));
  }
  if (good) return mac;
  return fail(0, fmt::format("{} is not a valid mac address", text.substr(0, 64)));
}

std::string to_text(const Mac& mac) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3],
                     mac[4], mac[5]);
}

Mac mac_of(const Address& v4) {
  return {0x02, 0x42, v4.bytes[0], v4.bytes[1], v4.bytes[2], v4.bytes[3]};
}

}  // namespace suit::network
