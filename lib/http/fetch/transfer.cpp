#include "http/fetch/transfer.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "os/file.h"

namespace suit::fetch {
namespace {

using http::field_or;
using http::FrameKind;

constexpr std::size_t kMaxHeadBytes = 256U << 10;
constexpr std::size_t kMaxHeaders = 500;

template <typename Number>
Number number_or(std::string_view text, Number otherwise) {
  Number value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : otherwise;
}

// The system's authorities and the user's own ones. libcurl takes one bundle, so they are joined.
Result<std::string> joined_authorities(const std::string& extra) {
  const char* named = ::getenv("SSL_CERT_FILE");  // NOLINT(concurrency-mt-unsafe): one thread
  auto system = os::read_file(named ? named : "/etc/ssl/certs/ca-certificates.crt");
  if (!system && system.error().code() != ENOENT) return system;
  SUIT_LET(std::string own, os::read_file(extra));
  return system.value_or("") + "\n" + own;
}

struct Failure {
  int code;
  std::string_view text;
  std::string_view hint;
};

// What libcurl says, in errno's words: the client decides by them what is worth trying again.
Failure explain(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {EHOSTUNREACH, "no such host", "check the name, and that DNS works here"};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {EHOSTUNREACH, "no such proxy", "check http_proxy and https_proxy"};
    case CURLE_COULDNT_CONNECT:
      return {ECONNREFUSED, "cannot connect", ""};
    case CURLE_OPERATION_TIMEDOUT:
      return {ETIMEDOUT, "no progress in time", ""};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return {EKEYREJECTED, "the server's certificate is not believed",
              "if it is yours, put its authority into certs.d/<host>/ca.crt"};
    case CURLE_SSL_CONNECT_ERROR:
      return {EPROTO, "no TLS there", "a registry without TLS must be named as insecure"};
    case CURLE_SSL_CERTPROBLEM:
      return {EKEYREJECTED, "the client's certificate cannot be used", ""};
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_BAD_CONTENT_ENCODING:
      return {EPROTO, "the answer is no HTTP", ""};
    case CURLE_URL_MALFORMAT:
      return {EINVAL, "the URL cannot be used", ""};
    default:
      return {ECONNRESET, "the connection was cut", ""};
  }
}

}  // namespace

Transfer::~Transfer() {
  if (multi_) ::curl_multi_remove_handle(multi_, easy_.get());
}

void Transfer::send_frame(FrameKind kind, std::string_view payload) {
  out_ += http::to_wire({.kind = kind, .size_bytes = payload.size()});
  out_ += payload;
}

void Transfer::send_done(int code, const std::string& text, const std::string& hint) {
  if (!body_.empty()) send_frame(FrameKind::Body, body_);
  body_.clear();
  send_frame(FrameKind::Done,
             http::pack({{"errno", fmt::format("{}", code)}, {"error", text}, {"hint", hint}}));
  done_ = true;
}

