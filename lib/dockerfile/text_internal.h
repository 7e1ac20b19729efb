/// \file
/// Small text tools of this module: blanks, clipped quotations, UTF-8, Go-style quoting.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace suit::dockerfile::text {

/// Blanks inside a line, as the reference parser's `unicode.IsSpace` sees ASCII.
inline bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r' || c == '\n';
}
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string_view trim_left(std::string_view s);
std::string_view trim_right(std::string_view s);
std::string_view trim(std::string_view s);
std::string lower(std::string_view s);
std::string upper(std::string_view s);
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// At most 200 bytes of \p s, then `…`: what goes into messages.
std::string clip(std::string_view s);
/// `"…"` with Go's escapes, clipped.
std::string quote(std::string_view s);

/// Bytes of the UTF-8 character at \p at; 1 for what is none, so that a scan always advances.
std::size_t char_length(std::string_view s, std::size_t at);
/// The code point at \p at, or the byte's value if there is no valid character.
char32_t code_point(std::string_view s, std::size_t at);

/// ` (did you mean X?)` in BuildKit's form, or "" when nothing is near or \p word is very long.
std::string suggestion(std::string_view word, std::span<const std::string_view> candidates);
std::string suggestion(std::string_view word, std::span<const std::string> candidates);

}  // namespace suit::dockerfile::text
