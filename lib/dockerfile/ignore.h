/// \file
/// `.dockerignore`: reading it, and asking whether a path is left out. Also `COPY --exclude`.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dockerfile/glob.h"

namespace suit::dockerfile {

/// The patterns of a `.dockerignore`, cleaned: comments and blanks gone, `a//b/` is `a/b`.
/// \errors a line that is too long
Result<std::vector<std::string>> read_ignore_file(std::string_view text);

/// `a//b/../c/.` → `a/c`; empty → `.`. \source Go's path.Clean
std::string clean_path(std::string_view path);

/// Patterns in order; the last that matches a path decides, `!pattern` brings back.
///
/// A path is also matched when any of its parent directories is: `a` leaves out `a/b/c`.
class IgnoreMatcher {
 public:
  /// \errors `illegal exclusion pattern: "!"`, `syntax error in pattern`
  static Result<IgnoreMatcher> create(const std::vector<std::string>& patterns);

  /// What each pattern said of a directory: pass it on for what is inside, and a walk costs one
  /// look at each pattern an entry, however deep it stands.
  using Verdicts = std::vector<bool>;

  /// Whether \p path is left out. \shape relative to the context, `/` between names
  bool matches(std::string_view path) const;
  /// The same in a walk. \p parent is what this function wrote to \p verdicts for the directory,
  /// and empty at the root.
  bool matches(std::string_view path, const Verdicts& parent, Verdicts& verdicts) const;
  /// Only the path itself, not its parents. \source patternmatcher's deprecated Matches: kept as
  /// the oracle's tables ask for it
  bool matches_path_only(std::string_view path) const;

  /// Whether a directory that is left out must be walked all the same: a later `!` may be inside.
  bool may_reinclude_below(std::string_view directory) const;

  /// Whether nothing at all is left: a `*` or `**` that no later `!` takes back.
  bool leaves_out_everything() const;

  bool empty() const noexcept { return patterns_.empty(); }
  bool has_exclusions() const noexcept { return exclusions_; }
  std::size_t size() const noexcept { return patterns_.size(); }

 private:
  /// Four ways to match, cheapest first: most lines of most files need no wildcard at all.
  enum class Kind : std::uint8_t { Exact, Prefix, Suffix, Wildcard };
  /// `**` with something behind it is two: perhaps nothing, or else anything up to a slash.
  enum class Piece : std::uint8_t { Literal, One, Set, Star, MaybeDirectories, Directories, All };
  enum class Parents : std::uint8_t { Not, Too };
  struct Token {
    Piece piece = Piece::Literal;
    std::string text;  ///< of a literal: one character
    CharacterSet set;
  };
  struct Pattern {
    std::string text;
    Kind kind = Kind::Wildcard;
    bool exclusion = false;
    std::string literal;        ///< what it begins with, or of a suffix ends with
    std::vector<Token> tokens;  ///< of a wildcard
  };
  using Reached = std::vector<bool>;
  static Result<Pattern> compile(std::string_view text);
  static void classify(Pattern& pattern);
  static bool match_one(const Pattern& pattern, std::string_view path, Parents parents);
  static bool walk(const std::vector<Token>& tokens, std::string_view path, Parents parents);
  static void advance(const std::vector<Token>& tokens, const Reached& now,
                      std::string_view character, char32_t c, Reached& next);
  static void close(const std::vector<Token>& tokens, Reached& reached);

  std::vector<Pattern> patterns_;
  bool exclusions_ = false;
};

}  // namespace suit::dockerfile
