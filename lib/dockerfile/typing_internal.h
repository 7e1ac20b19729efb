/// \file
/// From a logical line to a typed instruction.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dockerfile/diagnostic.h"
#include "dockerfile/flags_internal.h"
#include "dockerfile/instruction.h"
#include "dockerfile/line.h"

namespace suit::dockerfile {

/// What the maker of one instruction works with.
struct Typing {
  const LogicalLine& line;
  char escape;
  const FlagValues& flags;
  std::vector<Diagnostic>& diagnostics;

  /// Reports, and is "no instruction": `return typing.error(…)`.
  std::nullopt_t error(const SourceSpan& span, std::string message, std::string help = {}) const {
    diagnostics.push_back({Severity::Error, span, std::move(message), {}, std::move(help)});
    return std::nullopt;
  }
};

using Body = std::optional<InstructionBody>;

Body make_copy(const Typing& typing);
Body make_add(const Typing& typing);
Body make_run(const Typing& typing);
Body make_healthcheck(const Typing& typing);
Body make_onbuild(const Typing& typing);
Body make_from(const Typing& typing);

/// The exec form's words, or the line as one word.
CommandLine command_of(const LogicalLine& line);

/// The text behind `name ` in the comment that begins with it.
std::string description_of(const std::vector<Word>& comments, std::string_view name);

/// Types \p line. What is wrong goes to \p diagnostics; nothing comes back when there is no such
/// instruction or it cannot be made sense of.
std::optional<Instruction> type_instruction(const LogicalLine& line, char escape,
                                            std::vector<Diagnostic>& diagnostics);

}  // namespace suit::dockerfile
