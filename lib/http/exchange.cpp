// One request and the head of its answer, with the helper.

#include <cerrno>
#include <vector>

#include <fmt/format.h>

#include "http/client.h"
#include "http/wire_internal.h"

namespace suit::http {
namespace {

Fields to_fields(const Request& request, const Url& url, const std::string& user_agent) {
  Fields fields = {{"method", request.method},
                   {"url", url.text()},
                   {"connect-ms", fmt::format("{}", request.limits.connect.count())},
                   {"total-ms", fmt::format("{}", request.limits.total.count())},
                   {"stall-s", fmt::format("{}", request.limits.stall.count())}};
  auto add_if = [&](const char* name, const std::string& value) {
    if (!value.empty()) fields.emplace_back(name, value);
  };
  add_if("ca-file", request.tls.ca_file);
  add_if("cert-file", request.tls.cert_file);
  add_if("key-file", request.tls.key_file);
  if (!request.tls.verify) fields.emplace_back("verify", "no");
  for (const Header& header : request.headers)
    fields.emplace_back(
        "header", header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  fields.emplace_back("header", "User-Agent: " + user_agent);
  if (request.body_stream)
    fields.emplace_back("stream", request.body_size ? fmt::format("{}", *request.body_size) : "-1");
  else if (!request.body_text.empty() || request.method == "POST" || request.method == "PUT" ||
           request.method == "PATCH")
    fields.emplace_back("body", request.body_text);
  return fields;
}

// Sends the body piece by piece. A server that has heard enough answers early: the helper then
// stops listening, and that is no error, as the answer says what it thinks.
Result<void> send_body(os::FdRef socket, Reader& body) {
  constexpr std::size_t kPiece = 256U << 10;
  std::string frame(kFrameHeaderBytes + kPiece, '\0');
  while (true) {
    std::span<std::byte> room = std::as_writable_bytes(std::span(frame)).subspan(kFrameHeaderBytes);
    SUIT_LET(std::size_t got, body.read(room));
    FrameHeader header{.kind = got == 0 ? FrameKind::End : FrameKind::Body, .size_bytes = got};
    frame.replace(0, kFrameHeaderBytes, to_wire(header));
    auto sent = send_all(socket, std::string_view(frame).substr(0, kFrameHeaderBytes + got));
    if (!sent && sent.error().code() != EPIPE && sent.error().code() != ECONNRESET)
      return std::unexpected(std::move(sent).error());
    if (!sent || got == 0) return {};
  }
}

}  // namespace

Result<Response> Client::exchange(const Request& request, const Url& url) const {
  SUIT_LET(os::Fd socket, open_request());
  std::string payload = pack(to_fields(request, url, options_.user_agent));
  if (payload.size() > kMaxFrameBytes)
    return fail(EFBIG, fmt::format("a request of {} bytes", payload.size()));
  SUIT_TRY(send_all(socket,
                    to_wire({.kind = FrameKind::Request, .size_bytes = payload.size()}) + payload));
  if (request.body_stream) SUIT_TRY(send_body(socket, *request.body_stream));
  Response response;
  response.url_ = url;
  response.limit_bytes_ = request.limits.body_bytes;
  SUIT_TRY(response.read_head(std::move(socket)));
  return response;
}

}  // namespace suit::http
