#include "network/netlink.h"

#include <arpa/inet.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cstring>

namespace suit::network {
namespace {

std::size_t aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

void pad(std::string& bytes) { bytes.resize(aligned(bytes.size()), '\0'); }

}  // namespace

Message::Message(std::uint16_t type, std::uint16_t flags, std::string_view header) {
  nlmsghdr head{};
  head.nlmsg_type = type;
  head.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  bytes_ = bytes_of_struct(head);
  append(header);
}

std::uint16_t Message::type() const { return read_struct<nlmsghdr>(bytes_)->nlmsg_type; }

Message& Message::put(std::uint16_t type, std::string_view bytes) {
  nlattr attribute{};
  attribute.nla_len = static_cast<std::uint16_t>(sizeof attribute + bytes.size());
  attribute.nla_type = type;
  bytes_ += bytes_of_struct(attribute);
  return append(bytes);
}

Message& Message::put_text(std::uint16_t type, std::string_view text) {
  return put(type, std::string(text) + '\0');
}

Message& Message::put_u8(std::uint16_t type, std::uint8_t value) {
  return put(type, bytes_of_struct(value));
}

Message& Message::put_u32(std::uint16_t type, std::uint32_t value) {
  return put(type, bytes_of_struct(value));
}

Message& Message::put_be32(std::uint16_t type, std::uint32_t value) {
  return put_u32(type, htonl(value));
}

Message& Message::nest(std::uint16_t type, const std::function<void(Message&)>& fill) {
  const std::size_t start = bytes_.size();
  put(static_cast<std::uint16_t>(type | NLA_F_NESTED), "");
  fill(*this);
  auto length = static_cast<std::uint16_t>(bytes_.size() - start);
  std::memcpy(bytes_.data() + start, &length, sizeof length);
  return *this;
}

Message& Message::append(std::string_view bytes) {
  bytes_ += bytes;
  pad(bytes_);
  return *this;
}

std::string Message::sealed(std::uint32_t sequence, std::uint16_t more_flags) const {
  std::string out = bytes_;
  auto head = *read_struct<nlmsghdr>(out);
  head.nlmsg_len = static_cast<std::uint32_t>(out.size());
  head.nlmsg_seq = sequence;
  head.nlmsg_flags = static_cast<std::uint16_t>(head.nlmsg_flags | more_flags);
  std::memcpy(out.data(), &head, sizeof head);
  return out;
}

void for_each_attribute(std::string_view bytes,
                        const std::function<void(std::uint16_t, std::string_view)>& each) {
  while (auto attribute = read_struct<nlattr>(bytes)) {
    const std::size_t length = attribute->nla_len;
    if (length < sizeof(nlattr) || length > bytes.size()) return;
    each(static_cast<std::uint16_t>(attribute->nla_type & NLA_TYPE_MASK),
         bytes.substr(sizeof(nlattr), length - sizeof(nlattr)));
    bytes.remove_prefix(std::min(aligned(length), bytes.size()));
  }
}

std::optional<std::string_view> find_attribute(std::string_view bytes, std::uint16_t type) {
  std::optional<std::string_view> found;
  for_each_attribute(bytes, [&](std::uint16_t one, std::string_view value) {
    if (one == type && !found) found = value;
  });
  return found;
}

std::optional<Reply> next_reply(std::string_view& bytes) {
  auto head = read_struct<nlmsghdr>(bytes);
  if (!head || head->nlmsg_len < sizeof(nlmsghdr) || head->nlmsg_len > bytes.size()) {
    bytes = {};
    return std::nullopt;
  }
  Reply reply{head->nlmsg_type, head->nlmsg_flags, head->nlmsg_seq,
              bytes.substr(sizeof(nlmsghdr), head->nlmsg_len - sizeof(nlmsghdr))};
  bytes.remove_prefix(std::min(aligned(head->nlmsg_len), bytes.size()));
  return reply;
}

int error_of(const Reply& reply) {
  auto error = read_struct<nlmsgerr>(reply.payload);
  return error ? -error->error : 0;
}

}  // namespace suit::network
