#include "base/time.h"

#include <charconv>
#include <chrono>
#include <ctime>

#include <fmt/format.h>

namespace suit {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;  // ns

// Reads exactly `count` digits from the front of `rest`.
std::optional<int> take_digits(std::string_view& rest, std::size_t count) {
  if (rest.size() < count) return std::nullopt;
  int value = 0;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + count, value);
  bool all_digits = error == std::errc() && end == rest.data() + count && rest[0] != '-';
  if (!all_digits) return std::nullopt;
  rest.remove_prefix(count);
  return value;
}

bool take(std::string_view& rest, std::string_view any_of) {
  if (rest.empty() || any_of.find(rest[0]) == std::string_view::npos) return false;
  rest.remove_prefix(1);
  return true;
}

// A field of the date: digits, then the separator that must follow.
struct Field {
  std::size_t digits;
  std::string_view separator;
};

std::optional<std::int64_t> take_fraction(std::string_view& rest) {
  std::int64_t value = 0;
  std::int64_t unit = kSecond;
  std::size_t digits = 0;
  while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') {
    unit /= 10;
    value += unit * (rest[0] - '0');
    rest.remove_prefix(1);
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  return value;
}

// `Z`, or `+hh:mm`: seconds east of UTC.
std::optional<int> take_offset(std::string_view& rest) {
  if (take(rest, "Zz")) return 0;
  bool west = !rest.empty() && rest[0] == '-';
  if (!take(rest, "+-")) return std::nullopt;
  auto hours = take_digits(rest, 2);
  if (!hours || *hours > 23 || !take(rest, ":")) return std::nullopt;
  auto minutes = take_digits(rest, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  int seconds = (*hours * 60 + *minutes) * 60;
  return west ? -seconds : seconds;
}

std::optional<std::int64_t> parse(std::string_view rest) {
  constexpr Field kFields[] = {{4, "-"}, {2, "-"}, {2, "Tt "}, {2, ":"}, {2, ":"}, {2, ""}};
  int parts[6] = {};
  for (std::size_t i = 0; i < std::size(kFields); ++i) {
    auto digits = take_digits(rest, kFields[i].digits);
    if (!digits) return std::nullopt;
    parts[i] = *digits;
    if (!kFields[i].separator.empty() && !take(rest, kFields[i].separator)) return std::nullopt;
  }
  std::chrono::year_month_day date{std::chrono::year(parts[0]),
                                   std::chrono::month(static_cast<unsigned>(parts[1])),
                                   std::chrono::day(static_cast<unsigned>(parts[2]))};
  // Seconds since 1970 in 64-bit nanoseconds end in 2262.
  bool in_range = date.ok() && parts[0] >= 1678 && parts[0] < 2262 && parts[3] < 24 &&
                  parts[4] < 60 && parts[5] <= 60;
  if (!in_range) return std::nullopt;
  std::int64_t fraction = 0;
  if (take(rest, ".")) {
    auto digits = take_fraction(rest);
    if (!digits) return std::nullopt;
    fraction = *digits;
  }
  auto offset = take_offset(rest);
  if (!offset || !rest.empty()) return std::nullopt;
  std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  std::int64_t seconds = ((days * 24 + parts[3]) * 60 + parts[4]) * 60 + parts[5] - *offset;
  return seconds * kSecond + fraction;
}

}  // namespace

std::int64_t now_ns() {
  timespec now{};
  if (::clock_gettime(CLOCK_REALTIME, &now) != 0) return 0;  // only for a clock that does not exist
  return now.tv_sec * kSecond + now.tv_nsec;
}

std::string to_rfc3339(std::int64_t time_ns) {
  std::int64_t seconds = time_ns / kSecond;
  std::int64_t fraction = time_ns % kSecond;
  if (fraction < 0) {
    fraction += kSecond;
    --seconds;
  }
  std::chrono::sys_seconds point{std::chrono::seconds(seconds)};
  auto day = std::chrono::floor<std::chrono::days>(point);
  std::chrono::year_month_day date(day);
  std::chrono::hh_mm_ss time(point - day);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  time.hours().count(), time.minutes().count(), time.seconds().count());
  return fraction == 0 ? text + "Z" : fmt::format("{}.{:09}Z", text, fraction);
}

Result<std::int64_t> parse_rfc3339(std::string_view text) {
  auto time = parse(text.substr(0, 64));
  if (!time || text.size() > 64)
    return fail(0, fmt::format("\"{}\" is not an RFC 3339 time", text.substr(0, 64)));
  return *time;
}

}  // namespace suit
