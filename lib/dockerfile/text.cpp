#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "base/suggest.h"
#include "dockerfile/text_internal.h"

namespace suit::dockerfile::text {
namespace {

// A message quotes at most this much of a file. \unit{bytes}
constexpr std::size_t kShownBytes = 200;
// Names are short; longer words are no typing mistakes, and the distance costs their length.
constexpr std::size_t kLongestName = 64;

char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
char upper_char(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

template <typename Text>
std::string suggest(std::string_view word, std::span<const Text> candidates) {
  if (word.size() > kLongestName) return {};
  std::string_view best;
  std::size_t best_distance = 3;  // BuildKit suggests below a distance of three
  for (const Text& candidate : candidates) {
    std::size_t distance = edit_distance(word, candidate);
    if (distance > 0 && distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best.empty() ? std::string() : fmt::format(" (did you mean {}?)", best);
}

}  // namespace

std::string_view trim_left(std::string_view s) {
  while (!s.empty() && is_blank(s.front()))
    s.remove_prefix(1);
  return s;
}

std::string_view trim_right(std::string_view s) {
  while (!s.empty() && is_blank(s.back()))
    s.remove_suffix(1);
  return s;
}

std::string_view trim(std::string_view s) { return trim_left(trim_right(s)); }

std::string lower(std::string_view s) {
  std::string out(s);
  std::ranges::transform(out, out.begin(), lower_char);
  return out;
}

std::string upper(std::string_view s) {
  std::string out(s);
  std::ranges::transform(out, out.begin(), upper_char);
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower_char, lower_char);
}

std::string clip(std::string_view s) {
  if (s.size() <= kShownBytes) return std::string(s);
  std::size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(s[end]) & 0xc0) == 0x80)
    --end;
  return std::string(s.substr(0, end)) + "…";
}

std::string quote(std::string_view s) {
  std::string out = "\"";
  for (char c : clip(s)) {
    if (c == '"' || c == '\\') out += '\\';
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        out += c;
    }
  }
  return out + "\"";
}

std::size_t char_length(std::string_view s, std::size_t at) {
  auto byte = static_cast<unsigned char>(s[at]);
  std::size_t length = byte >= 0xf0 && byte < 0xf8 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
  if (byte < 0x80 || byte >= 0xf8 || at + length > s.size()) return 1;
  for (std::size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(s[at + i]) & 0xc0) != 0x80) return 1;
  return length;
}

char32_t code_point(std::string_view s, std::size_t at) {
  std::size_t length = char_length(s, at);
  auto first = static_cast<unsigned char>(s[at]);
  if (length == 1) return first;
  constexpr unsigned kLeadBits[] = {0, 0, 0x1f, 0x0f, 0x07};
  char32_t value = first & kLeadBits[length];
  for (std::size_t i = 1; i < length; ++i)
    value = (value << 6) | (static_cast<unsigned char>(s[at + i]) & 0x3f);
  return value;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> candidates) {
  return suggest(word, candidates);
}
std::string suggestion(std::string_view word, std::span<const std::string> candidates) {
  return suggest(word, candidates);
}

}  // namespace suit::dockerfile::text
