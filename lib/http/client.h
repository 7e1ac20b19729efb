/// \file
/// An HTTP client: requests from any number of threads, carried out by one helper process.
///
///     suit ──socketpair──> suit-fetch ──TCP, TLS, HTTP/2──> server
///          one socket more for each request, handed over with SCM_RIGHTS
///
/// A request is a socket: its text, its body and its answer travel on it, and closing it cancels
/// the request. Credentials are in the text, so they are in no argument list and no environment.
/// \see http/README.md

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "http/message.h"
#include "http/url.h"
#include "os/fd.h"
#include "os/process.h"

namespace suit::http {

/// An answer: its head, and the body as a stream. Dropped before its end, the transfer is
/// cancelled; it ends with its client, too.
class [[nodiscard]] Response final : public Reader {
 public:
  Response(Response&&) noexcept = default;
  Response& operator=(Response&&) noexcept = default;

  int status() const noexcept { return status_; }
  bool is_ok() const noexcept { return status_ >= 200 && status_ < 300; }
  const std::vector<Header>& headers() const noexcept { return headers_; }
  /// The first header called \p name; nullopt when there is none.
  std::optional<std::string_view> header(std::string_view name) const;
  std::vector<std::string_view> all_headers(std::string_view name) const;
  /// Who answered: the URL asked for, or where it was redirected to.
  const Url& url() const noexcept { return url_; }

  /// \errors ECONNRESET when the body was cut short; ETIMEDOUT when it stalled; EFBIG beyond
  /// `Limits::body_bytes`
  Result<std::size_t> read(std::span<std::byte> out) override;
  /// The whole body.
  Result<std::string> text();

 private:
  friend class Client;
  Response() = default;
  Result<void> read_head(os::Fd socket);
  Result<void> next_frame();
  os::Fd socket_;
  int status_ = 0;
  std::vector<Header> headers_;
  Url url_;
  std::uint64_t limit_bytes_ = 0;
  std::uint64_t got_bytes_ = 0;
  std::size_t frame_left_ = 0;
  bool ended_ = false;
};

/// How a client is set up.
struct ClientOptions {
  std::string helper;  ///< path of suit-fetch; empty: beside this program
  std::string user_agent = "spacesuit";
};

/// The helper process, started with the first request and ended with this object. Connections are
/// kept open between requests. Proxies are taken from `http_proxy`, `https_proxy`, `all_proxy` and
/// `no_proxy`, in either case.
class [[nodiscard]] Client {
 public:
  /// \errors ENOENT when there is no helper
  static Result<Client> start(const ClientOptions& options = {});
  Client(Client&&) noexcept = default;
  Client& operator=(Client&&) noexcept = default;

  /// Sends \p request and returns when the head of the answer is here. May be called by several
  /// threads at once. Redirects are followed to https, and to http where the request allows plain
  /// text and was plain itself; headers marked as credentials stay with the first origin.
  ///
  /// Any status is an answer, not an error.
  /// \errors ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH (no such host), EPROTO (no HTTP),
  /// EKEYREJECTED (TLS: not who it says), ELOOP (too many redirects), EPERM (where plain text or a
  /// redirect is not allowed), EINVAL (a header or URL that cannot be)
  Result<Response> send(const Request& request) const;

 private:
  Client(os::Child child, os::Fd control, ClientOptions options)
      : child_(std::move(child)), control_(std::move(control)), options_(std::move(options)) {}
  Result<os::Fd> open_request() const;
  Result<Response> exchange(const Request& request, const Url& url) const;
  os::Child child_;
  os::Fd control_;
  ClientOptions options_;
};

}  // namespace suit::http
