// The grammar, from the reference implementation (distribution/reference):
//
//   reference        := name [ ":" tag ] [ "@" digest ]
//   name             := [ domain "/" ] path
//   domain           := host [ ":" port ]               port := [0-9]+
//   host             := component ( "." component )* | "[" [0-9a-fA-F:]+ "]"
//   component        := [a-zA-Z0-9] | [a-zA-Z0-9] [a-zA-Z0-9-]* [a-zA-Z0-9]
//   path             := path-component ( "/" path-component )*
//   path-component   := [a-z0-9]+ ( separator [a-z0-9]+ )*
//   separator        := "." | "_" | "__" | "-"+
//   tag              := [A-Za-z0-9_] [A-Za-z0-9_.-]{0,127}
//   digest           := algorithm ":" hex{32,}
//
// It can be split without backtracking: no name or tag holds "@"; a tag holds no "/", a path no
// ":".

#include "naming/reference.h"

#include <algorithm>

#include <fmt/format.h>

#include "naming/grammar.h"

namespace suit::naming {
namespace {

constexpr std::string_view kDefaultDomain = "docker.io";
constexpr std::string_view kLegacyDefaultDomain = "index.docker.io";
constexpr std::string_view kOfficialPrefix = "library/";
constexpr std::size_t kPathLimit = 255;
constexpr std::size_t kTagLimit = 128;
constexpr std::size_t kHexLeast = 32;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_lower(c) || is_upper(c) || is_digit(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

template <typename Predicate>
bool each_part(std::string_view text, char separator, Predicate&& is_part) {
  while (true) {
    const std::size_t end = text.find(separator);
    if (!is_part(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

bool is_domain_component(std::string_view text) {
  return !text.empty() && is_alnum(text.front()) && is_alnum(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

bool is_separator(std::string_view text) {
  return text == "." || text == "_" || text == "__" ||
         (!text.empty() && text.find_first_not_of('-') == std::string_view::npos);
}

bool is_path_component(std::string_view text) {
  auto is_word = [](char c) { return is_lower(c) || is_digit(c); };
  if (text.empty() || !is_word(text.front()) || !is_word(text.back())) return false;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (!is_word(text[end]))
      ++end;  // stops: the last character is a word character
    if (end > i && !is_separator(text.substr(i, end - i))) return false;
    i = end + 1;
  }
  return true;
}

// algorithm := component ( [+._-] component )*, component := [A-Za-z][A-Za-z0-9]*
bool is_digest_algorithm(std::string_view text) {
  bool start = true;
  for (char c : text) {
    if (start && !is_lower(c) && !is_upper(c)) return false;
    if (!start && !is_alnum(c) && std::string_view("+._-").find(c) == std::string_view::npos)
      return false;
    start = !is_alnum(c);
  }
  return !start;
}

bool is_digest(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !is_digest_algorithm(text.substr(0, colon))) return false;
  const std::string_view hex = text.substr(colon + 1);
  return hex.size() >= kHexLeast && std::all_of(hex.begin(), hex.end(), is_hex);
}

std::string explain(std::string_view text) {
  return fmt::format("\"{}\" should be [registry[:port]/]name[:tag][@digest], such as python:3.12",
                     text);
}

Error malformed(std::string_view text) {
  return Error(0, "invalid reference format").with_hint(explain(text));
}

struct UserName {
  std::string domain;
  std::string rest;  ///< path, tag and digest
};

// The first part is a registry only if it could not be a Docker Hub user: `localhost/x`,
// `a.b/x`, `a:1/x`, `Upper/x`.
UserName split_domain(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos)
    return {std::string(kDefaultDomain), std::string(kOfficialPrefix).append(text)};
  const std::string_view first = text.substr(0, slash);
  UserName name{std::string(kDefaultDomain), std::string(text)};
  if (first == kLegacyDefaultDomain) {
    name.rest = text.substr(slash + 1);
  } else if (first == "localhost" || first.find_first_of(".:") != std::string_view::npos ||
             std::any_of(first.begin(), first.end(), is_upper)) {
    name = {std::string(first), std::string(text.substr(slash + 1))};
  }
  if (name.domain == kDefaultDomain && name.rest.find('/') == std::string::npos)
    name.rest.insert(0, kOfficialPrefix);
  return name;
}

}  // namespace

bool is_domain(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close == 1) return false;
    const std::string_view address = text.substr(1, close - 1);
    if (!std::all_of(address.begin(), address.end(), [](char c) { return is_hex(c) || c == ':'; }))
      return false;
    text.remove_prefix(close + 1);
    if (text.empty()) return true;
    return text.size() > 1 && text[0] == ':' && std::all_of(text.begin() + 1, text.end(), is_digit);
  }
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    const std::string_view port = text.substr(colon + 1);
    if (port.empty() || !std::all_of(port.begin(), port.end(), is_digit)) return false;
  }
  return each_part(text.substr(0, colon), '.', is_domain_component);
}

bool is_path(std::string_view text) { return each_part(text, '/', is_path_component); }

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= kTagLimit && (is_alnum(text[0]) || text[0] == '_') &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_identifier(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_hex(c) && !is_upper(c); });
}

