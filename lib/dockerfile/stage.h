/// \file
/// Layer three: stages, how they refer to each other, and what a target needs.

#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/diagnostic.h"
#include "dockerfile/instruction.h"

namespace suit::dockerfile {

/// `FROM …` and the instructions up to the next.
struct Stage {
  std::size_t index = 0;
  std::string name;  ///< lower case; empty if there is none
  From from;
  Instruction from_instruction;
  std::vector<Instruction> instructions;

  /// The name, or the index as text: for messages.
  std::string label() const;
};

/// A file that was read.
struct Dockerfile {
  char escape = '\\';
  std::vector<Directive> directives;
  std::vector<Instruction> global_args;  ///< each an `Arg`: those before the first FROM
  std::vector<Stage> stages;

  /// The stage called \p name, case ignored, or with that index as text.
  const Stage* find_stage(std::string_view name) const;
};

/// A name and its value, in order of definition.
using Variable = std::pair<std::string, std::string>;

/// What the build was asked for.
struct ResolveOptions {
  std::map<std::string, std::string, std::less<>> build_args;
  std::string target;                           ///< stage name or index; empty: the last stage
  std::string build_platform = "linux/amd64";   ///< \shape `os/arch[/variant]`
  std::string target_platform = "linux/amd64";  ///< \shape `os/arch[/variant]`
  /// Named contexts: a stage or an image of such a name is replaced by it.
  std::vector<std::string> contexts;
};

/// How one stage uses another, or something from outside.
enum class Use { BaseOf, CopyFrom, MountFrom };
/// One use of one stage, image or context by a stage.
struct Dependency {
  Use use = Use::BaseOf;
  std::optional<std::size_t> stage;  ///< an earlier stage; or
  std::string external;              ///< an image or a named context
  SourceSpan span;
};

/// A stage with its FROM expanded.
struct ResolvedStage {
  std::size_t index = 0;
  std::string base;                       ///< expanded: image, stage name or `scratch`
  std::optional<std::size_t> base_stage;  ///< when `base` is an earlier stage
  std::string platform;                   ///< expanded `--platform`; empty if there was none
  std::vector<Dependency> dependencies;
  bool reachable = false;  ///< the target needs it; the others need not be built nor pulled
};

/// Which stages make the target, in which order.
struct Resolution {
  std::vector<Variable> globals;  ///< platform arguments and global ARGs: what FROM sees
  std::vector<ResolvedStage> stages;
  std::size_t target = 0;
  std::vector<std::size_t> order;  ///< reachable stages, each after what it needs
};

/// A resolution, or the reasons why there is none.
struct ResolveResult {
  Resolution resolution;
  std::vector<Diagnostic> diagnostics;
  bool ok() const;
};

/// Expands global ARGs and FROMs, checks every reference between stages, finds the target.
ResolveResult resolve(const Dockerfile& file, const ResolveOptions& options);

}  // namespace suit::dockerfile
