#include "http/retry.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <random>
#include <string>
#include <thread>

#include <fmt/format.h>

#include "base/log.h"

namespace suit::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::optional<int> number(std::string_view text) {
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form of a date that servers may send.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  std::size_t month = kMonths.find(text.substr(8, 3));
  auto day = number(text.substr(5, 2));
  auto year = number(text.substr(12, 4));
  auto hour = number(text.substr(17, 2));
  auto minute = number(text.substr(20, 2));
  auto second = number(text.substr(23, 2));
  if (month == std::string_view::npos || month % 3 != 0 || !day || !year || !hour || !minute ||
      !second)
    return std::nullopt;
  std::chrono::year_month_day date{std::chrono::year(*year),
                                   std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                   std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         seconds(*second);
}

double random_fraction() {
  std::random_device device;
  return std::uniform_real_distribution<double>(0, 1)(device);
}

// Whether the answer says that nothing was done, so that even a POST may be sent again.
bool was_refused_unread(const Result<Response>& answer) {
  return answer && (answer->status() == 429 || answer->status() == 503);
}

bool may_repeat(const Request& request, const Result<Response>& answer) {
  if (request.body_stream) return false;
  if (answer ? !is_worth_retrying(answer->status()) : !is_worth_retrying(answer.error()))
    return false;
  return request.method != "POST" && request.method != "PATCH" ? true : was_refused_unread(answer);
}

}  // namespace

bool is_worth_retrying(int status) {
  constexpr std::array kPassing = {408, 429, 500, 502, 503, 504};
  return std::ranges::find(kPassing, status) != kPassing.end();
}

bool is_worth_retrying(const Error& error) {
  // A name that does not resolve will not in ten seconds: who is offline shall hear it now.
  constexpr std::array kPassing = {ECONNREFUSED, ECONNRESET, ETIMEDOUT};
  return std::ranges::find(kPassing, error.code()) != kPassing.end();
}

std::optional<seconds> parse_retry_after(std::string_view value, std::chrono::sys_seconds now) {
  if (auto count = number(value)) return seconds(*count);
  auto date = parse_http_date(value);
  if (!date) return std::nullopt;
  return std::max(seconds(0), *date - now);
}

std::optional<milliseconds> delay_before_next(const RetryPolicy& policy, int attempt,
                                              std::optional<seconds> asked, double jitter) {
  if (asked && *asked > policy.longest_asked) return std::nullopt;
  milliseconds wait = policy.first;
  for (int i = 1; i < attempt && wait < policy.longest; ++i)
    wait *= 2;
  wait = std::min(wait, policy.longest);
  // Between half and all of it: clients that failed together do not come back together.
  wait = milliseconds(
      static_cast<std::int64_t>(static_cast<double>(wait.count()) * (0.5 + jitter / 2)));
  return asked ? std::max<milliseconds>(wait, *asked) : wait;
}

Result<Response> send_with_retries(const Client& client, const Request& request,
                                   const RetryPolicy& policy) {
  for (int attempt = 1;; ++attempt) {
    auto answer = client.send(request);
    if (attempt >= policy.attempts || !may_repeat(request, answer)) return answer;
    std::optional<seconds> asked;
    if (answer)
      if (auto value = answer->header("Retry-After"))
        asked = parse_retry_after(*value,
                                  std::chrono::floor<seconds>(std::chrono::system_clock::now()));
    auto wait = delay_before_next(policy, attempt, asked, random_fraction());
    if (!wait) return answer;
    SUIT_LOG(Info, "{} {}: {}; again in {} ms", request.method,
             request.url.substr(0, request.url.find('?')),
             answer ? fmt::format("status {}", answer->status()) : answer.error().message(),
             wait->count());
    std::this_thread::sleep_for(*wait);
  }
}

}  // namespace suit::http
