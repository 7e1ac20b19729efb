/// \file
/// Go's omitempty: what is empty is not written.

#pragma once

#include <string>
#include <string_view>

#include "oci/json.h"

namespace suit::oci {

inline void put(Json& object, std::string_view key, const std::string& text) {
  if (!text.empty()) object.set(key, text);
}

}  // namespace suit::oci
