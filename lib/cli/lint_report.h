/// \file
/// What `suit lint` and `suit build --check` print: for people, for programs, for code review.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/source_file.h"
#include "dockerfile/lint.h"
#include "oci/json.h"

namespace suit::cli {

/// One file and all that was found in it.
struct LintedFile {
  SourceFile source;
  std::vector<dockerfile::Diagnostic> errors;  ///< of the language: the file cannot be built
  dockerfile::LintResult findings;
};

/// Findings with excerpts, in the order of the file.
std::string lint_text(const LintedFile& file);

/// One object a file, and counts.
oci::Json lint_json(const std::vector<LintedFile>& files);

/// A log for code review and scanners. \source SARIF 2.1.0 (OASIS)
oci::Json lint_sarif(const std::vector<LintedFile>& files);

/// BuildKit's form: `WARNING: Rule - url`, the detail, the instruction's lines.
std::string check_text(const LintedFile& file);
/// `Check complete, 2 warnings have been found!`
std::string check_summary(std::size_t warnings);

/// The table of rules, or all about those named. \errors 0 naming a rule that does not exist
Result<std::string> rules_text(const std::vector<std::string>& names);
oci::Json rules_json();

}  // namespace suit::cli
