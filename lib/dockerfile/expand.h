/// \file
/// Layer three: `$variables` in words. A pure function over a lookup.
///
/// `$v`, `${v}`, `${v:-w}` `${v-w}` `${v:+w}` `${v+w}` `${v:?w}` `${v?w}`, `${v#p}` `${v##p}`
/// `${v%p}` `${v%%p}`, `${v/p/r}` `${v//p/r}`; quotes and escapes as in a shell, and removed.

#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace suit::dockerfile {

/// The value of a variable, or nothing when it is not set.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

/// Longest result of one expansion: `ARG a=$a$a` doubles, and forty such lines must not fill the
/// memory. \unit{bytes}
inline constexpr std::size_t kMaxExpandedBytes = std::size_t{4} << 20;
/// Deepest `${a:-${b:-…}}`.
inline constexpr int kMaxExpansionDepth = 100;

/// What an expansion keeps as it is.
struct ExpandOptions {
  bool keep_quotes = false;
  bool keep_escapes = false;
  bool keep_unset = false;      ///< `$v` of an unset variable stays `$v`
  bool literal_quotes = false;  ///< quotes are ordinary characters: here-documents
};

/// A word after expansion, and the variables that it asked for.
struct Expansion {
  std::string text;
  std::vector<std::string> words;      ///< the text split at blanks outside of quotes
  std::vector<std::string> matched;    ///< variables that were set, sorted
  std::vector<std::string> unmatched;  ///< variables that were not, sorted
};

/// Expands \p word to one string.
/// \errors `failed to process "…": …` with the reason
Result<std::string> expand(std::string_view word, char escape, const Lookup& lookup);

/// Expands \p word and splits the result at blanks, as EXPOSE does.
Result<std::vector<std::string>> expand_words(std::string_view word, char escape,
                                              const Lookup& lookup);

/// Expands, and tells which variables were set and which not.
Result<Expansion> expand_with_names(std::string_view word, char escape, const Lookup& lookup,
                                    const ExpandOptions& options = {});

}  // namespace suit::dockerfile
