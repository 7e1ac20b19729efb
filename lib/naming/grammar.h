/// \file
/// The productions of the reference grammar, for those who need a part of a name by itself.
/// \see reference.cpp, which states the grammar; reference.h for what users type

#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "naming/reference.h"

namespace suit::naming {

/// Where the parts of a reference lie in its text; empty when absent.
struct Parts {
  std::string_view domain, path, tag, digest;
};

bool is_domain(std::string_view text);  ///< `host[:port]`
bool is_path(std::string_view text);    ///< `component[/component...]`
bool is_tag(std::string_view text);
bool is_identifier(std::string_view text);  ///< 64 lower-case hex digits: an id, never a name
std::optional<Parts> split_name(std::string_view text);       ///< `[domain/]path`
std::optional<Parts> split_reference(std::string_view text);  ///< `name[:tag][@digest]`

/// Parses without assuming a registry or a tag: `python` has no domain.
/// \errors 0: the reference implementation's words
Result<Reference> parse_strict(std::string_view text);
/// Parses what a user typed, with the registry filled in but no tag assumed: for lists and filters.
Result<Reference> parse_name(std::string_view text);
/// Whether `image ls PATTERN` shows \p reference: a shell pattern (`*`, `?`, `[a-z]`; none crosses
/// `/`) over its familiar form, or its familiar repository.
/// \errors 0 syntax error in pattern
Result<bool> matches_pattern(const Reference& reference, std::string_view pattern);

}  // namespace suit::naming
