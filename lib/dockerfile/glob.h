/// \file
/// Shell wildcards in file names, as Go's `filepath.Match` reads them: what COPY's sources mean.

#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace suit::dockerfile {

/// Whether \p name as a whole matches \p pattern.
///
/// `*` any run of characters but `/`, `?` one character but `/`, `[a-z]` `[^a-z]` one character of
/// a set, `\x` the character x. Takes at most pattern × name steps: `*` never backtracks further
/// than the last star.
/// \errors `syntax error in pattern`
Result<bool> glob_match(std::string_view pattern, std::string_view name);

/// Whether \p pattern has any of `*?[\`: without them it names one file.
bool has_wildcards(std::string_view pattern);

/// `[a-z]`, `[^a-z]`: one character of a set.
struct CharacterSet {
  struct Range {
    char32_t first = 0;
    char32_t last = 0;
  };
  std::vector<Range> ranges;
  bool negated = false;

  bool contains(char32_t c) const {
    bool listed = std::ranges::any_of(
        ranges, [c](const Range& range) { return c >= range.first && c <= range.last; });
    return listed != negated;
  }
};

/// Reads the set that opens at \p at and moves behind it; nothing when it is malformed.
std::optional<CharacterSet> take_set(std::string_view pattern, std::size_t& at);

}  // namespace suit::dockerfile
