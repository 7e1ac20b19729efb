/// \file
/// What the planner's files share: the state of a stage while its instructions are read.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "build/graph.h"
#include "dockerfile/scope.h"
#include "dockerfile/stage.h"

namespace suit::build {

inline constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A stage between two of its instructions.
struct StageState {
  std::string label;  ///< name, or index as text
  std::string
      display;  ///< what stands in the brackets before `2/5`; empty for a lone unnamed stage
  std::optional<std::size_t> top;  ///< step whose files it has now
  oci::ImageConfig config;
  std::vector<HistoryItem> history;
  dockerfile::Scope scope;
  bool cmd_set = false;  ///< CMD stood in this stage: ENTRYPOINT leaves it alone
  std::vector<std::pair<std::string, std::string>>
      args;  ///< declared so far, as history lists them
  std::size_t step_count = 0;
  std::size_t step_total = 0;
  std::optional<SourceSpan> trigger_span;  ///< while ONBUILD triggers run: their FROM
};

/// What a fallible planning step knows about its place.
struct Place {
  const Source& source;
  SourceSpan span;

  /// An error of the Dockerfile: headline, excerpt, and what to write instead.
  std::unexpected<Error> fail(std::string message, std::string help = {}) const;
  /// The same for an error that came from below.
  std::unexpected<Error> fail(const Error& error) const;
};

/// \p path as it stands below \p directory: absolute, without `.`, `..` and double slashes. A
/// trailing slash (also of `x/.`) is kept, as it says that a directory is meant.
std::string absolute_path(std::string_view directory, std::string_view path);

/// `RUN make`: keyword in upper case, in one line, known variables replaced when there is a \p
/// lookup.
std::string instruction_text(const dockerfile::Instruction& instruction, char escape,
                             const dockerfile::Lookup* lookup);

/// First line of a here-document, for names: `set -e...`.
std::string summarize_heredoc(std::string_view text);

/// Applies an instruction that changes only the config, and writes its history line.
/// \param instruction with variables replaced
Result<void> apply_config(StageState& stage, const dockerfile::Instruction& instruction,
                          const Place& place);

/// The argv of a command: the stage's shell in front of the shell form.
std::vector<std::string> command_args(const StageState& stage,
                                      const dockerfile::CommandLine& command);

/// RUN as an operation: command and here-documents put together, environment, mounts.
/// \param heredoc_note receives ` (first line...)` for the display, when there is a here-document
Result<RunOp> plan_run(const StageState& stage, const dockerfile::Run& run, char escape,
                       const PlanOptions& options, const Place& place, std::string& heredoc_note);

/// COPY or ADD (variables replaced) as an operation. `from` is the caller's to fill.
Result<CopyOp> plan_copy(const StageState& stage, const dockerfile::Copy& copy, const Place& place);
Result<CopyOp> plan_add(const StageState& stage, const dockerfile::Add& add, const Place& place);

/// What history calls a COPY: `COPY a b /app/ # buildkit`.
std::string copy_history(std::string_view keyword, const CopyOp& op, const std::string& destination,
                         const std::string& flags);

/// The part of a step's cache key that the plan knows.
oci::Json ingredients_of(const Step& step);

/// Warnings about build arguments that no ARG declares.
std::vector<dockerfile::Diagnostic> check_build_args(const dockerfile::Dockerfile& file,
                                                     const dockerfile::ResolveOptions& options);

/// Whether \p name may be given without being declared: proxies in both cases.
bool is_proxy_argument(std::string_view name);

}  // namespace suit::build