std::optional<Parts> split_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos && is_domain(text.substr(0, slash)) &&
      is_path(text.substr(slash + 1)))
    return Parts{text.substr(0, slash), text.substr(slash + 1), {}, {}};
  if (is_path(text)) return Parts{{}, text, {}, {}};
  return std::nullopt;
}

std::optional<Parts> split_reference(std::string_view text) {
  const std::size_t at = text.find('@');
  const std::string_view named = text.substr(0, at);
  const std::size_t slash = named.rfind('/');
  const std::size_t colon = named.find(':', slash == std::string_view::npos ? 0 : slash);
  std::optional<Parts> parts = split_name(named.substr(0, colon));
  if (!parts) return std::nullopt;
  if (colon != std::string_view::npos) {
    parts->tag = named.substr(colon + 1);
    if (!is_tag(parts->tag)) return std::nullopt;
  }
  if (at != std::string_view::npos) {
    parts->digest = text.substr(at + 1);
    if (!is_digest(parts->digest)) return std::nullopt;
  }
  return parts;
}

Result<Reference> parse_strict(std::string_view text) {
  if (text.empty()) return fail(0, "repository name must have at least one component");
  const std::optional<Parts> parts = split_reference(text);
  if (!parts) {
    if (split_reference(lower(text)))
      return fail(0, "invalid reference format: repository name must be lowercase", explain(text));
    return std::unexpected(malformed(text));
  }
  if (parts->path.size() > kPathLimit)
    return fail(0, fmt::format("repository name must not be more than {} characters", kPathLimit));
  Reference reference;
  reference.domain = parts->domain;
  reference.path = parts->path;
  reference.tag = parts->tag;
  if (!parts->digest.empty()) {
    SUIT_LET(reference.digest, digest::Digest::parse(parts->digest));
  }
  return reference;
}

Result<Reference> parse_name(std::string_view text) {
  if (is_identifier(text))
    return fail(0, fmt::format("invalid repository name ({}), cannot specify 64-byte hexadecimal "
                               "strings",
                               text));
  const UserName name = split_domain(text);
  const std::string_view remote = std::string_view(name.rest).substr(0, name.rest.find(':'));
  if (std::any_of(remote.begin(), remote.end(), is_upper))
    return fail(
        0, fmt::format("invalid reference format: repository name ({}) must be lowercase", remote));
  Result<Reference> reference = parse_strict(name.domain + "/" + name.rest);
  if (!reference && !reference.error().hint().empty())
    return std::unexpected(std::move(reference).error().with_hint(explain(text)));
  return reference;
}

Result<Reference> parse_reference(std::string_view text) {
  SUIT_LET(Reference reference, parse_name(text));
  if (reference.tag.empty() && reference.digest.empty()) {
    reference.tag = "latest";
    reference.tag_assumed = true;
  }
  return reference;
}

std::string Reference::canonical() const {
  std::string text = domain.empty() ? path : repository();
  if (!tag.empty()) text.append(":").append(tag);
  if (!digest.empty()) text.append("@").append(digest.text());
  return text;
}

std::string Reference::familiar_repository() const {
  if (domain.empty()) return path;
  if (domain != kDefaultDomain) return repository();
  const std::string_view rest = path;
  if (!rest.starts_with(kOfficialPrefix)) return path;
  const std::string_view name = rest.substr(kOfficialPrefix.size());
  return name.find('/') == std::string_view::npos ? std::string(name) : path;
}

std::string Reference::familiar() const {
  std::string text = familiar_repository();
  if (!tag.empty()) text.append(":").append(tag);
  if (!digest.empty()) text.append("@").append(digest.text());
  return text;
}

}  // namespace suit::naming
