/// \file
/// Finding here-documents in an instruction line.

#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/line.h"

namespace suit::dockerfile {

/// The here-document that \p word announces, still without content; nothing if it announces none.
/// \shape `[fd]<<[-]name`, the name with quotes or without
std::expected<std::optional<Heredoc>, std::string> heredoc_of(std::string_view word);

/// All of a line, in order. A line that does not read as shell words has none.
std::expected<std::vector<Heredoc>, std::string> heredocs_of(std::string_view line);

}  // namespace suit::dockerfile
