/// \file
/// Build checks: what is legal and still likely wrong.
///
/// BuildKit's rules by their names and texts, and on request ours: secrets, the order that keeps
/// the cache useful, and the practice that hadolint made common, by our names and its codes.
///
/// A pure function on a parsed file. Silenced are rules by `# check=skip=Rule` at the top of the
/// file, and by a comment right above an instruction: that, `# hadolint ignore=DL3008`, or
/// `# suit lint ignore=Rule`.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/diagnostic.h"
#include "dockerfile/edit.h"
#include "dockerfile/ignore.h"
#include "dockerfile/parse.h"

namespace suit::dockerfile {

/// How bad it is: an error is wrong or unsafe in every image, style is a matter of taste.
enum class LintSeverity { Error, Warning, Info, Style };

/// Where a rule comes from: what `docker build --check` says too, what leaks secrets, what spoils
/// the cache, what is good practice.
enum class LintSet { BuildKit, Secrets, Cache, Practice };

/// Whether `--fix` knows what to write instead, at least in the plain cases.
enum class Fixable { No, Yes };

/// A rule: what it is called, what it says in general, why, and what to do.
struct LintRule {
  std::string_view name = {};
  std::string_view description = {};
  std::string_view url = {};  ///< empty if there is no page
  bool experimental = false;  ///< only on request
  LintSet set = LintSet::BuildKit;
  LintSeverity severity = LintSeverity::Warning;
  std::string_view codes = {};  ///< hadolint's codes for it, blanks between: `DL3006`
  Fixable fixable = Fixable::No;
  std::string_view why = {};  ///< what goes wrong
  std::string_view fix = {};  ///< what to write instead
};

/// All rules, `InvalidBaseImagePlatform` included: that one needs the image, so the builder reports
/// it.
std::span<const LintRule> lint_rules();
/// The rule called \p name or with that code, case ignored; nullptr when there is none.
const LintRule* find_lint_rule(std::string_view name);
/// ` (did you mean X?)`, or "".
std::string suggest_lint_rule(std::string_view name);
std::string_view to_text(LintSeverity severity);
std::string_view to_text(LintSet set);

/// What the directory of a build says about its Dockerfile.
struct ContextFacts {
  bool known = false;  ///< nobody looked: the rules that need it stay silent
  bool has_ignore_file = false;
  std::vector<std::string> names;  ///< what stands in the directory itself
};

/// What the checks may know beside the file.
struct LintOptions {
  ResolveOptions resolve;
  bool all_stages = false;                ///< also those that the target does not need
  const IgnoreMatcher* ignore = nullptr;  ///< the context's .dockerignore
  std::string check;                      ///< replaces the file's `check` directive when not empty
  /// Variables that base images set, which no text of ours can know.
  std::vector<std::string> image_variables;

  bool all_sets = false;    ///< our rules too, not BuildKit's alone
  std::string_view source;  ///< the file's text: some edits need it
  ContextFacts context;
  std::vector<std::string> only;  ///< names or codes; empty: all. Includes experimental rules
  std::vector<std::string> skip;  ///< names or codes
  /// Where images may come from, `docker.io` or a host; empty: from anywhere.
  std::vector<std::string> trusted_registries;
};

/// Most findings of one file: more are noise, and a hostile file must not make millions.
inline constexpr std::size_t kMaxLintWarnings = 1000;

struct LintWarning {
  const LintRule* rule = nullptr;
  std::string_view code;  ///< the one of the rule's codes that this finding is; may be empty
  Diagnostic diagnostic;
  std::size_t first_line = 0;  ///< of the instruction; 0 when it is about none
  std::size_t last_line = 0;
  Edits edits = {};  ///< what would mend it; empty if only a person can
};

/// What was found, by line and text.
struct LintResult {
  std::vector<LintWarning> warnings;
  bool fail = false;                    ///< `error=true` was asked for and there are warnings
  std::vector<Diagnostic> diagnostics;  ///< mistakes in the `check` directive itself

  /// `lint violation found for rules: A, B`
  std::string failure() const;
};

LintResult lint(const Dockerfile& file, const LintOptions& options = {});

}  // namespace suit::dockerfile
