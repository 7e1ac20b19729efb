#include "cli/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <optional>

#include <fmt/format.h>

#include "base/time.h"

namespace suit::cli {
namespace {

constexpr std::array<const char*, 9> kDecimal = {"B",  "kB", "MB", "GB", "TB",
                                                 "PB", "EB", "ZB", "YB"};
constexpr std::array<const char*, 9> kBinary = {"B",   "KiB", "MiB", "GiB", "TiB",
                                                "PiB", "EiB", "ZiB", "YiB"};

std::string scaled(double size, double base, const std::array<const char*, 9>& units, int digits) {
  std::size_t unit = 0;
  while (size >= base && unit + 1 < units.size()) {
    size /= base;
    ++unit;
  }
  return fmt::format("{:.{}g}{}", size, digits, units[unit]);
}

}  // namespace

std::string human_size(double size_bytes, int digits) {
  return scaled(size_bytes, 1000, kDecimal, digits);
}

std::string binary_size(double size_bytes) { return scaled(size_bytes, 1024, kBinary, 4); }

std::string human_duration(std::chrono::milliseconds age) {
  const std::int64_t seconds = age.count() / 1000;
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = (seconds + 1800) / 3600;  // rounded, unlike the others
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return fmt::format("{} seconds", seconds);
  if (minutes == 1) return "About a minute";
  if (minutes < 60) return fmt::format("{} minutes", minutes);
  if (hours == 1) return "About an hour";
  if (hours < 48) return fmt::format("{} hours", hours);
  if (hours < 24 * 7 * 2) return fmt::format("{} days", hours / 24);
  if (hours < 24 * 30 * 2) return fmt::format("{} weeks", hours / 24 / 7);
  if (hours < 24 * 365 * 2) return fmt::format("{} months", hours / 24 / 30);
  return fmt::format("{} years", seconds / 3600 / 24 / 365);
}

std::string human_age(const std::string& rfc3339, std::int64_t now_ns) {
  const Result<std::int64_t> then = parse_rfc3339(rfc3339);
  if (!then || *then <= 0) return then && *then == 0 ? "N/A" : "";
  return human_duration(std::chrono::milliseconds((now_ns - *then) / 1'000'000)) + " ago";
}

namespace {

// Docker's suffixes; \p base to the power of their rank.
Result<std::uint64_t> parse_scaled(std::string_view text, double base) {
  constexpr std::string_view kUnits = "bkmgtp";
  const std::size_t last = text.find_last_of("0123456789. ");
  const auto refuse = [&] {
    return fail(0, fmt::format("invalid size: '{}'", text), "write it like 64m or 1.5g");
  };
  if (last == std::string_view::npos) return refuse();
  const std::string_view number = text.substr(0, text[last] == ' ' ? last : last + 1);
  std::string suffix(text.substr(last + 1));
  for (char& c : suffix)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  double size = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), size);
  if (error != std::errc() || end != number.data() + number.size() || !(size >= 0)) return refuse();
  if (!suffix.empty()) {
    const std::size_t power = kUnits.find(suffix[0]);
    const std::string_view rest = std::string_view(suffix).substr(1);
    const bool known = power != std::string_view::npos &&
                       (rest.empty() || (power > 0 && (rest == "b" || rest == "ib")));
    if (!known) return refuse();
    for (std::size_t i = 0; i < power; ++i)
      size *= base;
  }
  if (size >= 18446744073709551615.0) return refuse();
  return static_cast<std::uint64_t>(size);
}

struct DurationUnit {
  std::string_view name;
  double ns;
};
// Longer names first where one begins another: `ms` before `m`.
constexpr std::array<DurationUnit, 7> kDurationUnits = {
    {{"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// `1700000000` or `1700000000.123456789`
std::optional<std::int64_t> parse_epoch(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  std::string fraction(dot == std::string_view::npos ? "" : text.substr(dot + 1));
  const bool shaped = is_digits(whole) && whole.size() <= 10 && fraction.size() <= 9 &&
                      (dot == std::string_view::npos || is_digits(fraction));
  if (!shaped) return std::nullopt;
  fraction.resize(9, '0');
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  std::from_chars(whole.data(), whole.data() + whole.size(), seconds);
  std::from_chars(fraction.data(), fraction.data() + fraction.size(), nanoseconds);
  return seconds * 1'000'000'000 + nanoseconds;
}

// `2024-01-02`, `2024-01-02T15:04`, `…:05.5`: local time, as nobody said otherwise.
std::optional<std::int64_t> parse_local(std::string_view text) {
  std::string full(text);
  if (full.size() == 10) full += "T00";
  if (full.size() == 13) full += ":00";
  if (full.size() == 16) full += ":00";
  const auto as_utc = parse_rfc3339(full + "Z");
  if (!as_utc) return std::nullopt;
  const std::time_t seconds = static_cast<std::time_t>(*as_utc / 1'000'000'000);
  std::tm parts{};
  if (!::gmtime_r(&seconds, &parts)) return std::nullopt;
  parts.tm_isdst = -1;
  return std::int64_t{::mktime(&parts)} * 1'000'000'000 + *as_utc % 1'000'000'000;
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) { return parse_scaled(text, 1024); }

Result<std::uint64_t> parse_decimal_size(std::string_view text) { return parse_scaled(text, 1000); }

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const auto refuse = [&] {
    return fail(0, fmt::format("invalid duration \"{}\"", text), "write it like 90s or 1h30m");
  };
  if (text == "0") return std::chrono::nanoseconds(0);
  std::string_view rest = text;
  double total = 0;
  while (!rest.empty()) {
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
    double count = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + digits, count);
    if (digits == 0 || error != std::errc() || end != rest.data() + digits) return refuse();
    rest.remove_prefix(digits);
    const auto* unit = std::find_if(kDurationUnits.begin(), kDurationUnits.end(),
                                    [&](const auto& one) { return rest.starts_with(one.name); });
    if (unit == kDurationUnits.end()) return refuse();
    rest.remove_prefix(unit->name.size());
    total += count * unit->ns;
  }
  if (text.empty() || total > 9e18) return refuse();
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

Result<std::int64_t> parse_when(std::string_view text, std::int64_t now_ns) {
  if (const auto epoch = parse_epoch(text)) return *epoch;
  if (const auto ago = parse_duration(text)) return now_ns - ago->count();
  if (const auto exact = parse_rfc3339(text)) return *exact;
  if (const auto local = parse_local(text)) return *local;
  return fail(0, fmt::format("invalid time \"{}\"", text),
              "write it like 2024-01-02T15:04:05Z, 1704207845 or 10m");
}

}  // namespace suit::cli
