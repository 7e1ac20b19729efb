#include <algorithm>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "dockerfile/pattern_internal.h"
#include "dockerfile/text_internal.h"

namespace suit::dockerfile {

/// A value as characters, front to back or back to front.
class ShellPattern::Chars {
 public:
  enum class Direction { Forward, Backward };

  Chars(std::string_view text, Direction direction) : text_(text), direction_(direction) {
    for (std::size_t at = 0; at < text.size(); at += text::char_length(text, at))
      starts_.push_back(static_cast<std::uint32_t>(at));
    starts_.push_back(static_cast<std::uint32_t>(text.size()));
  }

  std::size_t size() const { return starts_.size() - 1; }
  std::string_view at(std::size_t index) const {
    std::size_t i = direction_ == Direction::Forward ? index : size() - 1 - index;
    return text_.substr(starts_[i], starts_[i + 1] - starts_[i]);
  }
  /// Byte offset of character \p index; only for the forward direction.
  std::size_t offset(std::size_t index) const { return starts_[index]; }

 private:
  std::string_view text_;
  Direction direction_;
  std::vector<std::uint32_t> starts_;
};

std::expected<ShellPattern, std::string> ShellPattern::create(std::string_view text) {
  ShellPattern pattern;
  for (std::size_t at = 0; at < text.size();) {
    Token token;
    std::size_t length = text::char_length(text, at);
    token.text = text.substr(at, length);
    at += length;
    if (token.text == "*") {
      token.kind = Kind::Star;
    } else if (token.text == "?") {
      token.kind = Kind::One;
    } else if (token.text == "\\") {
      if (at == text.size()) return std::unexpected("invalid escape at the end");
      length = text::char_length(text, at);
      token.text = text.substr(at, length);
      at += length;
      // `}` and `/` are escaped for ${…}'s sake; the rest of the list is the pattern's own.
      if (token.text.find_first_of("*?\\}/") == std::string::npos)
        return std::unexpected(fmt::format("invalid escape '\\{}'", token.text));
    }
    pattern.tokens_.push_back(std::move(token));
  }
  return pattern;
}

ShellPattern ShellPattern::reversed() const {
  ShellPattern out = *this;
  std::ranges::reverse(out.tokens_);
  return out;
}

std::size_t ShellPattern::end_of_run(std::size_t first) const {
  while (first < tokens_.size() && tokens_[first].kind != Kind::Star)
    ++first;
  return first;
}

bool ShellPattern::run_matches(const Chars& chars, std::size_t at, std::size_t first,
                               std::size_t last) const {
  if (chars.size() - at < last - first) return false;
  for (std::size_t i = first; i < last; ++i, ++at)
    if (tokens_[i].kind == Kind::Literal && tokens_[i].text != chars.at(at)) return false;
  return true;
}

// Where a match that begins at `start` ends, or kNone.
std::size_t ShellPattern::match_end(const Chars& chars, std::size_t start, Greed greed) const {
  std::size_t run_end = end_of_run(0);
  if (!run_matches(chars, start, 0, run_end)) return kNone;
  std::size_t at = start + run_end;
  while (run_end < tokens_.size()) {
    std::size_t first = run_end + 1;
    run_end = end_of_run(first);
    std::size_t length = run_end - first;
    if (chars.size() - at < length) return kNone;
    bool latest = run_end == tokens_.size() && greed == Greed::Longest;
    std::size_t limit = chars.size() - length;
    std::size_t place = latest ? limit : at;
    while (!run_matches(chars, place, first, run_end)) {
      if (latest ? place == at : place == limit) return kNone;
      place = latest ? place - 1 : place + 1;
    }
    at = place + length;
  }
  return at;
}

std::string ShellPattern::trim_prefix(std::string_view value, Greed greed) const {
  Chars chars(value, Chars::Direction::Forward);
  std::size_t end = match_end(chars, 0, greed);
  return std::string(end == kNone ? value : value.substr(chars.offset(end)));
}

std::string ShellPattern::trim_suffix(std::string_view value, Greed greed) const {
  Chars chars(value, Chars::Direction::Backward);
  std::size_t end = reversed().match_end(chars, 0, greed);
  if (end == kNone) return std::string(value);
  return std::string(value.substr(0, chars.offset(chars.size() - end)));
}

// The first place from `from` on where the longest match begins. When the first run fits at a place
// and the rest does not fit behind it, the rest fits behind no later place either.
std::size_t ShellPattern::find_start(const Chars& chars, std::size_t from, std::size_t& end) const {
  std::size_t run_end = end_of_run(0);
  for (std::size_t start = from; start <= chars.size(); ++start) {
    if (!run_matches(chars, start, 0, run_end)) continue;
    end = match_end(chars, start, Greed::Longest);
    return end == kNone ? kNone : start;
  }
  return kNone;
}

std::string ShellPattern::replace(std::string_view value, std::string_view replacement,
                                  bool all) const {
  Chars chars(value, Chars::Direction::Forward);
  std::string out;
  std::size_t at = 0;            // first character not yet copied
  std::size_t last_end = kNone;  // an empty match right behind a match does not count
  while (at <= chars.size()) {
    std::size_t end = 0;
    std::size_t start = find_start(chars, at, end);
    if (start == kNone) break;
    out += value.substr(chars.offset(at), chars.offset(start) - chars.offset(at));
    if (end > start || start != last_end) out += replacement;
    last_end = end;
    at = end;
    if (!all) break;
    if (end == start) {
      if (start == chars.size()) return out;
      out += chars.at(start);
      at = start + 1;
    }
  }
  if (at <= chars.size()) out += value.substr(chars.offset(at));
  return out;
}

}  // namespace suit::dockerfile
