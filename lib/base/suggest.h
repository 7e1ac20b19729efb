/// \file
/// "Did you mean?": the nearest of the words that would have been right.

#pragma once

#include <span>
#include <string>
#include <string_view>

namespace suit {

/// Edits (insert, delete, replace, swap of neighbours) that turn \p a into \p b, case ignored.
/// \source optimal string alignment distance
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to \p word, or "" when none is within two edits and half its length.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);
std::string_view nearest(std::string_view word, std::span<const std::string> candidates);

/// ` (did you mean "x"?)`, or "" when nothing is near: to append to a message.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace suit
