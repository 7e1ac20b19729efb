/// \file
/// Places in a text, and how to show them: `Dockerfile:3:6` with the line and a caret.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace suit {

/// A run of bytes in a source text. Lines and columns count from 1; a column counts bytes.
struct SourceSpan {
  std::size_t offset = 0;  ///< \unit{bytes} from the start of the text
  std::size_t length = 0;  ///< \unit{bytes}; 0 for a place between two bytes
  std::size_t line = 0;    ///< 0 when there is no place
  std::size_t column = 0;
};

/// The span's excerpt: two lines of context either side, `>>>` on its lines, a caret under its
/// bytes.
///
/// \param name what the text is called, usually its path
/// \param text the whole source text
std::string render_excerpt(std::string_view name, std::string_view text, const SourceSpan& span);

/// `Dockerfile:3:6`
std::string location(std::string_view name, const SourceSpan& span);

}  // namespace suit
