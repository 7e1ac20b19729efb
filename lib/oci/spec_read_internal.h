/// \file
/// What the readers of config.json share.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>

#include "oci/cursor_internal.h"
#include "oci/spec.h"

namespace suit::oci {

inline constexpr std::uint64_t kIdLimit = std::numeric_limits<std::uint32_t>::max();

std::uint32_t read_id(const Cursor& at);
/// Refuses by name each of \p keys that asks for something.
void refuse_unsupported(const Cursor& at, std::initializer_list<std::string_view> keys);
void check_object(const Cursor& at);
std::string read_absolute(const Cursor& at);
std::vector<std::string> read_absolutes(const Cursor& at);

Process read_process(const Cursor& at);
Hooks read_hooks(const Cursor& at);

}  // namespace suit::oci
