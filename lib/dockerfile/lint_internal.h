/// \file
/// What the families of rules share: the `check` directive, the reporter, a stage's state.

#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/lint.h"
#include "dockerfile/scope.h"

namespace suit::dockerfile {

std::span<const LintRule> buildkit_rules();
std::span<const LintRule> our_rules();

/// \shape `skip=A,B;error=true;experimental=C`
struct CheckOptions {
  std::vector<std::string> skip;
  std::vector<std::string> experimental;
  bool error = false;
};

/// \param wrong gets the reason when an option is none
CheckOptions read_check(std::string_view value, std::string& wrong);

/// Whether \p names holds the rule's name, \p code, or `all`.
bool lists(const std::vector<std::string>& names, const LintRule& rule, std::string_view code);

/// What a stage hands to stages FROM it.
struct StageState {
  Scope scope;
  std::set<std::string, std::less<>> declared;  ///< ARGs, also those without a value
  std::vector<std::string> shell;               ///< of SHELL; empty: the default
  bool has_workdir = false;
};

/// Takes findings in, and leaves out those that somebody silenced.
class LintReporter {
 public:
  LintReporter(const LintOptions& options, LintResult& out) : options_(options), out_(out) {}

  /// Reads the file's `check` directive and, at its top, `hadolint global ignore=`.
  void read_directives(const Dockerfile& file);

  /// \param code which of the rule's codes; empty: its only one
  void warn(std::string_view rule, const Instruction& instruction, const SourceSpan& span,
            std::string message, std::string help = {}, Edits edits = {},
            std::string_view code = {});
  /// A finding that stands at no instruction.
  void warn(std::string_view rule, std::string message, std::string help = {});

  /// By line and text, and whether they make the build fail.
  void finish();

 private:
  void read_check_value(std::string_view value, const SourceSpan& span);
  void read_ignored(const Instruction& instruction);
  bool is_wanted(const LintRule& rule, std::string_view code) const;
  void add(LintWarning warning);

  const LintOptions& options_;
  LintResult& out_;
  CheckOptions check_;
  std::vector<std::string> global_;          ///< ignored in the whole file
  const Instruction* ignored_of_ = nullptr;  ///< whose comments `ignored_` comes from
  std::vector<std::string> ignored_;
};

/// The keyword alone.
SourceSpan keyword_span(const Instruction& instruction);
/// An edit of the place that \p span marks.
inline Edit replace(const SourceSpan& span, std::string text) {
  return {span.offset, span.length, std::move(text)};
}

bool is_lower(std::string_view word);
bool is_upper(std::string_view word);
std::string cased(std::string_view keyword, bool lower);

/// `from … as x`: `AS` in the casing of FROM.
Edits fix_as(const Instruction& one, const From& from);
/// Deletes the empty lines inside of \p one. \param source the file; without it nothing comes back
Edits fix_empty_lines(const Instruction& one, std::string_view source);
/// MAINTAINER as a LABEL.
Edits fix_maintainer(const Instruction& one);
/// `ENV name some value` as `ENV name="some value"`.
Edits fix_legacy(const Instruction& one, const KeyValue& pair);
/// `CMD a b` as `CMD ["a", "b"]`, as long as the shell has nothing to do.
Edits fix_shell_form(const Instruction& one, const CommandLine& command);

/// Whether a variable of this name holds a secret. \source BuildKit's word lists
bool looks_secret(std::string_view name);

}  // namespace suit::dockerfile
