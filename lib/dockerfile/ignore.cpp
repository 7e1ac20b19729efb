/// \file
/// Patterns are compiled once, most to a comparison of a prefix or suffix. Those with wildcards are
/// matched by walking all places of the pattern at once over the path (one bit a token), so that
/// `**/**/**/*x` costs tokens × path, and not path to the power of stars. The same walk sees each
/// parent directory end at its slash: they cost nothing more.

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
  auto add = [&](Piece piece) { pattern.tokens.push_back({piece, {}, {}}); };
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with("**")) {
      at += 2;
      // `**/` and `**` are the same but at the end, where `**` takes everything.
      if (at < text.size() && text[at] == '/') ++at;
      add(at == text.size() ? Piece::All : Piece::MaybeDirectories);
      if (at < text.size()) add(Piece::Directories);
    } else if (text[at] == '*' || text[at] == '?') {
      add(text[at] == '*' ? Piece::Star : Piece::One);
      ++at;
    } else if (text[at] == '[') {
      add(Piece::Set);
      if (auto set = take_set(text, at)) pattern.tokens.back().set = *std::move(set);
      // `[l-O]` is no error to filepath.Match; to the expression that patternmatcher makes of it,
      // it is.
      for (const CharacterSet::Range& range : pattern.tokens.back().set.ranges)
        if (range.last < range.first)
          return fail(0, text::quote(text) + ": syntax error in pattern",
                      "to match a name with brackets, write \\[ for [");
    } else {
      if (text[at] == '\\') ++at;
      std::size_t length = text::char_length(text, at);
      add(Piece::Literal);
      pattern.tokens.back().text = text.substr(at, length);
      at += length;
    }
  }
  classify(pattern);
  return pattern;
}

// `x` is the path itself, `x/**` a prefix, `**/x` and `**x` a suffix; the rest needs the walk.
void IgnoreMatcher::classify(Pattern& pattern) {
  std::vector<Token>& tokens = pattern.tokens;
  auto is = [&](std::size_t i, Piece piece) {
    return i < tokens.size() && tokens[i].piece == piece;
  };
  std::size_t first = is(0, Piece::MaybeDirectories) ? 2 : 0;
  std::size_t last = first;
  while (is(last, Piece::Literal))
    pattern.literal += tokens[last++].text;
  bool rest = is(last, Piece::All) && last + 1 == tokens.size();
  if (last == tokens.size())
    pattern.kind = first == 0 ? Kind::Exact : Kind::Suffix;
  else if (rest && first == 0)
    pattern.kind = Kind::Prefix;
  if (pattern.kind != Kind::Wildcard) tokens.clear();
}

// `reached[i]`: the walk may stand before token i. A run of no characters leads on at once, and
// only forward, so one pass is enough.
void IgnoreMatcher::close(const std::vector<Token>& tokens, Reached& reached) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!reached[i]) continue;
    Piece piece = tokens[i].piece;
    if (piece == Piece::Star || piece == Piece::All || piece == Piece::MaybeDirectories)
      reached[i + 1] = true;
    if (piece == Piece::MaybeDirectories) reached[i + 2] = true;
  }
}

// One character further.
void IgnoreMatcher::advance(const std::vector<Token>& tokens, const Reached& now,
                            std::string_view character, char32_t c, Reached& next) {
  bool slash = character == "/";
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!now[i]) continue;
    const Token& token = tokens[i];
    switch (token.piece) {
      case Piece::Literal:
        if (token.text == character) next[i + 1] = true;
        break;
      case Piece::One:
        if (!slash) next[i + 1] = true;
        break;
      case Piece::Set:
        if (token.set.contains(c)) next[i + 1] = true;
        break;
      case Piece::Star:
        if (!slash) next[i] = true;
        break;
      case Piece::All:
        next[i] = true;
        break;
      case Piece::MaybeDirectories:
        break;
      case Piece::Directories:
        next[i] = true;
        if (slash) next[i + 1] = true;
        break;
    }
  }
}

bool IgnoreMatcher::walk(const std::vector<Token>& tokens, std::string_view path, Parents parents) {
  Reached now(tokens.size() + 1, false);
  Reached next;
  now[0] = true;
  close(tokens, now);
  for (std::size_t at = 0; at < path.size();) {
    // Before a slash the walk has seen the whole of a parent.
    if (parents == Parents::Too && path[at] == '/' && at > 0 && now[tokens.size()]) return true;
    std::size_t length = text::char_length(path, at);
    next.assign(tokens.size() + 1, false);
    advance(tokens, now, path.substr(at, length), text::code_point(path, at), next);
    close(tokens, next);
    std::swap(now, next);
    at += length;
  }
  return now[tokens.size()];
}

bool IgnoreMatcher::match_one(const Pattern& pattern, std::string_view path, Parents parents) {
  const std::string& literal = pattern.literal;
  // `**file` is any path that ends so; `**/file` any whose last names are these.
  auto is_suffix = [&](std::string_view one) {
    if (!one.ends_with(literal)) return false;
    bool whole_names = pattern.text.starts_with("**/");
    return !whole_names || one.size() == literal.size() ||
           one[one.size() - literal.size() - 1] == '/';
  };
  switch (pattern.kind) {
    case Kind::Exact:
      if (path == literal) return true;
      return parents == Parents::Too && path.starts_with(literal) && path[literal.size()] == '/';
    case Kind::Prefix:
      return path.starts_with(literal);
    case Kind::Suffix:
      return parents == Parents::Too ? any_parent_or_self(path, is_suffix) : is_suffix(path);
    case Kind::Wildcard:
      return walk(pattern.tokens, path, parents);
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
    if (match_one(pattern, cleaned, Parents::Too)) matched = !pattern.exclusion;
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
    if (!match && pattern.exclusion == matched) match = match_one(pattern, path, Parents::Not);
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
    bool match = match_one(pattern, cleaned, Parents::Not);
    if (!match && cut != std::string::npos)
      match = match_one(pattern, std::string_view(cleaned).substr(0, cut), Parents::Not);
    if (match) matched = !pattern.exclusion;
  }
  return matched;
}

bool IgnoreMatcher::leaves_out_everything() const {
  bool everything = false;
  for (const Pattern& pattern : patterns_) {
    if (pattern.exclusion) everything = false;
    if (pattern.text == "*" || pattern.text == "**") everything = !pattern.exclusion;
  }
  return everything;
}

bool IgnoreMatcher::may_reinclude_below(std::string_view directory) const {
  std::string below = std::string(directory) + "/";
  for (const Pattern& pattern : patterns_) {
    if (!pattern.exclusion) continue;
    // A pattern that begins with a wildcard can match at any depth; one that begins with literal
    // names only below or above those.
    std::string start = pattern.kind == Kind::Suffix ? "" : pattern.literal;
    std::size_t common = std::min(start.size(), below.size());
    if (start.compare(0, common, below, 0, common) == 0) return true;
  }
  return false;
}

}  // namespace suit::dockerfile
