/// \file
/// Ids beside names: the whole ones, and the first digits that people type.
/// \source distribution/reference, ParseAnyReference; tutorial 08

#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "digest/digest.h"
#include "naming/reference.h"

namespace suit::naming {

/// A name, or an id.
using AnyReference = std::variant<Reference, digest::Digest>;

/// Reads what may be either: 64 hex digits and a whole digest are an id, everything else is a name
/// with its registry filled in but no tag assumed.
/// \errors as `parse_name`
Result<AnyReference> parse_any(std::string_view text);

/// The hex digits of what may be the start of an id (`3f4b`, `sha256:3f4b`); empty when it cannot
/// be one. `beef` is a good name too: who asks a store tries names first.
std::string_view id_prefix(std::string_view text);

/// Which of \p ids begins with the digits that \p text gives; nothing when none does.
/// \errors 0 `"3f" is the start of 2 image ids: 3f00…, 3f11…`
Result<std::optional<std::size_t>> resolve_id(std::string_view text,
                                              std::span<const digest::Digest> ids);

/// The error for a text that is the start of all \p ids.
Error ambiguous_id(std::string_view text, std::span<const digest::Digest> ids);

}  // namespace suit::naming
