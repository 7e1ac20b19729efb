#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "dockerfile/lint_internal.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/values_internal.h"

namespace suit::dockerfile {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    std::size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text::trim(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// BuildKit's first: the order of `--rules`.
std::vector<LintRule> join_rules() {
  std::vector<LintRule> all;
  for (std::span<const LintRule> part : {buildkit_rules(), our_rules()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

std::span<const LintRule> lint_rules() {
  static const std::vector<LintRule> all = join_rules();
  return all;
}

const LintRule* find_lint_rule(std::string_view name) {
  for (const LintRule& rule : lint_rules())
    if (text::equal_ignoring_case(rule.name, name)) return &rule;
  for (const LintRule& rule : lint_rules())
    for (std::string_view code : split(rule.codes, ' '))
      if (text::equal_ignoring_case(code, name)) return &rule;
  return nullptr;
}

std::string suggest_lint_rule(std::string_view name) {
  std::vector<std::string_view> names;
  for (const LintRule& rule : lint_rules())
    names.push_back(rule.name);
  return text::suggestion(name, names);
}

std::string_view to_text(LintSeverity severity) {
  switch (severity) {
    case LintSeverity::Error:
      return "error";
    case LintSeverity::Warning:
      return "warning";
    case LintSeverity::Info:
      return "info";
    case LintSeverity::Style:
      break;
  }
  return "style";
}

std::string_view to_text(LintSet set) {
  switch (set) {
    case LintSet::BuildKit:
      return "buildkit";
    case LintSet::Secrets:
      return "secrets";
    case LintSet::Cache:
      return "cache";
    case LintSet::Practice:
      break;
  }
  return "practice";
}

CheckOptions read_check(std::string_view value, std::string& wrong) {
  CheckOptions options;
  // What follows a blank is a remark.
  for (std::string_view part : split(value.substr(0, value.find(' ')), ';')) {
    std::size_t equals = std::min(part.find('='), part.size());
    std::string key = text::lower(part.substr(0, equals));
    std::string_view names = part.substr(std::min(equals + 1, part.size()));
    if (key == "skip") {
      for (std::string_view one : split(names, ','))
        options.skip.emplace_back(one);
    } else if (key == "experimental") {
      for (std::string_view one : split(names, ','))
        options.experimental.emplace_back(one);
    } else if (key == "error" && parse_bool(names)) {
      options.error = *parse_bool(names);
    } else {
      wrong = fmt::format("invalid check option {}", text::quote(part));
    }
  }
  return options;
}

bool lists(const std::vector<std::string>& names, const LintRule& rule, std::string_view code) {
  return std::ranges::any_of(names, [&](const std::string& one) {
    return text::equal_ignoring_case(one, rule.name) || text::equal_ignoring_case(one, "all") ||
           (!code.empty() && text::equal_ignoring_case(one, code));
  });
}

}  // namespace suit::dockerfile
