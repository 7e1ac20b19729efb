// Findings on their way out: silenced, bounded, sorted.

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dockerfile/lint_internal.h"
#include "dockerfile/text_internal.h"

namespace suit::dockerfile {
namespace {

constexpr std::string_view kCheck = "check=";

void add_names(std::string_view list, std::vector<std::string>& names) {
  // What follows a blank is a remark; `A, B` is a list all the same.
  while (!list.empty()) {
    std::size_t end = std::min(list.find(','), list.size());
    std::string_view name = text::trim(list.substr(0, end));
    std::size_t blank = name.find(' ');
    if (!name.empty()) names.emplace_back(name.substr(0, blank));
    if (blank != std::string_view::npos) return;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

// The text behind `hadolint ignore=`, blanks around `=` or not.
std::string_view behind(std::string_view comment, std::string_view words) {
  if (!comment.starts_with(words)) return {};
  std::string_view rest = text::trim_left(comment.substr(words.size()));
  return rest.starts_with('=') ? rest.substr(1) : std::string_view();
}

const Instruction* first_instruction(const Dockerfile& file) {
  if (!file.global_args.empty()) return &file.global_args.front();
  return file.stages.empty() ? nullptr : &file.stages.front().from_instruction;
}

}  // namespace

void LintReporter::read_directives(const Dockerfile& file) {
  if (!options_.check.empty()) {
    read_check_value(options_.check, {});
  } else {
    for (const Directive& one : file.directives)
      if (one.name == "check") read_check_value(one.value, one.span);
  }
  const Instruction* first = first_instruction(file);
  if (first == nullptr) return;
  for (const Word& comment : first->comments)
    add_names(behind(comment.text, "hadolint global ignore"), global_);
}

void LintReporter::read_check_value(std::string_view value, const SourceSpan& span) {
  std::string wrong;
  check_ = read_check(value, wrong);
  if (!wrong.empty()) out_.diagnostics.push_back({Severity::Error, span, wrong, {}, {}});
}

void LintReporter::read_ignored(const Instruction& instruction) {
  if (std::exchange(ignored_of_, &instruction) == &instruction) return;
  ignored_.clear();
  for (const Word& comment : instruction.comments) {
    std::string_view words = comment.text;
    add_names(behind(words, "hadolint ignore"), ignored_);
    add_names(behind(words, "suit lint ignore"), ignored_);
    if (!words.starts_with(kCheck)) continue;
    std::string wrong;
    for (std::string& name : read_check(words.substr(kCheck.size()), wrong).skip)
      ignored_.push_back(std::move(name));
  }
}

bool LintReporter::is_wanted(const LintRule& rule, std::string_view code) const {
  if (lists(check_.skip, rule, code) || lists(options_.skip, rule, code) ||
      lists(global_, rule, code))
    return false;
  if (!options_.only.empty()) return lists(options_.only, rule, code);
  return !rule.experimental || lists(check_.experimental, rule, code);
}

void LintReporter::warn(std::string_view name, const Instruction& instruction,
                        const SourceSpan& span, std::string message, std::string help, Edits edits,
                        std::string_view code) {
  const LintRule* rule = find_lint_rule(name);
  if (rule == nullptr || (rule->set != LintSet::BuildKit && !options_.all_sets)) return;
  if (code.empty() && rule->codes.find(' ') == std::string_view::npos) code = rule->codes;
  if (!is_wanted(*rule, code)) return;
  read_ignored(instruction);
  if (lists(ignored_, *rule, code)) return;
  LintWarning warning{
      rule, code, {Severity::Warning, span, std::move(message), {}, std::move(help)}};
  warning.first_line = instruction.span.line;
  warning.last_line = instruction.last_line;
  warning.edits = std::move(edits);
  add(std::move(warning));
}

void LintReporter::warn(std::string_view name, std::string message, std::string help) {
  const LintRule* rule = find_lint_rule(name);
  if (rule == nullptr || (rule->set != LintSet::BuildKit && !options_.all_sets)) return;
  if (!is_wanted(*rule, rule->codes)) return;
  add({rule, rule->codes, {Severity::Warning, {}, std::move(message), {}, std::move(help)}});
}

void LintReporter::add(LintWarning warning) {
  if (out_.warnings.size() < kMaxLintWarnings) {
    out_.warnings.push_back(std::move(warning));
    return;
  }
  if (out_.diagnostics.empty() || out_.diagnostics.back().message != "too many findings")
    out_.diagnostics.push_back(
        {Severity::Warning,
         warning.diagnostic.span,
         "too many findings",
         {},
         fmt::format("{} are shown: mend them, or skip their rules", kMaxLintWarnings)});
}

void LintReporter::finish() {
  std::ranges::stable_sort(out_.warnings, {}, [](const LintWarning& one) {
    return std::pair(one.diagnostic.span.line, std::string_view(one.diagnostic.message));
  });
  out_.fail = check_.error && !out_.warnings.empty();
}

std::string LintResult::failure() const {
  std::set<std::string_view> names;
  for (const LintWarning& one : warnings)
    names.insert(one.rule->name);
  std::string out = "lint violation found for rules: ";
  for (bool first = true; std::string_view name : names) {
    if (!std::exchange(first, false)) out += ", ";
    out += name;
  }
  return out;
}

SourceSpan keyword_span(const Instruction& instruction) {
  SourceSpan span = instruction.span;
  span.length = std::min(span.length, instruction.keyword.size());
  return span;
}

}  // namespace suit::dockerfile
