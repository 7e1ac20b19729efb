// Patterns over names, with the meaning of Go's path.Match: what `docker image ls` promises.

#include <fmt/format.h>

#include "naming/grammar.h"

namespace suit::naming {
namespace {

struct Class {
  bool holds = false;
  std::size_t end = 0;  ///< index after the `]`; 0 when the class is malformed
};

// One character of a class, which `\` may quote; advances \p at, which is npos when malformed.
char class_char(std::string_view pattern, std::size_t& at) {
  if (at < pattern.size() && pattern[at] == '\\') ++at;
  if (at >= pattern.size()) {
    at = std::string_view::npos;
    return '\0';
  }
  return pattern[at++];
}

Class match_class(std::string_view pattern, std::size_t at, char c) {
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool holds = false;
  for (bool first = true;; first = false) {
    if (at >= pattern.size()) return {};
    if (pattern[at] == ']' && !first) return {holds != negated, at + 1};
    if (pattern[at] == '-' || pattern[at] == ']') return {};
    const char low = class_char(pattern, at);
    char high = low;
    if (at < pattern.size() && pattern[at] == '-') {
      ++at;
      if (at < pattern.size() && (pattern[at] == ']' || pattern[at] == '-')) return {};
      high = class_char(pattern, at);
    }
    if (at == std::string_view::npos) return {};
    holds = holds || (low <= c && c <= high);
  }
}

enum class Match { No, Yes, Malformed };

// Matches one pattern element at \p p against \p c and advances \p p over it.
Match match_one(std::string_view pattern, std::size_t& p, char c) {
  if (pattern[p] == '?') {
    ++p;
    return c != '/' ? Match::Yes : Match::No;
  }
  if (pattern[p] == '[') {
    const Class found = match_class(pattern, p + 1, c);
    if (found.end == 0) return Match::Malformed;
    p = found.end;
    return found.holds ? Match::Yes : Match::No;
  }
  if (pattern[p] == '\\') ++p;
  if (p == pattern.size()) return Match::Malformed;
  return pattern[p++] == c ? Match::Yes : Match::No;
}

// Backtracks to the last star only: linear in practice, and at worst length times length.
Match match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_text = t;
      continue;
    }
    Match one = Match::No;
    if (p < pattern.size()) {
      one = match_one(pattern, p, t < text.size() ? text[t] : '/');
      if (t == text.size() && one == Match::Yes) one = Match::No;
    }
    if (one == Match::Malformed) return one;
    if (one == Match::Yes) {
      ++t;
      continue;
    }
    if (star == std::string_view::npos || star_text >= text.size() || text[star_text] == '/')
      return Match::No;
    t = ++star_text;
    p = star;
  }
  return Match::Yes;
}

// Go reports a malformed class wherever it stands, even where matching never gets to it.
bool is_well_formed(std::string_view pattern) {
  for (std::size_t p = 0; p < pattern.size();) {
    if (pattern[p] == '*') {
      ++p;
    } else if (match_one(pattern, p, '\0') == Match::Malformed) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<bool> matches_pattern(const Reference& reference, std::string_view pattern) {
  if (!is_well_formed(pattern))
    return fail(0, fmt::format("syntax error in pattern \"{}\"", pattern),
                "a pattern is a name with *, ? and [a-z]");
  return match(pattern, reference.familiar()) == Match::Yes ||
         match(pattern, reference.familiar_repository()) == Match::Yes;
}

}  // namespace suit::naming
