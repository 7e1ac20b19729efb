/// \file
/// Each keyword's own rule for what follows it.

#pragma once

#include <string>
#include <vector>

#include "dockerfile/line.h"

namespace suit::dockerfile {

struct SplitError {
  SourceSpan span;
  std::string message;
  std::string help;
};
using SplitErrors = std::vector<SplitError>;

/// Fills keyword, flags, words, json and onbuild of \p line from its text.
SplitErrors split_line(LogicalLine& line, char escape);

}  // namespace suit::dockerfile
