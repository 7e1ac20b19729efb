/// \file
/// Trying again: what is worth it, and how long to wait before.
/// \source RFC 9110 sections 9.2.2 (idempotent methods) and 10.2.3 (Retry-After); RFC 6585 (429)

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "http/client.h"

namespace suit::http {

/// How often, and how patiently.
struct RetryPolicy {
  int attempts = 5;  ///< in all
  std::chrono::milliseconds first = std::chrono::milliseconds(500);
  std::chrono::milliseconds longest = std::chrono::seconds(15);
  /// A server may ask for more than `longest`, up to this; beyond it we give up at once.
  std::chrono::seconds longest_asked = std::chrono::seconds(60);
};

/// 408, 429, 500, 502, 503, 504: the same request may succeed a moment later.
bool is_worth_retrying(int status);
/// Refused, reset, timed out: the network's errors, not the server's.
bool is_worth_retrying(const Error& error);

/// `Retry-After` as a duration from \p now: seconds, or a date. nullopt: none, or not readable.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value,
                                                      std::chrono::sys_seconds now);

/// How long to wait before attempt \p attempt + 1 (from 1); nullopt: not at all, the server asks
/// for too much. \p jitter between 0 and 1 spreads clients that failed together.
std::optional<std::chrono::milliseconds> delay_before_next(
    const RetryPolicy& policy, int attempt, std::optional<std::chrono::seconds> asked,
    double jitter);

/// `Client::send`, repeated while it is worth it. A request whose body is a stream is sent once,
/// and so is one whose method is not idempotent, unless the server refused it unread (429, 503).
Result<Response> send_with_retries(const Client& client, const Request& request,
                                   const RetryPolicy& policy = {});

}  // namespace suit::http
