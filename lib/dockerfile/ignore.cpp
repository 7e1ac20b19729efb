/// \file
/// Patterns are compiled once, most to a comparison of a prefix or suffix. Those with wildcards are
/// matched by walking all positions of the pattern at once over the path (a set of states, one bit a
/// token), so that `**/**/**/*x` costs tokens × path and not tokens to the power of stars.

#include "dockerfile/ignore.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "dockerfile/glob.h"
#include "dockerfile/text_internal.h"

namespace suit::dockerfile {
namespace {

// bufio.Scanner's limit, which the reference reader has. \unit{bytes}
constexpr std::size_t kMaxPatternBytes = 65535;

// `prefix` of path, or the whole: the parent directories from the root down, then the path itself.
template <typename Visit>
bool any_parent_or_self(std::string_view path, Visit visit) {
  if (visit(path)) return true;
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1))
    if (slash > 0 && visit(path.substr(0, slash))) return true;
  return false;
}

}  // namespace

Result<std::vector<std::string>> read_ignore_file(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<std::string> patterns;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.size() > kMaxPatternBytes)
      return fail(0, fmt::format("line {} is longer than {} bytes", number, kMaxPatternBytes));
    if (line.starts_with('#')) continue;
    line = text::trim(line);
    if (line.empty()) continue;
    bool exclusion = line.starts_with('!');
    if (exclusion) line = text::trim(line.substr(1));
    std::string pattern = line.empty() ? std::string() : clean_path(line);
    if (pattern.size() > 1 && pattern.front() == '/') pattern.erase(0, 1);
    patterns.push_back(exclusion ? "!" + pattern : std::move(pattern));
  }
  return patterns;
}

Result<IgnoreMatcher> IgnoreMatcher::create(const std::vector<std::string>& patterns) {
  IgnoreMatcher matcher;
  for (const std::string& line : patterns) {
    std::string_view trimmed = text::trim(line);
    if (trimmed.empty()) continue;
    std::string cleaned = clean_path(trimmed);
    bool exclusion = cleaned.front() == '!';
    if (cleaned == "!") return fail(0, "illegal exclusion pattern: \"!\"");
    SUIT_LET(Pattern pattern, compile(std::string_view(cleaned).substr(exclusion ? 1 : 0)));
    pattern.exclusion = exclusion;
    matcher.exclusions_ |= exclusion;
    matcher.patterns_.push_back(std::move(pattern));
  }
  return matcher;
}

Result<IgnoreMatcher::Pattern> IgnoreMatcher::compile(std::string_view text) {
  auto valid = glob_match(text, ".");
  if (!valid) return wrap(std::move(valid).error(), text::quote(text));
  Pattern pattern;
  pattern.text = text;
  std::string literal;
  auto flush = [&] {
    if (!literal.empty()) pattern.tokens.push_back({Piece::Literal, std::exchange(literal, {}), {}});
  };
  for (std::size_t at = 0; at < text.size();) {
    bool double_star = text.substr(at).starts_with("**");
    if (double_star) {
      flush();
      at += 2;
      // `**/` and `**` are the same but at the end, where `**` takes everything.
      if (at < text.size() && text[at] == '/') ++at;
      pattern.tokens.push_back({at == text.size() ? Piece::All : Piece::Directories, {}, {}});
    } else if (text[at] == '*' || text[at] == '?') {
      flush();
      pattern.tokens.push_back({text[at] == '*' ? Piece::Star : Piece::One, {}, {}});
      ++at;
    } else if (text[at] == '[') {
      flush();
      Token token{Piece::Set, {}, {}};
      if (auto set = take_set(text, at)) token.set = *std::move(set);
      // `[l-O]` is no error to filepath.Match; to the expression that patternmatcher makes of it, it is.
      for (const CharacterSet::Range& range : token.set.ranges)
        if (range.last < range.first)
          return fail(0, text::quote(text) + ": syntax error in pattern",
                      "to match a name with brackets, write \\[ for [");
      pattern.tokens.push_back(std::move(token));
    } else {
      if (text[at] == '\\') ++at;
      std::size_t length = text::char_length(text, at);
      literal += text.substr(at, length);
      at += length;
    }
  }
  flush();
  classify(pattern);
  return pattern;
}

// `**/x` is a suffix, `x/**` a prefix, `x` the path itself; the rest needs the walk.
void IgnoreMatcher::classify(Pattern& pattern) {
  const std::vector<Token>& tokens = pattern.tokens;
  auto is = [&](std::size_t i, Piece piece) { return tokens[i].piece == piece; };
  pattern.kind = Kind::Wildcard;
  if (tokens.size() == 1 && is(0, Piece::Literal)) pattern.kind = Kind::Exact;
  if (tokens.size() == 1 && is(0, Piece::All)) pattern.kind = Kind::Suffix;
  if (tokens.size() != 2) return;
  if (is(0, Piece::Literal) && is(1, Piece::All)) pattern.kind = Kind::Prefix;
  if (is(0, Piece::Directories) && is(1, Piece::Literal)) pattern.kind = Kind::Suffix;
}

