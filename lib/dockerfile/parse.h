/// \file
/// Reads a Dockerfile: text in, stages of typed instructions and all findings out.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/diagnostic.h"
#include "dockerfile/instruction.h"
#include "dockerfile/stage.h"

namespace suit::dockerfile {

/// What was read, as far as it could be, and what was found wrong.
struct ParseResult {
  Dockerfile file;
  std::vector<Diagnostic> diagnostics;  ///< in order of the text
  /// No errors; there may be warnings.
  bool ok() const;
};

/// Reads \p text. All errors of the file come from one call; it does not stop at the first.
/// \param name for messages that name the file itself
ParseResult parse(std::string_view name, std::string_view text);

/// One instruction without a FROM: a base image's ONBUILD trigger.
struct TriggerResult {
  std::vector<Instruction> instructions;  ///< one, when there are no errors
  std::vector<Diagnostic> diagnostics;
  bool ok() const;
};
/// Reads a trigger. \shape one instruction, here-documents included
TriggerResult parse_trigger(std::string_view text);

}  // namespace suit::dockerfile