Life Transfer::on_input(CURLM* multi) {
  if (done_) return Life::Goes;
  std::array<char, 65536> buffer;
  ssize_t got = ::recv(socket_.raw(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR ? Life::Goes : Life::Over;
  if (got == 0) return Life::Over;  // the client has lost interest
  in_.append(buffer.data(), static_cast<std::size_t>(got));
  auto taken = take_frames(multi);
  if (!taken)
    send_done(taken.error().code() ? taken.error().code() : EPROTO, taken.error().what(),
              taken.error().hint());
  if (upload_paused_ && (upload_.size() > upload_at_ || upload_ended_)) {
    upload_paused_ = false;
    ::curl_easy_pause(easy_.get(), body_paused_ ? CURLPAUSE_RECV : CURLPAUSE_CONT);
  }
  return Life::Goes;
}

Result<void> Transfer::take_frames(CURLM* multi) {
  std::string_view rest = in_;
  while (rest.size() >= http::kFrameHeaderBytes) {
    SUIT_LET(http::FrameHeader frame, http::parse_frame_header(rest));
    if (rest.size() - http::kFrameHeaderBytes < frame.size_bytes) break;
    std::string_view payload = rest.substr(http::kFrameHeaderBytes, frame.size_bytes);
    rest.remove_prefix(http::kFrameHeaderBytes + frame.size_bytes);
    if (frame.kind == FrameKind::Request && !easy_) {
      SUIT_TRY(start(payload, multi));
    } else if (frame.kind == FrameKind::Body && is_stream_) {
      upload_.erase(0, std::exchange(upload_at_, 0));
      upload_ += payload;
    } else if (frame.kind == FrameKind::End && is_stream_) {
      upload_ended_ = true;
    } else {
      return fail(EPROTO, "a frame out of turn");
    }
  }
  in_.erase(0, in_.size() - rest.size());
  return {};
}

Result<void> Transfer::start(std::string_view payload, CURLM* multi) {
  SUIT_LET(http::Fields fields, http::unpack(payload));
  easy_.reset(::curl_easy_init());
  if (!easy_) return fail(ENOMEM, "curl_easy_init()");
  CURL* easy = easy_.get();
  ::curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  ::curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reason_.data());
  ::curl_easy_setopt(easy, CURLOPT_URL, std::string(field_or(fields, "url")).c_str());
  ::curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);  // the client decides
  ::curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
  ::curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  ::curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 512L << 10);
  ::curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 512L << 10);
  // Small requests answer one another: each waits for the last one's answer otherwise.
  ::curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  ::curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  set_bounds(fields);
  set_trust(fields);
  ::curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_callback);
  ::curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  ::curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_callback);
  ::curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  for (const auto& [name, value] : fields)
    if (name == "header") headers_.reset(::curl_slist_append(headers_.release(), value.c_str()));
  // Its absence saves a second: servers that do not know `Expect` leave us waiting.
  headers_.reset(::curl_slist_append(headers_.release(), "Expect:"));
  ::curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  set_body(fields);
  std::string authorities(field_or(fields, "ca-file"));
  if (!authorities.empty()) {
    SUIT_LET(std::string pem, joined_authorities(authorities));
    curl_blob blob{.data = pem.data(), .len = pem.size(), .flags = CURL_BLOB_COPY};
    ::curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
  }
  if (CURLMcode code = ::curl_multi_add_handle(multi, easy); code != CURLM_OK)
    return fail(ENOMEM, ::curl_multi_strerror(code));
  multi_ = multi;
  return {};
}

void Transfer::set_bounds(const http::Fields& fields) {
  CURL* easy = easy_.get();
  ::curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     number_or(field_or(fields, "connect-ms"), 20000L));
  ::curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, number_or(field_or(fields, "total-ms"), 0L));
  ::curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 100L);
  ::curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, number_or(field_or(fields, "stall-s"), 60L));
}

void Transfer::set_trust(const http::Fields& fields) {
  CURL* easy = easy_.get();
  ::curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (const char* bundle = ::getenv("SSL_CERT_FILE"))  // NOLINT(concurrency-mt-unsafe): one thread
    ::curl_easy_setopt(easy, CURLOPT_CAINFO, bundle);
  bool verify = field_or(fields, "verify") != "no";
  ::curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
  ::curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
  std::string certificate(field_or(fields, "cert-file"));
  std::string key(field_or(fields, "key-file"));
  if (!certificate.empty()) ::curl_easy_setopt(easy, CURLOPT_SSLCERT, certificate.c_str());
  if (!key.empty()) ::curl_easy_setopt(easy, CURLOPT_SSLKEY, key.c_str());
}

void Transfer::set_body(const http::Fields& fields) {
  CURL* easy = easy_.get();
  std::string method(field_or(fields, "method", "GET"));
  ::curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
  if (method == "HEAD") ::curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  std::string_view stream = field_or(fields, "stream");
  bool has_text = std::ranges::any_of(fields, [](const auto& f) { return f.first == "body"; });
  if (stream.empty() && !has_text) return;
  is_stream_ = !stream.empty();
  auto size = static_cast<curl_off_t>(field_or(fields, "body").size());
  if (is_stream_) size = number_or<curl_off_t>(stream, -1);
  if (!is_stream_) upload_ = field_or(fields, "body");
  upload_ended_ = !is_stream_;
  ::curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  ::curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, size);
  ::curl_easy_setopt(easy, CURLOPT_READFUNCTION, upload_callback);
  ::curl_easy_setopt(easy, CURLOPT_READDATA, this);
  ::curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_callback);
  ::curl_easy_setopt(easy, CURLOPT_SEEKDATA, this);
}

