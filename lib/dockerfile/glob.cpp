#include "dockerfile/glob.h"

#include <optional>

#include "dockerfile/text_internal.h"

namespace suit::dockerfile {
namespace {

// One pattern element at `at` against the character at `name_at`; moves both behind what matched.
// A star is the caller's business. The pattern is known to be well formed.
bool step(std::string_view pattern, std::size_t& at, std::string_view name, std::size_t& name_at) {
  if (name_at == name.size()) return false;
  std::size_t length = text::char_length(name, name_at);
  char32_t c = text::code_point(name, name_at);
  if (pattern[at] == '[') {
    std::optional<CharacterSet> set = take_set(pattern, at);
    if (!set || c == U'/' || !set->contains(c)) return false;
  } else if (pattern[at] == '?') {
    if (c == U'/') return false;
    ++at;
  } else {
    if (pattern[at] == '\\') ++at;
    std::size_t literal = text::char_length(pattern, at);
    if (pattern.substr(at, literal) != name.substr(name_at, length)) return false;
    at += literal;
  }
  name_at += length;
  return true;
}

Result<void> check(std::string_view pattern) {
  for (std::size_t at = 0; at < pattern.size();) {
    if (pattern[at] == '[') {
      if (!take_set(pattern, at)) return fail(0, "syntax error in pattern");
    } else if (pattern[at] == '\\') {
      if (at + 1 == pattern.size()) return fail(0, "syntax error in pattern");
      at += 2;
    } else {
      ++at;
    }
  }
  return {};
}

}  // namespace

std::optional<CharacterSet> take_set(std::string_view pattern, std::size_t& at) {
  CharacterSet set;
  ++at;
  set.negated = at < pattern.size() && pattern[at] == '^';
  if (set.negated) ++at;
  // A member is a character, perhaps escaped; bare `-` and `]` are none.
  auto member = [&]() -> std::optional<char32_t> {
    if (at == pattern.size() || pattern[at] == '-' || pattern[at] == ']') return std::nullopt;
    if (pattern[at] == '\\' && ++at == pattern.size()) return std::nullopt;
    char32_t c = text::code_point(pattern, at);
    at += text::char_length(pattern, at);
    return c;
  };
  while (at < pattern.size() && (pattern[at] != ']' || set.ranges.empty())) {
    std::optional<char32_t> first = member();
    if (!first) return std::nullopt;
    std::optional<char32_t> last = first;
    if (at < pattern.size() && pattern[at] == '-') {
      ++at;
      last = member();
    }
    if (!last) return std::nullopt;
    set.ranges.push_back({*first, *last});
  }
  if (at == pattern.size()) return std::nullopt;
  ++at;
  return set;
}

Result<bool> glob_match(std::string_view pattern, std::string_view name) {
  SUIT_TRY(check(pattern));
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t at = 0;
  std::size_t name_at = 0;
  std::size_t star = kNone;   // behind the last star: where to go on after a failure,
  std::size_t star_name = 0;  // with one more character of the name given to the star
  while (at < pattern.size() || name_at < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = ++at;
      star_name = name_at;
      continue;
    }
    if (at < pattern.size() && step(pattern, at, name, name_at)) continue;
    if (star == kNone || star_name == name.size() || name[star_name] == '/') return false;
    at = star;
    name_at = ++star_name;
  }
  return true;
}

bool has_wildcards(std::string_view pattern) {
  return pattern.find_first_of("*?[\\") != std::string_view::npos;
}

}  // namespace suit::dockerfile
