/// \file
/// Named regions of a source file: the pieces of code that a lesson shows.
///
///     //> clone            a region begins
///     clone(...)
///     //-                  what lies between two of these is shown as one ⋯
///     error handling
///     //-
///     //< clone            and ends
///
/// Shell scripts, CMake and Dockerfiles use `#>`, `#<` and `#-`. Regions may nest; they may not
/// cross. The idea is Crafting Interpreters' ("the code compiled is the code printed"); unlike
/// there and in mdBook, whatever does not fit is an error: an unknown region must never become an
/// empty listing.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace suit::lesson {

/// One region, as it is shown.
struct Region {
  std::string name;                ///< \shape `[a-z0-9.-]+`
  std::size_t line;                ///< of its opening marker, from 1
  std::vector<std::string> lines;  ///< without markers, elided, common indentation removed
};

/// All regions of \p text, in the order in which they open.
/// \param name what the file is called in errors
/// \errors `main.cpp:12: region "clone" is never closed`, and so on for each way to be wrong
Result<std::vector<Region>> parse_regions(std::string_view name, std::string_view text);

/// The whole file as it is shown: markers removed, elided parts as ⋯.
Result<std::vector<std::string>> shown_file(std::string_view name, std::string_view text);

/// \p text cut at its newlines; a final newline ends the last line and begins none.
std::vector<std::string> split_lines(std::string_view text);

/// The part of \p line between its leading and trailing blanks.
std::string_view trimmed(std::string_view line);

}  // namespace suit::lesson
