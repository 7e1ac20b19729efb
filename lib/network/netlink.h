/// \file
/// Netlink messages: how they are built, and how replies are read without trusting their lengths.
///
///     nlmsghdr │ family's header │ attr │ attr │ attr { attr attr } │ …
///
/// Everything is aligned to 4 bytes. Our own and not libmnl: Debian has no static archive of it,
/// and what we need of it is this page. The tests read what we write with libmnl.
/// \see netlink(7), rtnetlink(7); tutorial 15

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace suit::network {

/// The bytes of a plain struct of the kernel's.
template <typename T>
std::string_view bytes_of_struct(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

/// One request. The sequence number is the socket's to give.
class Message {
 public:
  /// \param header the family's own: `ifinfomsg`, `nfgenmsg`, …
  Message(std::uint16_t type, std::uint16_t flags, std::string_view header);

  Message& put(std::uint16_t type, std::string_view bytes);
  Message& put_text(std::uint16_t type, std::string_view text);  ///< with its NUL
  Message& put_u8(std::uint16_t type, std::uint8_t value);
  Message& put_u32(std::uint16_t type, std::uint32_t value);   ///< in the host's byte order
  Message& put_be32(std::uint16_t type, std::uint32_t value);  ///< as nfnetlink wants it
  /// Attributes put in \p fill are inside this one.
  Message& nest(std::uint16_t type, const std::function<void(Message&)>& fill);
  /// Bytes without an attribute's header, aligned: the header inside VETH_INFO_PEER.
  Message& append(std::string_view bytes);

  void overwrite(std::size_t offset, std::string_view bytes) {
    bytes_.replace(offset, bytes.size(), bytes);
  }

  const std::string& bytes() const { return bytes_; }
  std::uint16_t type() const;
  /// What follows the netlink header: for building one message out of others.
  std::string_view payload() const { return std::string_view(bytes_).substr(16); }
  /// The message as it is sent.
  std::string sealed(std::uint32_t sequence, std::uint16_t more_flags) const;

 private:
  std::string bytes_;
};

/// Calls \p each for every attribute of \p bytes; stops at the first whose length is wrong.
void for_each_attribute(std::string_view bytes,
                        const std::function<void(std::uint16_t, std::string_view)>& each);
/// The value of the first attribute \p type.
std::optional<std::string_view> find_attribute(std::string_view bytes, std::uint16_t type);

/// One message of a reply.
struct Reply {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
  std::string_view payload;
};
/// The first message of \p bytes, which then begin after it; nullopt when there is none, or when
/// its length is wrong (the rest is dropped then).
std::optional<Reply> next_reply(std::string_view& bytes);
/// Of NLMSG_ERROR: 0 is an acknowledgement, else an errno value.
int error_of(const Reply& reply);

/// Reads a struct of the kernel's from the front of a payload; nullopt when it is too short.
template <typename T>
std::optional<T> read_struct(std::string_view payload) {
  if (payload.size() < sizeof(T)) return std::nullopt;
  T value;
  __builtin_memcpy(&value, payload.data(), sizeof value);
  return value;
}

}  // namespace suit::network
