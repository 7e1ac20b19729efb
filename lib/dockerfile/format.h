/// \file
/// A Dockerfile in its canonical form: same meaning, same comments, same line breaks.
///
/// Keywords in upper case, one blank between words, four in front of continued lines, at most one
/// empty line in a row, one before each FROM but the first, no blanks at the ends of lines. What a
/// shell reads (RUN, CMD, … in shell form, here-documents) stays as it is to the byte: the steps of
/// a build keep their cache.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/diagnostic.h"

namespace suit::dockerfile {

/// A text, or why there is none.
struct FormatResult {
  std::string text;  ///< as it came when there are diagnostics
  std::vector<Diagnostic> diagnostics;
  bool ok() const { return diagnostics.empty(); }
};

/// Formats \p text, and reads the result to be sure that it means the same.
/// \param name for messages that name the file itself
FormatResult format(std::string_view name, std::string_view text);

}  // namespace suit::dockerfile
