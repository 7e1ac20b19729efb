// .dockerignore against the reference matcher's own tables.

#include <gtest/gtest.h>

#include "../support/corpora.h"
#include "dockerfile/ignore.h"
#include "lines_support.h"

namespace suit::dockerfile {
namespace {

using corpora::Tally;
using nlohmann::json;

TEST(IgnoreCorpora, ReadsTheFile) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerignore/ignorefile.json");
  for (const json& row : corpora::cases("dockerignore/ignorefile.json")) {
    auto patterns = read_ignore_file(row["input"].get<std::string>());
    bool ok = patterns && *patterns == strings(row, "expected");
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(IgnoreCorpora, CleansPatterns) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerignore/clean-patterns.json");
  for (const json& row : corpora::cases("dockerignore/clean-patterns.json")) {
    auto matcher = IgnoreMatcher::create(strings(row, "patterns"));
    bool ok = row.contains("expected_error") ? !matcher : matcher.has_value();
    if (row.contains("expected_count")) ok = ok && matcher->size() == row["expected_count"];
    if (row.contains("expected_exclusions")) ok = ok && matcher->has_exclusions();
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(IgnoreCorpora, CompilesPatterns) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerignore/compile.json");
  for (const json& row : corpora::cases("dockerignore/compile.json")) {
    bool ok = IgnoreMatcher::create({row["pattern"].get<std::string>()}).has_value();
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

bool check(const json& row, std::string& ours) {
  auto matcher = IgnoreMatcher::create(strings(row, "patterns"));
  if (row.contains("expected_error")) {
    ours = matcher ? "accepted" : matcher.error().message();
    return !matcher && ours.find(row["expected_error"].get<std::string>()) != std::string::npos;
  }
  if (!matcher) {
    ours = matcher.error().message();
    return false;
  }
  std::string path = row["path"].get<std::string>();
  bool match = row["api"] == "matches" ? matcher->matches_path_only(path) : matcher->matches(path);
  ours = match ? "matches" : "does not match";
  return match == row["expected"].get<bool>();
}

TEST(IgnoreCorpora, MatchesPaths) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerignore/matches.json");
  for (const json& row : corpora::cases("dockerignore/matches.json")) {
    std::string ours;
    bool ok = check(row, ours);
    EXPECT_TRUE(ok) << row.dump() << "\nours: " << ours;
    tally.count(ok);
  }
}

// A walk that hands verdicts down answers as the question about the whole path does.
TEST(IgnoreCorpora, WalksAsItMatches) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerignore/matches.json, walked");
  for (const json& row : corpora::cases("dockerignore/matches.json")) {
    auto matcher = IgnoreMatcher::create(strings(row, "patterns"));
    std::string path = clean_path(row["path"].get<std::string>());
    if (!matcher || path == "." || path.starts_with('/') || row["api"] == "matches") continue;
    IgnoreMatcher::Verdicts parent;
    IgnoreMatcher::Verdicts verdicts;
    bool match = false;
    for (std::size_t slash = path.find('/');; slash = path.find('/', slash + 1)) {
      match = matcher->matches(path.substr(0, slash), parent, verdicts);
      parent = verdicts;
      if (slash == std::string::npos) break;
    }
    bool ok = match == matcher->matches(path);
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

}  // namespace
}  // namespace suit::dockerfile
