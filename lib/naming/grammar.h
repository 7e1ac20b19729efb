/// \file
/// The productions of the reference grammar, for those who need a part of a name by itself.
/// \see grammar.cpp, which states the grammar; reference.h for what users type

#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "naming/reference.h"

namespace suit::naming {

/// Where the parts of a reference lie in its text; empty when absent.
struct Parts {
  std::string_view domain, path, tag, digest;
};

/// The first byte that a production cannot accept, and why.
struct Problem {
  std::size_t offset = 0;   ///< \unit{bytes} from the start of the text; its size at the end
  std::string_view reason;  ///< one clause, no final period
};

bool is_domain(std::string_view text);  ///< `host[:port]`
bool is_path(std::string_view text);    ///< `component[/component...]`
bool is_tag(std::string_view text);
bool is_identifier(std::string_view text);  ///< 64 lower-case hex digits: an id, never a name
std::optional<Parts> split_name(std::string_view text);       ///< `[domain/]path`
std::optional<Parts> split_reference(std::string_view text);  ///< `name[:tag][@digest]`

/// The same for a text that was told to begin with a registry, or not to: `a.b/c` and `a/b` look
/// alike to the grammar, and only users' habits tell them apart (reference.cpp).
/// \param domain the registry, ending one byte before \p rest; or empty
std::optional<Parts> split_rest(std::string_view domain, std::string_view rest);

/// Why \p text is no `name[:tag][@digest]`; nothing when it is one.
std::optional<Problem> find_problem(std::string_view text);

/// Parses without assuming a registry or a tag: `python` has no domain.
/// \errors 0: the reference implementation's words, with the text and a caret under the offence
Result<Reference> parse_strict(std::string_view text);
/// Parses what a user typed, with the registry filled in but no tag assumed: for lists and filters.
Result<Reference> parse_name(std::string_view text);
/// Whether `image ls PATTERN` shows \p reference: a shell pattern (`*`, `?`, `[a-z]`; none crosses
/// `/`) over its familiar form, or its familiar repository.
/// \errors 0 syntax error in pattern
Result<bool> matches_pattern(const Reference& reference, std::string_view pattern);

}  // namespace suit::naming
