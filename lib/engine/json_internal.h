/// \file
/// Numbers of our own documents.

#pragma once

#include <cstdint>
#include <string_view>

#include "oci/json.h"

namespace suit::engine {

/// The member's number; 0 when it is absent or no number.
inline std::int64_t number(const oci::Json& object, std::string_view key) {
  const oci::Json* value = object.find(key);
  return value ? value->as_int().value_or(0) : 0;
}

}  // namespace suit::engine
