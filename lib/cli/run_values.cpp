#include "cli/run_values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

#include "base/split.h"
#include "base/suggest.h"
#include "cli/settings.h"
#include "cli/units.h"
#include "os/file.h"

namespace suit::cli {
namespace {

constexpr std::uint32_t kLastPort = 65535;

// In the network's own form, or nullopt.
std::optional<std::string> canonical_address(std::string_view text) {
  const std::string address(text);
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> out{};
  for (const int family : {AF_INET, AF_INET6})
    if (::inet_pton(family, address.c_str(), bytes.data()) == 1)
      return ::inet_ntop(family, bytes.data(), out.data(), out.size());
  return std::nullopt;
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// A label of a domain name: letters, digits, and hyphens inside.
bool is_domain_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && is_alphanumeric(label.front()) &&
         is_alphanumeric(label.back()) &&
         std::ranges::all_of(label, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool has_letter(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

Result<std::uint32_t> read_port(std::string_view text, std::string_view which) {
  const auto refuse = [&](std::string_view reason) {
    return fail(0, fmt::format("invalid range format for --expose: invalid {} port '{}': {}", which,
                               text, reason));
  };
  if (text.empty()) return refuse("value is empty");
  std::uint32_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error == std::errc::result_out_of_range) return refuse("value out of range");
  if (error != std::errc() || end != text.data() + text.size()) return refuse("invalid syntax");
  if (port > kLastPort) return refuse("value out of range");
  return port;
}

Result<std::uint32_t> read_count(const std::string& key, const std::string& value) {
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
  if (error != std::errc() || end != value.data() + value.size() || count < 1 || count > 1000)
    return fail(
        0, fmt::format("invalid log opt {}={}: a number from 1 to 1000 is expected", key, value));
  return count;
}

// json-file's own options; those that ask for more than we do are refused, not ignored.
Result<void> read_file_option(engine::LogOptions& log, const std::string& key,
                              const std::string& value) {
  constexpr std::array<std::string_view, 9> kKnown = {"max-size",     "max-file",  "labels",
                                                      "env",          "compress",  "mode",
                                                      "labels-regex", "env-regex", "tag"};
  if (std::find(kKnown.begin(), kKnown.end(), key) == kKnown.end())
    return fail(0, fmt::format("unknown log opt '{}' for json-file log driver{}", key,
                               did_you_mean(key, kKnown)));
  if (key == "max-size") {
    const Result<std::uint64_t> size = parse_decimal_size(value);
    constexpr std::uint64_t kLeast = 1000;  // a few lines
    if (!size || *size < kLeast)
      return fail(
          0, fmt::format("invalid log opt max-size={}: a size of at least 1k is expected", value),
          "write it like 10m");
    log.max_size_bytes = *size;
  } else if (key == "max-file") {
    SUIT_LET(log.max_files, read_count(key, value));
  } else if (key == "labels" || key == "env" || (key == "compress" && value == "false") ||
             (key == "mode" && value == "blocking")) {
    return {};
  } else {
    return fail(0, fmt::format("log opt {}={} is not supported yet", key, value));
  }
  return {};
}

}  // namespace

Result<std::string> read_address(std::string_view text) {
  std::string_view trimmed = text;
  while (trimmed.starts_with(' '))
    trimmed.remove_prefix(1);
  while (trimmed.ends_with(' '))
    trimmed.remove_suffix(1);
  if (auto address = canonical_address(trimmed)) return *std::move(address);
  return fail(0, fmt::format("IP address is not correctly formatted: {}", text));
}

Result<std::string> read_extra_host(std::string_view text) {
  std::size_t middle = text.find('=');
  if (middle == std::string_view::npos) middle = text.find(':');
  const std::string_view name = text.substr(0, middle);
  if (middle == std::string_view::npos || name.empty() ||
      name.find_first_of(": \t\n#") != std::string_view::npos)
    return fail(0, fmt::format("bad format for add-host: \"{}\"", text), "write it NAME:ADDRESS");
  std::string_view address = text.substr(middle + 1);
  if (address.size() > 2 && address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  if (address != "host-gateway" && !canonical_address(address))
    return fail(0, fmt::format("invalid IP address in add-host: \"{}\"", address));
  return fmt::format("{}:{}", name, address);
}

Result<std::string> read_search_domain(std::string_view text) {
  if (text == ".") return std::string(text);
  std::string_view domain = text;
  if (domain.ends_with('.')) domain.remove_suffix(1);
  const auto labels = split(domain, '.');
  const bool good =
      domain.size() <= 255 && has_letter(domain) && std::ranges::all_of(labels, is_domain_label);
  if (!good) return fail(0, fmt::format("{} is not a valid domain", text));
  return std::string(text);
}

Result<std::vector<std::string>> read_exposed(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view range = text.substr(0, slash);
  const std::string_view protocol =
      slash == std::string_view::npos ? "tcp" : text.substr(slash + 1);
  const std::size_t dash = range.find('-');
  SUIT_LET(const std::uint32_t first, read_port(range.substr(0, dash), "start"));
  std::uint32_t last = first;
  if (dash != std::string_view::npos) {
    SUIT_LET(last, read_port(range.substr(dash + 1), "end"));
  }
  if (last < first)
    return fail(0, fmt::format("invalid range format for --expose: {}: the end is before the start",
                               range));
  std::vector<std::string> ports;
  for (std::uint32_t port = first; port <= last; ++port)
    ports.push_back(fmt::format("{}/{}", port, protocol));
  return ports;
}

Result<engine::LogOptions> read_log_options(const std::string& driver,
                                            const std::vector<std::string>& settings) {
  engine::LogOptions log;
  if (!driver.empty()) log.driver = driver;
  constexpr std::array<std::string_view, 2> kDrivers = {"json-file", "none"};
  if (log.driver == "none" && !settings.empty())
    return fail(0, "invalid logging opts for driver none");
  if (std::find(kDrivers.begin(), kDrivers.end(), log.driver) == kDrivers.end())
    return fail(0,
                fmt::format("log driver {} is not supported yet{}", log.driver,
                            did_you_mean(log.driver, kDrivers)),
                "there are json-file and none");
  bool sized = false;
  bool counted = false;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    const std::string key = setting.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : setting.substr(equals + 1);
    SUIT_TRY(read_file_option(log, key, value));
    log.given[key] = value;
    sized = sized || key == "max-size";
    counted = counted || key == "max-file";
  }
  // As Docker's: whoever gives a size and no number has one file.
  if (sized && !counted) log.max_files = 1;
  return log;
}

Result<std::map<std::string, std::string>> read_all_labels(
    const std::vector<std::string>& files, const std::vector<std::string>& settings) {
  std::vector<std::string> all;
  for (const std::string& file : files) {
    const Result<std::string> text = os::read_file(file);
    if (!text && text.error().code() == ENOENT)
      return fail(0, fmt::format("--label-file: open {}: no such file or directory", file));
    if (!text) return wrap(Error(text.error()), "--label-file");
    // A bare name in such a file is a label without a value, not one of the caller's variables.
    for (std::string_view line : split(*text, '\n')) {
      if (line.ends_with('\r')) line.remove_suffix(1);
      const std::size_t start = line.find_first_not_of(" \t");
      if (start != std::string_view::npos && line[start] != '#')
        all.emplace_back(line.substr(start));
    }
  }
  all.insert(all.end(), settings.begin(), settings.end());
  return read_labels(all);
}

}  // namespace suit::cli
