/// \file
/// Build checks: what is legal and still likely wrong. BuildKit's rules, by their names and texts.
///
/// A pure function on a parsed file. `# check=skip=Rule` at the top of the file, or in the comment
/// right above an instruction, silences rules.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/diagnostic.h"
#include "dockerfile/ignore.h"
#include "dockerfile/parse.h"

namespace suit::dockerfile {

/// A rule: what it is called, what it says in general, where it is explained.
struct LintRule {
  std::string_view name;
  std::string_view description;
  std::string_view url;       ///< empty if there is no page
  bool experimental = false;  ///< only on request
};

/// All rules, `InvalidBaseImagePlatform` included: that one needs the image, so the builder reports
/// it.
std::span<const LintRule> lint_rules();

/// What the checks may know beside the file.
struct LintOptions {
  ResolveOptions resolve;
  bool all_stages = false;                ///< also those that the target does not need
  const IgnoreMatcher* ignore = nullptr;  ///< the context's .dockerignore
  std::string check;                      ///< replaces the file's `check` directive when not empty
  /// Variables that base images set, which no text of ours can know.
  std::vector<std::string> image_variables;
};

struct LintWarning {
  const LintRule* rule = nullptr;
  Diagnostic diagnostic;
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
