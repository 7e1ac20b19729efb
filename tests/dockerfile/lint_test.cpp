// Build checks against the reference's own cases.

#include "dockerfile/lint.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "../support/corpora.h"

namespace suit::dockerfile {
namespace {

using corpora::Deviations;
using corpora::Tally;
using nlohmann::json;

constexpr const char* kMultiple = "MultipleInstructionsDisallowed";

using Lines = std::multiset<std::string>;

// What the table expects; its rows for one rule hold no text.
Lines expected_lines(const json& warnings) {
  Lines out;
  for (const json& one : warnings)
    out.insert(one.contains("unresolved")
                   ? std::string(kMultiple)
                   : fmt::format("{} {} {}", one["line"].get<int>(), one["rule"].get<std::string>(),
                                 one["detail"].get<std::string>()));
  return out;
}

Lines our_lines(const LintResult& result) {
  Lines out;
  for (const LintWarning& one : result.warnings)
    out.insert(one.rule->name == kMultiple ? std::string(kMultiple)
                                           : fmt::format("{} {} {}", one.diagnostic.span.line,
                                                         one.rule->name, one.diagnostic.message));
  return out;
}

std::string joined(const Lines& lines) {
  std::string out;
  for (const std::string& one : lines)
    out += one + "\n";
  return out;
}

LintOptions options_of(const json& row) {
  LintOptions options;
  constexpr std::string_view kBuildArg = "build-arg:";
  constexpr std::string_view kCheck = "BUILDKIT_DOCKERFILE_CHECK";
  if (!row.contains("frontend_attrs")) return options;
  for (const auto& [key, value] : row["frontend_attrs"].items()) {
    std::string name = key.substr(kBuildArg.size());
    if (name == kCheck)
      options.check = value.get<std::string>();
    else
      options.resolve.build_args[name] = value.get<std::string>();
  }
  return options;
}

bool check(const json& row, std::string& why) {
  ParseResult parsed = parse("Dockerfile", row["dockerfile"].get<std::string>());
  LintOptions options = options_of(row);
  auto patterns = read_ignore_file(row.value("dockerignore", ""));
  auto ignore = IgnoreMatcher::create(*patterns);
  options.ignore = &*ignore;
  LintResult result = lint(parsed.file, options);
  why = joined(our_lines(result));
  if (our_lines(result) != expected_lines(row["warnings"])) return false;
  std::string error = row.value("build_error", "");
  if (error.starts_with("lint violation") && (!result.fail || result.failure() != error))
    return false;
  if (!row.contains("warnings_check_only")) return true;
  options.all_stages = true;
  result = lint(parsed.file, options);
  why = "check: " + joined(our_lines(result));
  return our_lines(result) == expected_lines(row["warnings_check_only"]);
}

TEST(LintCorpora, WarnsAsTheReferenceDoes) {
  SUIT_NEEDS_CORPORA();
  const Deviations deviations = {
      {"testNoEmptyContinuation-1",
       "the warning stands on the instruction's first line, where its span begins, not on its "
       "last"},
      {"testLegacyKeyValueFormat-3",
       "the table's lines for --check, 3 and 4, are not those of its file: its ENV is on line 5"},
  };
  Tally tally("dockerfile-lint/cases.json");
  for (const json& row : corpora::cases("dockerfile-lint/cases.json")) {
    if (deviations.contains(row["name"].get<std::string>())) {
      tally.deviate();
      continue;
    }
    std::string ours;
    bool ok = check(row, ours);
    EXPECT_TRUE(ok) << row.dump() << "\nours:\n" << ours;
    tally.count(ok);
  }
}

TEST(LintCorpora, HasTheReferencesRules) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-lint/rules.json");
  for (const json& row : corpora::cases("dockerfile-lint/rules.json")) {
    auto rule = std::ranges::find(lint_rules(), row["name"].get<std::string>(), &LintRule::name);
    bool ok = rule != lint_rules().end() && rule->description == row["description"] &&
              rule->url == (row["url"].is_string() ? row["url"].get<std::string>() : "") &&
              rule->experimental == row["experimental"].get<bool>();
    EXPECT_TRUE(ok) << row["name"];
    tally.count(ok);
  }
}

std::string warnings(std::string_view text, const LintOptions& options = {}) {
  std::string out;
  for (const LintWarning& one : lint(parse("Dockerfile", text).file, options).warnings)
    out += fmt::format("{} {}\n", one.diagnostic.span.line, one.rule->name);
  return out;
}

TEST(Lint, FindsEmptyContinuations) {
  EXPECT_EQ(warnings("FROM a\nRUN x \\\n\n  y\n"), "2 NoEmptyContinuation\n");
}

TEST(Lint, MarksTheInstructionThatDoesNotCount) {
  EXPECT_EQ(warnings("FROM a\nCMD [\"a\"]\nCMD [\"b\"]\n"), "2 MultipleInstructionsDisallowed\n");
}

TEST(Lint, KnowsWhatBaseImagesSet) {
  std::string text = "FROM python AS base\nARG VERSION=$PYTHON_VERSION\n";
  EXPECT_EQ(warnings(text), "2 UndefinedVar\n");
  LintOptions options;
  options.image_variables = {"PYTHON_VERSION"};
  EXPECT_EQ(warnings(text, options), "");
}

TEST(Lint, RefusesUnknownCheckOptions) {
  LintResult result = lint(parse("Dockerfile", "# check=skp=all\nFROM a\n").file);
  ASSERT_EQ(result.diagnostics.size(), 1U);
  EXPECT_EQ(result.diagnostics[0].message, "invalid check option \"skp=all\"");
}

}  // namespace
}  // namespace suit::dockerfile
