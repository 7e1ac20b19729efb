// Expansion against the reference lexer's own tables.

#include <set>

#include <gtest/gtest.h>

#include "../support/corpora.h"
#include "dockerfile/expand.h"
#include "dockerfile/pattern_internal.h"
#include "lines_support.h"

namespace suit::dockerfile {
namespace {

using corpora::Tally;
using nlohmann::json;

// `K=V` lines; the last of a name wins; a line without `=` is an empty value.
std::map<std::string, std::string> environment(const json& row) {
  std::map<std::string, std::string> out;
  for (const std::string& line : strings(row, "env")) {
    std::size_t equals = line.find('=');
    out[line.substr(0, equals)] = equals == std::string::npos ? "" : line.substr(equals + 1);
  }
  return out;
}

bool check(const json& row, std::string& ours) {
  auto env = environment(row);
  Lookup lookup = [&env](std::string_view name) -> std::optional<std::string> {
    auto found = env.find(std::string(name));
    if (found == env.end()) return std::nullopt;
    return found->second;
  };
  std::string input = row["input"].get<std::string>();
  if (row["api"] == "getenv") return lookup(input).value_or("") == row["expected"];
  auto result = expand_with_names(input, '\\', lookup);
  ours = result ? result->text : result.error().message();
  if (row.contains("expected_error_contains"))
    return !result &&
           ours.find(row["expected_error_contains"].get<std::string>()) != std::string::npos;
  if (row.contains("expected_error")) {
    if (result) return false;
    // The text is for information upstream; where it names no replacement character it is ours too.
    std::string theirs = row.value("upstream_error", ours);
    return theirs == ours || theirs.find("\xef\xbf\xbd") != std::string::npos;
  }
  if (!result) return false;
  if (row["api"] == "words") return result->words == strings(row, "expected");
  if (row["expected"] != result->text) return false;
  if (!row.contains("matched")) return true;
  return result->matched == strings(row, "matched") &&
         result->unmatched == strings(row, "unmatched");
}

void run_table(const std::string& path) {
  Tally tally(path);
  for (const json& row : corpora::cases(path)) {
    std::string ours;
    bool ok = check(row, ours);
    EXPECT_TRUE(ok) << row.dump() << "\nours: " << ours;
    tally.count(ok);
  }
}

TEST(ExpandCorpora, ExpandsTheEnvironmentTable) {
  SUIT_NEEDS_CORPORA();
  run_table("dockerfile-shell/envvar.json");
}

TEST(ExpandCorpora, ExpandsTheModifierTables) {
  SUIT_NEEDS_CORPORA();
  run_table("dockerfile-shell/lex-tables.json");
}

TEST(ExpandCorpora, SplitsExpandedWords) {
  SUIT_NEEDS_CORPORA();
  run_table("dockerfile-shell/words.json");
}

// Of the table's helpers (regular expressions, reversed strings) we have only the pattern's
// grammar.
TEST(ExpandCorpora, RejectsTheSamePatterns) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-shell/patterns.json");
  for (const json& row : corpora::cases("dockerfile-shell/patterns.json")) {
    if (row["api"] != "pattern_to_regex") {
      tally.deviate();
      continue;
    }
    bool ok = ShellPattern::create(row["input"].get<std::string>()).has_value() !=
              row.contains("expected_error");
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

}  // namespace
}  // namespace suit::dockerfile
