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
//   algorithm        := word ( [+._-] word )*           word := [A-Za-z] [A-Za-z0-9]*
//
// It is split without backtracking: no name or tag holds "@"; no tag holds "/", no path ":". Each
// part is then judged by one loop that answers with the first byte it cannot accept. That byte is
// what the caret of the error points at, so accepting and explaining cannot disagree.

#include "naming/grammar.h"

#include <array>
#include <cstdint>

namespace suit::naming {
namespace {

constexpr std::size_t kFine = std::string_view::npos;
constexpr std::size_t kTagLimit = 128;
constexpr std::size_t kHexLeast = 32;

constexpr std::uint8_t kLower = 1;
constexpr std::uint8_t kUpper = 2;
constexpr std::uint8_t kDigit = 4;
constexpr std::uint8_t kHex = 8;
constexpr std::uint8_t kTagMark = 16;
constexpr std::uint8_t kWord = kLower | kDigit;
constexpr std::uint8_t kAlnum = kLower | kUpper | kDigit;

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned c = 'a'; c <= 'z'; ++c)
    classes[c] = kLower | (c <= 'f' ? kHex : 0);
  for (unsigned c = 'A'; c <= 'Z'; ++c)
    classes[c] = kUpper | (c <= 'F' ? kHex : 0);
  for (unsigned c = '0'; c <= '9'; ++c)
    classes[c] = kDigit | kHex;
  classes['_'] = classes['.'] = classes['-'] = kTagMark;
  return classes;
}
constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

bool is(char c, std::uint8_t classes) {
  return (kClasses[static_cast<unsigned char>(c)] & classes) != 0;
}

// The first byte from `at` on that is in none of the classes; the size when all are.
std::size_t skip(std::string_view text, std::size_t at, std::uint8_t classes) {
  while (at < text.size() && is(text[at], classes))
    ++at;
  return at;
}

// Of every byte, without a branch: the digits of a digest are as good as random.
bool all_hex(std::string_view text) {
  std::uint8_t common = kHex;
  for (char c : text)
    common &= kClasses[static_cast<unsigned char>(c)];
  return common != 0;
}

// Past the separator at `at`; `at` itself when there is none.
std::size_t skip_separator(std::string_view text, std::size_t at) {
  if (text[at] == '.') return at + 1;
  if (text[at] == '_') return at + (text.substr(at, 2) == "__" ? 2 : 1);
  while (at < text.size() && text[at] == '-')
    ++at;
  return at;
}

std::size_t path_offence(std::string_view text) {
  for (std::size_t at = 0;;) {
    const std::size_t end = skip(text, at, kWord);
    if (end == at) return at;
    if (end == text.size()) return kFine;
    at = text[end] == '/' ? end + 1 : skip_separator(text, end);
    if (at == end) return at;
  }
}

std::size_t port_offence(std::string_view text, std::size_t at) {
  const std::size_t end = skip(text, at, kDigit);
  return end > at && end == text.size() ? kFine : end;
}

std::size_t address_offence(std::string_view text) {
  std::size_t at = 1;
  while (at < text.size() && (is(text[at], kHex) || text[at] == ':'))
    ++at;
  if (at == 1 || at == text.size() || text[at] != ']') return at;
  if (++at == text.size()) return kFine;
  return text[at] == ':' ? port_offence(text, at + 1) : at;
}

std::size_t domain_offence(std::string_view text) {
  if (text.starts_with('[')) return address_offence(text);
  for (std::size_t at = 0;;) {
    if (at == text.size() || !is(text[at], kAlnum)) return at;
    while (at < text.size() && (is(text[at], kAlnum) || text[at] == '-'))
      ++at;
    if (text[at - 1] == '-') return at - 1;
    if (at == text.size()) return kFine;
    if (text[at] == ':') return port_offence(text, at + 1);
    if (text[at] != '.') return at;
    ++at;
  }
}

std::size_t tag_offence(std::string_view text) {
  if (text.empty() || text[0] == '.' || text[0] == '-') return 0;
  const std::size_t end = skip(text, 0, kAlnum | kTagMark);
  if (end > kTagLimit) return kTagLimit;
  return end == text.size() ? kFine : end;
}

std::size_t digest_offence(std::string_view text) {
  const std::size_t colon = text.find(':');
  std::size_t at = 0;
  while (true) {
    if (at == text.size() || !is(text[at], kLower | kUpper)) return at;
    at = skip(text, at, kAlnum);
    if (at == text.size() || at == colon) break;
    if (std::string_view("+._-").find(text[at]) == std::string_view::npos) return at;
    ++at;
  }
  if (colon == std::string_view::npos) return text.size();
  if (text.size() - colon > kHexLeast && all_hex(text.substr(colon + 1))) return kFine;
  return skip(text, colon + 1, kHex);
}

// `rest` cut at its marks: nothing is judged yet.
struct Cut {
  std::string_view path, tag, digest;
  bool has_tag = false;
  bool has_digest = false;
};

