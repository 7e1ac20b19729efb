#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "http/wire_internal.h"

namespace suit::http {
namespace {

void put_u32(std::string& out, std::size_t value) {
  for (unsigned shift : {24U, 16U, 8U, 0U})
    out += static_cast<char>((value >> shift) & 0xffU);
}

std::uint32_t get_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (char c : bytes.substr(0, 4))
    value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

// The text after a length of 4 bytes, taken off `rest`.
Result<std::string> take_text(std::string_view& rest) {
  if (rest.size() < 4) return fail(EPROTO, "a field is cut short");
  std::size_t size = get_u32(rest);
  rest.remove_prefix(4);
  if (size > rest.size()) return fail(EPROTO, "a field is cut short");
  std::string text(rest.substr(0, size));
  rest.remove_prefix(size);
  return text;
}

}  // namespace

std::string to_wire(FrameHeader header) {
  std::string out(1, static_cast<char>(header.kind));
  put_u32(out, header.size_bytes);
  return out;
}

Result<FrameHeader> parse_frame_header(std::string_view bytes) {
  if (bytes.size() < kFrameHeaderBytes ||
      std::string_view("RBEHD").find(bytes[0]) == std::string_view::npos)
    return fail(EPROTO, "no frame of suit-fetch");
  std::size_t size = get_u32(bytes.substr(1));
  if (size > kMaxFrameBytes) return fail(EPROTO, fmt::format("a frame of {} bytes", size));
  return FrameHeader{.kind = static_cast<FrameKind>(bytes[0]), .size_bytes = size};
}

std::string pack(const Fields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    put_u32(out, name.size());
    out += name;
    put_u32(out, value.size());
    out += value;
  }
  return out;
}

Result<Fields> unpack(std::string_view payload) {
  Fields fields;
  while (!payload.empty()) {
    SUIT_LET(std::string name, take_text(payload));
    SUIT_LET(std::string value, take_text(payload));
    fields.emplace_back(std::move(name), std::move(value));
  }
  return fields;
}

std::string_view field_or(const Fields& fields, std::string_view name, std::string_view otherwise) {
  for (const auto& [key, value] : fields)
    if (key == name) return value;
  return otherwise;
}

Result<void> send_all(os::FdRef socket, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = ::send(socket.raw(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return fail(errno, "send to suit-fetch");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<void> receive_all(os::FdRef socket, std::span<char> out) {
  while (!out.empty()) {
    ssize_t got = ::recv(socket.raw(), out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(errno, "receive from suit-fetch");
    if (got == 0) return fail(ECONNRESET, "suit-fetch has ended");
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

}  // namespace suit::http
