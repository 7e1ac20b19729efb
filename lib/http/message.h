/// \file
/// What is asked for: a request with its bounds.
/// \source RFC 9110

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stream.h"

namespace suit::http {

/// Whether a header may be shown to another host than the first one asked.
enum class Credential { No, Yes };

/// One header field. Names are compared without regard to case.
struct Header {
  std::string name;
  std::string value;
  Credential credential = Credential::No;  ///< Yes: never sent to another origin
};

/// Where a request may go in clear text.
enum class PlainHttp { Refuse, Loopback, Allow };

enum class Redirects { Refuse, Follow };

/// Whom to believe. The system's authorities always count.
struct Tls {
  std::string ca_file;    ///< more authorities, PEM; empty: none
  std::string cert_file;  ///< the client's own certificate, PEM; empty: none
  std::string key_file;   ///< its key, PEM
  bool verify = true;     ///< false: anybody may be the server
};

/// What an answer may cost.
struct Limits {
  std::uint64_t body_bytes = 4ULL << 20;
  std::chrono::milliseconds connect = std::chrono::seconds(20);
  /// Without a byte of the body for so long (below 100 bytes/s), the transfer ends.
  std::chrono::seconds stall = std::chrono::seconds(60);
  std::chrono::milliseconds total = {};  ///< of one exchange; 0: as long as bytes come
};

/// A request. `body_text` or `body_stream`, not both.
struct Request {
  std::string method = "GET";
  std::string url;
  std::vector<Header> headers;
  std::string body_text;                        ///< sent again on a redirect or a retry
  Reader* body_stream = nullptr;                ///< read once; must outlive `send`
  std::optional<std::uint64_t> body_size = {};  ///< of the stream; none: sent in chunks
  PlainHttp plain = PlainHttp::Refuse;
  Redirects redirects = Redirects::Follow;
  Tls tls;
  Limits limits;
};

/// Adds what is asked for with each request: `Range: bytes=<from>-`.
Header range_from(std::uint64_t first_byte);

}  // namespace suit::http