Cut cut_rest(std::string_view rest) {
  Cut cut;
  const std::size_t at = rest.find('@');
  const std::string_view named = rest.substr(0, at);
  const std::size_t slash = named.rfind('/');
  const std::size_t colon = named.find(':', slash == std::string_view::npos ? 0 : slash);
  cut.path = named.substr(0, colon);
  cut.has_tag = colon != std::string_view::npos;
  if (cut.has_tag) cut.tag = named.substr(colon + 1);
  cut.has_digest = at != std::string_view::npos;
  if (cut.has_digest) cut.digest = rest.substr(at + 1);
  return cut;
}

// \p text is the whole reference: what stands around the place belongs to the reason.
std::string_view path_reason(std::string_view text, std::size_t at) {
  const char before = at == 0 ? '/' : text[at - 1];
  const char found = at == text.size() ? '\0' : text[at];
  if (text.substr(at, 3) == "://") return "a name has no https:// in front: leave it out";
  if (is(before, kTagMark) || is(found, kTagMark))
    return "a letter or a digit must stand on both sides of . _ __ and -";
  if (before == '/' && at > 0 && found == '\0') return "a name is missing after the slash";
  if (found == '\0') return "a name is missing";
  if (before == '/' && (found == '/' || found == ':' || found == '@'))
    return "a name is missing before this";
  if (is(found, kUpper)) return "a repository's name is lower-case";
  return "a name has lower-case letters and digits, with . _ __ or - between them";
}

std::string_view domain_reason(std::string_view text, std::size_t at) {
  if (text.starts_with('[')) return "an IPv6 address is written [2001:db8::1], perhaps with :PORT";
  if (text.find(':') < at) return "a port is a number";
  if (at == text.size() || text[at] == '.') return "a part of the registry's name is missing here";
  return "a registry's name has letters, digits and dots, with - inside of words";
}

std::string_view tag_reason(std::string_view text, std::size_t at) {
  if (text.empty()) return "a tag is missing after the colon";
  if (at == kTagLimit) return "a tag has at most 128 characters";
  if (at == 0 && is(text[0], kTagMark)) return "a tag begins with a letter, a digit or _";
  if (text[at] == ':') return "a name has one tag, and no tag holds a colon";
  return "a tag has letters, digits, _ . and -";
}

std::string_view digest_reason(std::string_view text, std::size_t at) {
  if (text.empty()) return "a digest is missing after the @";
  if (text.find(':') < at && at == text.size()) return "a digest has at least 32 hex digits";
  if (text.find(':') < at) return "a digest has hex digits after its colon";
  return "a digest is written sha256:HEX";
}

// A first part that only a registry can be is blamed as one.
bool looks_like_domain(std::string_view first) {
  return first.find_first_of(".:[") != std::string_view::npos &&
         first.find('@') == std::string_view::npos;
}

}  // namespace

bool is_domain(std::string_view text) { return domain_offence(text) == kFine; }

bool is_path(std::string_view text) { return path_offence(text) == kFine; }

bool is_tag(std::string_view text) { return tag_offence(text) == kFine; }

bool is_identifier(std::string_view text) {
  if (text.size() != 64) return false;
  for (char c : text)
    if (!is(c, kHex) || is(c, kUpper)) return false;
  return true;
}

std::optional<Parts> split_rest(std::string_view domain, std::string_view rest) {
  const Cut cut = cut_rest(rest);
  if (!is_path(cut.path) || (cut.has_tag && !is_tag(cut.tag)) ||
      (cut.has_digest && digest_offence(cut.digest) != kFine))
    return std::nullopt;
  return Parts{domain, cut.path, cut.tag, cut.digest};
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
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos && is_domain(text.substr(0, slash)))
    return split_rest(text.substr(0, slash), text.substr(slash + 1));
  return split_rest({}, text);
}

std::optional<Problem> find_problem(std::string_view text) {
  if (split_reference(text)) return std::nullopt;
  const std::size_t slash = text.find('/');
  const std::string_view first = text.substr(0, slash);
  std::string_view rest = text;
  if (slash != std::string_view::npos) {
    const std::size_t bad = domain_offence(first);
    if (bad == kFine) rest = text.substr(slash + 1);
    if (bad != kFine && looks_like_domain(first) && text.substr(slash, 2) != "//")
      return Problem{bad, domain_reason(first, bad)};
  }
  const std::size_t start = text.size() - rest.size();
  const Cut cut = cut_rest(rest);
  if (const std::size_t bad = path_offence(cut.path); bad != kFine)
    return Problem{start + bad, path_reason(text, start + bad)};
  if (cut.has_tag)
    if (const std::size_t bad = tag_offence(cut.tag); bad != kFine)
      return Problem{start + cut.path.size() + 1 + bad, tag_reason(cut.tag, bad)};
  const std::size_t bad = digest_offence(cut.digest);
  return Problem{text.size() - cut.digest.size() + bad, digest_reason(cut.digest, bad)};
}

}  // namespace suit::naming
