/// \file
/// The patterns of `${v#p}`, `${v%p}` and `${v/p/r}`: `*` and `?`, nothing else.
///
/// A pattern is runs of fixed characters between stars. The first run stands where the match
/// begins; each later one is looked for from where the one before ended, the earliest place for a
/// short match; for a long match the last run takes the latest place. No place is tried twice, so
/// the cost is at most pattern × value, where a backtracking matcher takes value^stars.

#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace suit::dockerfile {

enum class Greed { Shortest, Longest };

/// A pattern, read.
class ShellPattern {
 public:
  /// The error is a reason: `invalid escape '\x'`.
  static std::expected<ShellPattern, std::string> create(std::string_view text);

  std::string trim_prefix(std::string_view value, Greed greed) const;
  std::string trim_suffix(std::string_view value, Greed greed) const;
  /// The first match, or all that do not overlap, each the longest from its place.
  std::string replace(std::string_view value, std::string_view replacement, bool all) const;

  std::size_t size() const noexcept { return tokens_.size(); }

 private:
  enum class Kind { Literal, One, Star };
  struct Token {
    Kind kind = Kind::Literal;
    std::string text;  ///< one UTF-8 character
  };
  class Chars;
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  ShellPattern reversed() const;
  bool run_matches(const Chars& chars, std::size_t at, std::size_t first, std::size_t last) const;
  std::size_t end_of_run(std::size_t first) const;
  std::size_t match_end(const Chars& chars, std::size_t start, Greed greed) const;
  std::size_t find_start(const Chars& chars, std::size_t from, std::size_t& end) const;

  std::vector<Token> tokens_;
};

}  // namespace suit::dockerfile
