#include "cli/units.h"

#include <array>
#include <charconv>

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

Result<std::uint64_t> parse_size(std::string_view text) {
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
      size *= 1024;
  }
  if (size >= 18446744073709551615.0) return refuse();
  return static_cast<std::uint64_t>(size);
}

}  // namespace suit::cli
