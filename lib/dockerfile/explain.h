/// \file
/// What every instruction of a target says after its variables were replaced, and where each value
/// comes from.

#pragma once

#include <string>
#include <vector>

#include "dockerfile/diagnostic.h"
#include "dockerfile/stage.h"

namespace suit::dockerfile {

/// What gave a variable its value.
enum class ValueSource { Nothing, Predefined, BuildArg, GlobalDefault, Default, Env };

/// A variable that an instruction asked for.
struct UsedVariable {
  std::string name;
  std::string value;
  ValueSource source = ValueSource::Nothing;
  std::size_t line = 0;  ///< of the ARG or ENV that brought it; 0: none did

  /// `ARG of line 3`, `--build-arg`, `predefined`, `not set`
  std::string origin() const;
};

/// One instruction after expansion.
struct ExpandedInstruction {
  std::size_t stage = 0;                 ///< for global ARGs: of no meaning
  bool global = false;                   ///< it stands before the first FROM
  const Instruction* written = nullptr;  ///< belongs to the file
  std::string text;                      ///< on one line
  std::vector<UsedVariable> used;
};

/// A whole file, or as much of it as could be expanded.
struct ExpandedFile {
  std::vector<ExpandedInstruction> instructions;  ///< of the stages that the target needs, in order
  std::vector<Diagnostic> diagnostics;
  bool ok() const { return diagnostics.empty(); }
};

/// \param resolution of \p file with the same \p options, without errors
ExpandedFile explain_expansion(const Dockerfile& file, const Resolution& resolution,
                               const ResolveOptions& options);

}  // namespace suit::dockerfile
