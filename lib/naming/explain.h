/// \file
/// What a name means, part by part: what was written, what was assumed, and why.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "naming/reference.h"
#include "naming/registries.h"

namespace suit::naming {

/// One part of the full form.
struct ExplainedPart {
  std::string_view
      name;  ///< `registry`, `repository`, `tag`, `digest`; of an id: `algorithm`, `id`
  std::string text;
  bool assumed = false;  ///< all of it, or `library/` before it, was left out by the user
  std::string why;       ///< why it was assumed, or what it does; one clause
};

/// A name taken apart.
struct Explanation {
  std::string given;
  std::string full;                    ///< the canonical form; of an id, the whole digest
  std::string familiar;                ///< as tables show it
  std::vector<ExplainedPart> parts;    ///< in the order in which they stand in `full`
  const Registry* registry = nullptr;  ///< nullptr: nobody's we know, or an id
  /// What the repository's parts are called at that registry.
  std::vector<std::pair<std::string, std::string>> path_parts;
  std::vector<std::pair<std::string, std::string>> warnings;  ///< each with what to do
};

/// Explains a name as `run`, `build` and `pull` understand it; or an id.
/// \errors as `parse_reference`, with the text and a caret
Result<Explanation> explain(std::string_view text);

/// The full form with its parts marked below it, in lines that end with a newline:
///
///     docker.io/library/python:latest
///     └───┬───┘ └─────┬──────┘ └─┬──┘
///         │           │          └ tag (assumed)
///         │           └ repository (library/ assumed)
///         └ registry (assumed)
std::string picture(const Explanation& explanation);

}  // namespace suit::naming
