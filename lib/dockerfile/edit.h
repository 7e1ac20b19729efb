/// \file
/// Changes to a text, each at its place: what `--fix` does with a file.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace suit::dockerfile {

/// Puts \p text in the place of \p length bytes at \p offset.
struct Edit {
  std::size_t offset = 0;  ///< \unit{bytes} from the start of the file
  std::size_t length = 0;  ///< \unit{bytes}; 0: an insertion
  std::string text;

  friend bool operator==(const Edit&, const Edit&) = default;
};

/// Edits that make sense only together: all of them are made, or none.
using Edits = std::vector<Edit>;

/// A text after its edits, and how many of the groups could be made.
struct Edited {
  std::string text;
  std::size_t applied = 0;
};

/// Makes each group whose stretches no earlier group has touched; the others wait for another run,
/// which sees the new text. Stretches outside of \p text are refused like overlapping ones.
Edited apply_edits(std::string_view text, const std::vector<Edits>& groups);

}  // namespace suit::dockerfile
