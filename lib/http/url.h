/// \file
/// URLs of http and https, taken apart and put together. Pure.
/// \source RFC 3986, sections 3 and 5.2

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace suit::http {

/// A URL whose scheme is `http` or `https`, lower case. No user information: credentials travel in
/// headers, never in names.
struct Url {
  std::string scheme;
  std::string host;   ///< lower case; \shape `example.com`, `[::1]`
  std::string port;   ///< empty: the scheme's own
  std::string path;   ///< begins with `/`
  std::string query;  ///< without `?`

  std::string text() const;
  /// `https://example.com:443`: whom credentials are for.
  std::string origin() const;
  /// The path's last part, not decoded; empty when the path ends with `/`.
  std::string_view file_name() const;
  /// Whether the name means this machine: `localhost`, `*.localhost`, 127.0.0.0/8, `[::1]`.
  bool is_loopback() const;

  friend bool operator==(const Url&, const Url&) = default;
};

/// Whether \p host (with or without a port) is this machine by its name alone.
bool is_loopback(std::string_view host);

/// \errors 0 with the reason: another scheme, no host, user information, a byte that no URL holds
Result<Url> parse_url(std::string_view text);

/// What \p reference (a `Location` header) means in an answer from \p base.
/// \errors as `parse_url`
Result<Url> resolve_url(const Url& base, std::string_view reference);

/// \p text for a query: every byte but letters, digits and `-._~` becomes `%XX`.
std::string percent_encode(std::string_view text);

}  // namespace suit::http
