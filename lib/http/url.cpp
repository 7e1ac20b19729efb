#include "http/url.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "base/split.h"

namespace suit::http {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Only the start of the text is quoted: a query may hold a signature that is as good as a password.
Error bad(std::string_view text, std::string_view why) {
  std::string_view shown = text.substr(0, std::min<std::size_t>(text.find('?'), 200));
  std::size_t at = shown.find('@');
  if (at != std::string_view::npos) shown = "...";
  std::string printable;
  for (char c : shown)
    printable += c > 0x20 && c < 0x7f ? c : '?';
  return Error(0, fmt::format("URL \"{}\": {}", printable, why));
}

bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    if (host.size() < 4 || !host.ends_with(']')) return false;
    return std::ranges::all_of(host.substr(1, host.size() - 2), [](char c) {
      return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
    });
  }
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';
  });
}

bool is_port(std::string_view port) {
  if (port.empty() || port.size() > 5 || !std::ranges::all_of(port, is_digit)) return false;
  std::uint32_t value = 0;
  for (char c : port)
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  return value > 0 && value < 65536;
}

// A path without `.` and `..`; it begins with `/` and never leaves the root.
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  std::vector<std::string_view> parts = split(path.substr(1), '/');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    bool last = i + 1 == parts.size();
    if (parts[i] == "..") {
      if (!kept.empty()) kept.pop_back();
      if (last) kept.emplace_back();
    } else if (parts[i] == ".") {
      if (last) kept.emplace_back();
    } else {
      kept.push_back(parts[i]);
    }
  }
  std::string out;
  for (std::string_view part : kept)
    out.append("/").append(part);
  return out.empty() ? "/" : out;
}

bool has_scheme(std::string_view text) {
  std::size_t colon = text.find_first_of(":/?#");
  return colon != std::string_view::npos && colon > 0 && text[colon] == ':' && is_alpha(text[0]);
}

}  // namespace

std::string Url::text() const {
  std::string out = scheme + "://" + host;
  if (!port.empty()) out += ":" + port;
  out += path;
  if (!query.empty()) out += "?" + query;
  return out;
}

std::string Url::origin() const {
  std::string_view own = scheme == "https" ? "443" : "80";
  return fmt::format("{}://{}:{}", scheme, host, port.empty() ? own : std::string_view(port));
}

std::string_view Url::file_name() const {
  return std::string_view(path).substr(path.rfind('/') + 1);
}

bool Url::is_loopback() const { return http::is_loopback(host); }

bool is_loopback(std::string_view host) {
  if (host == "[::1]" || host.starts_with("[::1]:")) return true;
  std::string_view name = host.substr(0, host.find(':'));
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  std::vector<std::string_view> parts = split(name, '.');
  return parts.size() == 4 && parts[0] == "127" &&
         std::ranges::all_of(parts, [](std::string_view part) {
           return !part.empty() && part.size() <= 3 && std::ranges::all_of(part, is_digit);
         });
}

Result<Url> parse_url(std::string_view text) {
  if (text.size() > 8192) return std::unexpected(bad(text, "longer than 8 KiB"));
  if (!std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; }))
    return std::unexpected(bad(text, "a byte that must be written as %XX"));
  text = text.substr(0, text.find('#'));  // a fragment is the reader's own business
  std::size_t mark = text.find("://");
  if (mark == std::string_view::npos) return std::unexpected(bad(text, "no scheme"));
  Url url;
  url.scheme = lower(text.substr(0, mark));
  if (url.scheme != "http" && url.scheme != "https")
    return std::unexpected(bad(text, "only http and https are fetched"));
  std::string_view rest = text.substr(mark + 3);
  std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, end);
  if (authority.find('@') != std::string_view::npos)
    return std::unexpected(bad(text, "a user name or password in it"));
  std::size_t colon = authority.rfind(':');
  std::size_t bracket = authority.rfind(']');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    url.port = authority.substr(colon + 1);
    if (!is_port(url.port)) return std::unexpected(bad(text, "the port is no number"));
    authority = authority.substr(0, colon);
  }
  url.host = lower(authority);
  if (!is_host(url.host)) return std::unexpected(bad(text, "no host name"));
  rest.remove_prefix(end);
  std::size_t question = rest.find('?');
  url.path = rest.substr(0, question);
  if (url.path.empty()) url.path = "/";
  if (question != std::string_view::npos) url.query = rest.substr(question + 1);
  return url;
}

Result<Url> resolve_url(const Url& base, std::string_view reference) {
  if (has_scheme(reference)) return parse_url(reference);
  if (reference.starts_with("//")) return parse_url(base.scheme + ":" + std::string(reference));
  std::string authority = base.scheme + "://" + base.host;
  if (!base.port.empty()) authority += ":" + base.port;
  reference = reference.substr(0, reference.find('#'));
  if (reference.empty()) return base;
  if (reference.starts_with('?')) return parse_url(authority + base.path + std::string(reference));
  std::size_t question = std::min(reference.find('?'), reference.size());
  std::string path(reference.substr(0, question));
  if (!path.starts_with('/')) path = base.path.substr(0, base.path.rfind('/') + 1) + path;
  return parse_url(authority + without_dots(path) + std::string(reference.substr(question)));
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    if (is_digit(c) || is_alpha(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
  return out;
}

}  // namespace suit::http
