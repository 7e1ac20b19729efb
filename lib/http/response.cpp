#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>

#include "http/client.h"
#include "http/wire_internal.h"

namespace suit::http {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return low(x) == low(y);
  });
}

template <typename Number>
Number number_or_zero(std::string_view text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Header parse_header(std::string_view line) {
  std::size_t colon = std::min(line.find(':'), line.size());
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!value.empty() && is_blank(value.front()))
    value.remove_prefix(1);
  while (!value.empty() && is_blank(value.back()))
    value.remove_suffix(1);
  return {.name = std::string(line.substr(0, colon)), .value = std::string(value)};
}

// Nothing when the transfer went well.
Result<void> outcome(const Fields& done) {
  auto code = number_or_zero<int>(field_or(done, "errno"));
  if (code == 0) return {};
  Error error(code, std::string(field_or(done, "error")));
  std::string_view hint = field_or(done, "hint");
  if (hint.empty()) return std::unexpected(std::move(error));
  return std::unexpected(std::move(error).with_hint(std::string(hint)));
}

Result<Fields> receive_fields(os::FdRef socket, std::size_t size_bytes) {
  std::string payload(size_bytes, '\0');
  SUIT_TRY(receive_all(socket, payload));
  return unpack(payload);
}

}  // namespace

std::optional<std::string_view> Response::header(std::string_view name) const {
  for (const Header& header : headers_)
    if (same_name(header.name, name)) return header.value;
  return std::nullopt;
}

std::vector<std::string_view> Response::all_headers(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const Header& header : headers_)
    if (same_name(header.name, name)) out.emplace_back(header.value);
  return out;
}

Result<void> Response::next_frame() {
  std::array<char, kFrameHeaderBytes> bytes{};
  SUIT_TRY(receive_all(socket_, bytes));
  SUIT_LET(FrameHeader frame, parse_frame_header({bytes.data(), bytes.size()}));
  if (frame.kind == FrameKind::Body) {
    frame_left_ = frame.size_bytes;
    return {};
  }
  SUIT_LET(Fields fields, receive_fields(socket_, frame.size_bytes));
  if (frame.kind == FrameKind::Head) {
    status_ = number_or_zero<int>(field_or(fields, "status"));
    for (const auto& [name, value] : fields)
      if (name == "header") headers_.push_back(parse_header(value));
    return {};
  }
  if (frame.kind != FrameKind::Done) return fail(EPROTO, "suit-fetch answers out of turn");
  ended_ = true;
  socket_.reset();
  return outcome(fields);
}

Result<void> Response::read_head(os::Fd socket) {
  socket_ = std::move(socket);
  SUIT_TRY(next_frame());
  if (status_ == 0) return fail(EPROTO, "no answer");
  return {};
}

Result<std::size_t> Response::read(std::span<std::byte> out) {
  while (frame_left_ == 0) {
    if (ended_ || out.empty()) return 0U;
    if (auto next = next_frame(); !next) {
      ended_ = true;
      return std::unexpected(std::move(next).error().wrap(url_.origin() + url_.path));
    }
  }
  std::size_t want = std::min(out.size(), frame_left_);
  ssize_t got = -1;
  do {
    got = ::recv(socket_.raw(), out.data(), want, 0);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return fail(got < 0 ? errno : ECONNRESET, "receive from suit-fetch");
  frame_left_ -= static_cast<std::size_t>(got);
  got_bytes_ += static_cast<std::uint64_t>(got);
  if (got_bytes_ > limit_bytes_)
    return fail(EFBIG, fmt::format("{}{}: the answer is longer than {} bytes", url_.origin(),
                                   url_.path, limit_bytes_));
  return static_cast<std::size_t>(got);
}

Result<std::string> Response::text() { return read_all(*this, limit_bytes_); }

}  // namespace suit::http
