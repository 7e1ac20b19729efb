/// \file
/// Layer three: the variables that a stage's instructions see, line by line.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dockerfile/expand.h"
#include "dockerfile/instruction.h"
#include "dockerfile/stage.h"

namespace suit::dockerfile {

/// Most bytes of names and values in one stage. \unit{bytes}
inline constexpr std::size_t kMaxScopeBytes = std::size_t{8} << 20;
/// Most bytes of variables that all stages of a file hand to each other: copies of copies must not
/// fill the memory. \unit{bytes}
inline constexpr std::size_t kMaxInheritedBytes = std::size_t{64} << 20;

/// Variables in force at some line of a stage. A stage FROM another starts with a copy of its
/// scope.
struct Scope {
  std::vector<Variable> env;  ///< ENV and the base image's; goes into the image
  /// ARG; seen by RUN, never in the image. Only those that no later ENV has replaced.
  std::vector<Variable> args;

  /// Of an ARG and an ENV with the same name, the one that was written later.
  std::optional<std::string> find(std::string_view name) const;
  Lookup lookup() const;
  /// What RUN's process gets: env, with args over it.
  std::vector<Variable> run_environment() const;
  /// Bytes of names and values.
  std::size_t size_bytes() const;
};

/// Sets a variable in its place, or appends it.
void set_variable(std::vector<Variable>& variables, std::string_view name, std::string value);

/// Applies ARG: a `--build-arg` wins over the default, the default over the global of that name.
Result<void> apply_arg(Scope& scope, const Arg& arg, char escape, const Resolution& resolution,
                       const ResolveOptions& options);

/// Applies ENV: all its values see the variables from before the line.
Result<void> apply_env(Scope& scope, const Env& env, char escape);

/// A copy of \p instruction with the variables of all words replaced and quotes removed, for those
/// instructions whose words are expanded (not RUN, CMD, ENTRYPOINT, HEALTHCHECK, SHELL: their shell
/// does that). A RUN's mounts are read with `parse_mount`.
/// \errors names the instruction's word and the reason
Result<Instruction> expand_instruction(const Instruction& instruction, char escape,
                                       const Lookup& lookup);

/// The words of \p instruction that expansion would look at: for checks.
std::vector<Word> expandable_words(const Instruction& instruction);

/// `TARGETPLATFORM`, `BUILDOS` and so on, `TARGETSTAGE` included.
std::vector<Variable> platform_arguments(const ResolveOptions& options);

}  // namespace suit::dockerfile