// Each header line, the status line and the empty line at the end; of interim answers (1xx) too.
std::size_t Transfer::on_header(std::string_view line) {
  head_bytes_ += line.size();
  if (head_bytes_ > kMaxHeadBytes || head_.size() > kMaxHeaders) {
    head_too_long_ = true;
    return 0;
  }
  if (head_sent_) return line.size();  // a trailer
  bool is_end = line == "\r\n" || line == "\n";
  if (line.starts_with("HTTP/")) {
    head_.clear();
  } else if (!is_end) {
    head_.emplace_back("header", line);
  }
  if (!is_end) return line.size();
  long status = 0;
  ::curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status < 200) return line.size();
  head_.emplace_back("status", fmt::format("{}", status));
  send_frame(FrameKind::Head, http::pack(head_));
  head_sent_ = true;
  return line.size();
}

std::size_t Transfer::on_body(std::string_view bytes) {
  if (body_.size() + out_.size() >= kRoom) {
    body_paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  body_ += bytes;
  return bytes.size();
}

std::size_t Transfer::on_upload(char* out, std::size_t room) {
  std::size_t count = std::min(room, upload_.size() - upload_at_);
  if (count == 0 && !upload_ended_) {
    upload_paused_ = true;
    return CURL_READFUNC_PAUSE;
  }
  std::copy_n(upload_.data() + upload_at_, count, out);
  upload_at_ += count;
  return count;
}

Life Transfer::flush() {
  if (!body_.empty() && out_.empty()) {
    send_frame(FrameKind::Body, body_);
    body_.clear();
  }
  std::size_t at = 0;
  while (at < out_.size()) {
    ssize_t sent =
        ::send(socket_.raw(), out_.data() + at, out_.size() - at, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) return Life::Over;
    at += static_cast<std::size_t>(sent);
  }
  out_.erase(0, at);
  if (body_paused_ && body_.size() + out_.size() < kRoom / 2) {
    body_paused_ = false;
    ::curl_easy_pause(easy_.get(), upload_paused_ ? CURLPAUSE_SEND : CURLPAUSE_CONT);
  }
  return done_ && out_.empty() && body_.empty() ? Life::Over : Life::Goes;
}

void Transfer::finish(CURLcode code) {
  ::curl_multi_remove_handle(std::exchange(multi_, nullptr), easy_.get());
  body_paused_ = upload_paused_ = false;
  // The client may still be sending a body; it learns by EPIPE that nobody wants it.
  ::shutdown(socket_.raw(), SHUT_RD);
  if (code == CURLE_OK) return send_done(0, "", "");
  if (head_too_long_) return send_done(EFBIG, "the head of the answer is too long", "");
  Failure failure = explain(code);
  std::string_view detail(reason_.data());
  if (detail.empty()) detail = ::curl_easy_strerror(code);
  send_done(failure.code, fmt::format("{} ({})", failure.text, detail), std::string(failure.hint));
}

std::size_t Transfer::header_callback(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->on_header({data, size * count});
}
std::size_t Transfer::body_callback(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->on_body({data, size * count});
}
std::size_t Transfer::upload_callback(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->on_upload(data, size * count);
}

// libcurl starts over when a kept connection turns out to be dead. A text can be sent again, a
// stream only while nothing of it was taken.
int Transfer::seek_callback(void* self, curl_off_t offset, int origin) {
  auto* transfer = static_cast<Transfer*>(self);
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  if (transfer->is_stream_ && transfer->upload_at_ != 0) return CURL_SEEKFUNC_CANTSEEK;
  transfer->upload_at_ = 0;
  return CURL_SEEKFUNC_OK;
}

}  // namespace suit::fetch
