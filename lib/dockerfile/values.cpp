#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "dockerfile/text_internal.h"
#include "dockerfile/values_internal.h"

namespace suit::dockerfile {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};
constexpr std::array<Unit, 8> kTimeUnits = {{{"ns", 1},
                                             {"us", 1e3},
                                             {"µs", 1e3},
                                             {"μs", 1e3},
                                             {"ms", 1e6},
                                             {"s", 1e9},
                                             {"m", 60e9},
                                             {"h", 3600e9}}};

std::size_t number_length(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && (text::is_digit(text[end]) || text[end] == '.'))
    ++end;
  return end;
}

std::optional<double> to_double(std::string_view text) {
  double value = 0;
  if (std::ranges::count(text, '.') > 1 || text == ".") return std::nullopt;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::expected<std::chrono::nanoseconds, std::string> parse_duration(std::string_view text) {
  std::string_view rest = text;
  bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return std::chrono::nanoseconds(0);
  auto invalid = [&] {
    return std::unexpected(fmt::format("time: invalid duration {}", text::quote(text)));
  };
  if (rest.empty()) return invalid();
  double total = 0;
  while (!rest.empty()) {
    std::size_t digits = number_length(rest);
    std::optional<double> number = to_double(rest.substr(0, digits));
    if (!number) return invalid();
    rest.remove_prefix(digits);
    std::size_t end = 0;
    while (end < rest.size() && !text::is_digit(rest[end]) && rest[end] != '.')
      ++end;
    std::string_view name = rest.substr(0, end);
    if (name.empty())
      return std::unexpected(fmt::format("time: missing unit in duration {}", text::quote(text)));
    auto unit = std::ranges::find(kTimeUnits, name, &Unit::name);
    if (unit == kTimeUnits.end())
      return std::unexpected(fmt::format("time: unknown unit {} in duration {}", text::quote(name),
                                         text::quote(text)));
    total += *number * unit->factor;
    rest.remove_prefix(end);
  }
  // 292 years are what 64 bits of nanoseconds hold.
  if (total >= 9.2e18) return invalid();
  auto count = static_cast<std::int64_t>(total);
  return std::chrono::nanoseconds(negative ? -count : count);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::size_t digits = number_length(text);
  std::optional<double> number = to_double(text.substr(0, digits));
  if (!number) return std::nullopt;
  std::string unit = text::lower(text::trim(text.substr(digits)));
  if (unit.ends_with("ib"))
    unit.resize(unit.size() - 2);
  else if (unit.ends_with('b'))
    unit.pop_back();
  constexpr std::string_view kUnits = "kmgtp";
  double factor = 1;
  if (unit.size() > 1) return std::nullopt;
  if (unit.size() == 1) {
    std::size_t power = kUnits.find(unit[0]);
    if (power == std::string_view::npos) return std::nullopt;
    for (std::size_t i = 0; i <= power; ++i)
      factor *= 1024;
  }
  double bytes = *number * factor;
  if (bytes >= static_cast<double>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

std::optional<bool> parse_bool(std::string_view text) {
  for (std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes) return true;
  for (std::string_view no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no) return false;
  return std::nullopt;
}

std::optional<std::uint32_t> parse_number(std::string_view text, int base) {
  std::uint32_t value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_mode(std::string_view text) {
  constexpr std::uint32_t kAllBits = 07777;
  if (std::optional<std::uint32_t> octal = parse_number(text, 8)) return *octal <= kAllBits;
  if (text.empty()) return false;
  while (true) {
    std::size_t comma = std::min(text.find(','), text.size());
    std::string_view clause = text.substr(0, comma);
    std::size_t who = std::min(clause.find_first_not_of("ugoa"), clause.size());
    std::string_view rest = clause.substr(who);
    if (rest.empty() || std::string_view("+-=").find(rest[0]) == std::string_view::npos)
      return false;
    if (rest.find_first_not_of("+-=rwxXstugo") != std::string_view::npos) return false;
    if (comma == text.size()) return true;
    text.remove_prefix(comma + 1);
  }
}

bool is_signal(std::string_view text) {
  constexpr std::uint32_t kLast = 64;
  constexpr std::array<std::string_view, 37> kNames = {
      "ABRT", "ALRM", "BUS",    "CHLD",  "CLD",   "CONT",  "FPE",   "HUP",  "ILL",  "INT",
      "IO",   "IOT",  "KILL",   "PIPE",  "POLL",  "PROF",  "PWR",   "QUIT", "SEGV", "STKFLT",
      "STOP", "SYS",  "TERM",   "TRAP",  "TSTP",  "TTIN",  "TTOU",  "URG",  "USR1", "USR2",
      "XCPU", "XFSZ", "VTALRM", "WINCH", "RTMIN", "RTMAX", "UNUSED"};
  if (std::optional<std::uint32_t> number = parse_number(text, 10))
    return *number > 0 && *number <= kLast;
  std::string name = text::upper(text);
  if (name.starts_with("SIG")) name.erase(0, 3);
  if (std::ranges::find(kNames, name) != kNames.end()) return true;
  std::string_view rest = name;
  bool counted = rest.starts_with("RTMIN+") || rest.starts_with("RTMAX-");
  if (!counted) return false;
  std::optional<std::uint32_t> steps = parse_number(rest.substr(6), 10);
  return steps && *steps >= 1 && *steps <= 15;
}

bool has_variable(std::string_view text) {
  std::size_t dollar = text.find('$');
  return dollar != std::string_view::npos && dollar + 1 < text.size();
}

}  // namespace suit::dockerfile
