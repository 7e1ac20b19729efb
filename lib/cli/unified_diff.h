/// \file
/// Two texts as a unified diff, which `patch` and people read.

#pragma once

#include <string>
#include <string_view>

namespace suit::cli {

/// What turns \p before into \p after, with three lines of context; "" when they are equal.
///
/// Finds the shortest script up to a thousand changed lines; beyond that everything between the
/// common beginning and the common end is one change, which is correct and not short.
/// \param name of the file, for the two headlines
/// \source Myers, An O(ND) Difference Algorithm (1986); POSIX diff -u
std::string unified_diff(std::string_view name, std::string_view before, std::string_view after);

}  // namespace suit::cli