// Advances every state over one character. `next` gets the states behind it.
void IgnoreMatcher::advance(const std::vector<Token>& tokens, const std::vector<State>& now,
                            std::string_view character, char32_t c, std::vector<State>& next) {
  bool slash = character == "/";
  for (const State& state : now) {
    if (state.token == tokens.size()) continue;
    const Token& token = tokens[state.token];
    switch (token.piece) {
      case Piece::Literal:
        if (std::string_view(token.text).substr(state.inside).starts_with(character)) {
          bool done = state.inside + character.size() == token.text.size();
          next.push_back(done ? State{state.token + 1, 0}
                              : State{state.token, state.inside + character.size()});
        }
        break;
      case Piece::One:
        if (!slash) next.push_back({state.token + 1, 0});
        break;
      case Piece::Set:
        if (token.set.contains(c)) next.push_back({state.token + 1, 0});
        break;
      case Piece::Star:
        if (!slash) next.push_back({state.token, 0});
        break;
      case Piece::All:
        next.push_back({state.token, 0});
        break;
      case Piece::Directories:
        // Inside 1: some characters were eaten, only a slash lets the rest begin.
        next.push_back({state.token, 1});
        if (slash) next.push_back({state.token + 1, 0});
        break;
    }
  }
}

// Adds what can follow without a character: nothing at all is a run of a star.
void IgnoreMatcher::close(const std::vector<Token>& tokens, std::vector<State>& states) {
  for (std::size_t i = 0; i < states.size(); ++i) {
    State state = states[i];
    if (state.token == tokens.size() || state.inside > 0) continue;
    Piece piece = tokens[state.token].piece;
    if (piece == Piece::Star || piece == Piece::All || piece == Piece::Directories)
      states.push_back({state.token + 1, 0});
  }
  std::ranges::sort(states);
  auto rest = std::ranges::unique(states);
  states.erase(rest.begin(), rest.end());
}

bool IgnoreMatcher::match_tokens(const std::vector<Token>& tokens, std::string_view path) {
  std::vector<State> now = {{0, 0}};
  std::vector<State> next;
  close(tokens, now);
  for (std::size_t at = 0; at < path.size() && !now.empty();) {
    std::size_t length = text::char_length(path, at);
    next.clear();
    advance(tokens, now, path.substr(at, length), text::code_point(path, at), next);
    close(tokens, next);
    std::swap(now, next);
    at += length;
  }
  return std::ranges::find(now, State{tokens.size(), 0}) != now.end();
}

bool IgnoreMatcher::match_one(const Pattern& pattern, std::string_view path) {
  switch (pattern.kind) {
    case Kind::Exact:
      return path == pattern.tokens.front().text;
    case Kind::Prefix:
      return path.starts_with(pattern.tokens.front().text);
    case Kind::Suffix: {
      if (pattern.tokens.size() == 1) return true;
      // `**file` is any path that ends so; `**/file` any whose last names are these.
      const std::string& suffix = pattern.tokens.back().text;
      if (!path.ends_with(suffix)) return false;
      bool whole_names = pattern.text.starts_with("**/");
      return !whole_names || path.size() == suffix.size() ||
             path[path.size() - suffix.size() - 1] == '/';
    }
    case Kind::Wildcard:
      return match_tokens(pattern.tokens, path);
  }
  return false;
}

bool IgnoreMatcher::matches(std::string_view path) const {
  std::string cleaned = clean_path(path);
  // A context that leaves out itself would be of no use.
  if (cleaned == ".") return false;
  bool matched = false;
  for (const Pattern& pattern : patterns_) {
    if (pattern.exclusion != matched) continue;
    auto visit = [&](std::string_view one) { return match_one(pattern, one); };
    if (any_parent_or_self(cleaned, visit)) matched = !pattern.exclusion;
  }
  return matched;
}

bool IgnoreMatcher::matches(std::string_view path, const Verdicts& parent,
                            Verdicts& verdicts) const {
  bool matched = false;
  verdicts.assign(patterns_.size(), false);
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    const Pattern& pattern = patterns_[i];
    bool match = i < parent.size() && parent[i];
    // What a pattern says matters only where it changes the answer.
    if (!match && pattern.exclusion == matched) match = match_one(pattern, path);
    verdicts[i] = match;
    if (match) matched = !pattern.exclusion;
  }
  return matched;
}

bool IgnoreMatcher::matches_path_only(std::string_view path) const {
  std::string cleaned = clean_path(path);
  if (cleaned == ".") return false;
  bool matched = false;
  for (const Pattern& pattern : patterns_) {
    if (pattern.exclusion != matched) continue;
    // The old rule looks at one parent too: the one as deep as the pattern.
    std::size_t cut = 0;
    auto depth = std::ranges::count(pattern.text, '/');
    for (cut = cleaned.find('/'); depth > 0 && cut != std::string::npos; --depth)
      cut = cleaned.find('/', cut + 1);
    bool match = match_one(pattern, cleaned);
    if (!match && cut != std::string::npos)
      match = match_one(pattern, std::string_view(cleaned).substr(0, cut));
    if (match) matched = !pattern.exclusion;
  }
  return matched;
}

bool IgnoreMatcher::may_reinclude_below(std::string_view directory) const {
  std::string below = std::string(directory) + "/";
  for (const Pattern& pattern : patterns_) {
    if (!pattern.exclusion) continue;
    // A pattern that begins with a wildcard can match at any depth; one that begins with literal
    // names only below or above those.
    bool fixed = !pattern.tokens.empty() && pattern.tokens.front().piece == Piece::Literal;
    std::string_view start = fixed ? std::string_view(pattern.tokens.front().text) : "";
    std::size_t common = std::min(start.size(), below.size());
    if (start.substr(0, common) == std::string_view(below).substr(0, common)) return true;
  }
  return false;
}

}  // namespace suit::dockerfile
