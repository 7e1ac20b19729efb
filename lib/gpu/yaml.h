/// \file
/// YAML as the JSON value that it stands for: the door for CDI files that end in `.yaml`.
///
/// What JSON has no word for is refused: anchors and aliases (nine of them unfold to a billion
/// items), tags, several documents, keys that are no scalars, duplicate keys.
/// \source YAML 1.2, "Core schema"

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "oci/json.h"

namespace suit::gpu {

/// \errors 0 with line and column: `invalid YAML at 3:5: …`
Result<oci::Json> parse_yaml(std::string_view text, oci::JsonLimits limits = {});

/// Block style; every string that is not plain for sure is in double quotes.
std::string to_yaml(const oci::Json& value);

}  // namespace suit::gpu
