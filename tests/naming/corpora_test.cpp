// The reference implementation's own tables.

#include "../support/corpora.h"

#include <gtest/gtest.h>

#include "naming/grammar.h"
#include "naming/id.h"

namespace suit::naming {
namespace {

using corpora::Deviations;
using corpora::Tally;
using nlohmann::json;

// The text of a row's member, or "".
std::string text(const json& row, const char* key) {
  return row.contains(key) && row[key].is_string() ? row[key].get<std::string>() : "";
}

std::string message(const Result<Reference>& result) {
  return result ? "accepted: " + result->canonical() : result.error().message();
}

// Upstream's short sentinels are the end or the beginning of our messages.
bool is_error(const Result<Reference>& result, const std::string& expected) {
  return !result && result.error().message().find(expected) != std::string::npos;
}

TEST(NamingCorpora, ParsesAsUpstreamDoes) {
  SUIT_NEEDS_CORPORA();
  const Deviations deviations = {
      {"parse-015",
       "upstream's test runs without sha512 registered, which every real program has"}};
  Tally tally("reference/parse.json");
  for (const json& row : corpora::cases("reference/parse.json")) {
    if (deviations.contains(text(row, "name"))) {
      tally.deviate();
      continue;
    }
    const Result<Reference> result = parse_strict(text(row, "input"));
    bool ok = false;
    if (row.contains("expected")) {
      const json& expected = row["expected"];
      ok = result && result->domain == text(expected, "domain") &&
           result->tag == text(expected, "tag") &&
           result->digest.text() == text(expected, "digest") &&
           result->canonical() == text(row, "input");
    } else {
      ok = is_error(result, text(row, "expected_error"));
    }
    EXPECT_TRUE(ok) << row.dump() << "\n" << message(result);
    tally.count(ok);
  }
}

bool grammar_holds(const std::string& grammar, const json& row) {
  const std::string input = text(row, "input");
  const bool match = row["match"].get<bool>();
  if (grammar == "domain[:port]") return is_domain(input) == match;
  if (grammar == "64-hex identifier") return is_identifier(input) == match;
  const std::optional<Parts> parts = grammar == "name" ? split_name(input) : split_reference(input);
  if (parts.has_value() != match) return false;
  if (!match || !row.contains("submatches")) return true;
  const auto expected = row["submatches"].get<std::vector<std::string>>();
  if (grammar == "name") return parts->domain == expected[0] && parts->path == expected[1];
  const std::string name = parts->domain.empty()
                               ? std::string(parts->path)
                               : std::string(parts->domain) + "/" + std::string(parts->path);
  return name == expected[0] && parts->tag == expected[1] && parts->digest == expected[2];
}

TEST(NamingCorpora, HasUpstreamsGrammar) {
  SUIT_NEEDS_CORPORA();
  Tally tally("reference/grammar.json");
  for (const json& row : corpora::cases("reference/grammar.json")) {
    const bool ok = grammar_holds(text(row, "grammar"), row);
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(NamingCorpora, NormalisesAsUpstreamDoes) {
  SUIT_NEEDS_CORPORA();
  Tally tally("reference/normalized-parts.json");
  for (const json& row : corpora::cases("reference/normalized-parts.json")) {
    const Result<Reference> result = parse_name(text(row, "input"));
    bool ok = false;
    if (row.contains("expected")) {
      const json& expected = row["expected"];
      ok = result.has_value();
      auto same = [&](const char* key, const std::string& ours) {
        ok = ok && (!expected.contains(key) || text(expected, key) == ours);
      };
      if (ok) {
        same("domain", result->domain);
        same("path", result->path);
        same("familiar_name", result->familiar_repository());
        same("full_name", result->repository());
        same("familiar_string", result->familiar());
        same("string", result->canonical());
      }
    } else {
      ok = !result;
    }
    EXPECT_TRUE(ok) << row.dump() << "\n" << message(result);
    tally.count(ok);
  }
}

TEST(NamingCorpora, AcceptsWhatUpstreamAccepts) {
  SUIT_NEEDS_CORPORA();
  Tally tally("reference/normalized-valid.json");
  for (const json& row : corpora::cases("reference/normalized-valid.json")) {
    const Result<Reference> result = parse_name(text(row, "input"));
    const bool valid = row["valid"].get<bool>();
    bool ok = result.has_value() == valid;
    if (ok && valid) ok = result->canonical() == text(row["normalized"], "string");
    if (ok && !valid) ok = result.error().message() == text(row, "upstream_error");
    EXPECT_TRUE(ok) << row.dump() << "\n" << message(result);
    tally.count(ok);
  }
}

// parse_any: a name, or the digest that a bare identifier is; parse_docker_ref: what pull uses.
bool any_holds(const json& row) {
  const std::string api = text(row, "api");
  const std::string input = text(row, "input");
  if (api == "familiar_match") {
    const Result<bool> matches = matches_pattern(parse_name(input).value(), text(row, "pattern"));
    if (row.contains("expected_error"))
      return !matches && matches.error().message().starts_with(text(row, "expected_error"));
    return matches && *matches == row["expected"].get<bool>();
  }
  if (api == "parse_docker_ref") {
    Reference reference = parse_reference(input).value();
    if (!reference.digest.empty()) reference.tag.clear();
    return reference.canonical() == text(row, "expected");
  }
  const Result<AnyReference> any = parse_any(input);
  if (!any) return false;
  if (row.value("is_digest_only", false)) {
    const auto* id = std::get_if<digest::Digest>(&*any);
    return id != nullptr && id->text() == text(row, "expected");
  }
  const auto* name = std::get_if<Reference>(&*any);
  return name != nullptr && name->canonical() == text(row, "expected");
}

TEST(NamingCorpora, MatchesAndResolvesAsUpstreamDoes) {
  SUIT_NEEDS_CORPORA();
  Tally tally("reference/any-docker-match.json");
  for (const json& row : corpora::cases("reference/any-docker-match.json")) {
    const bool ok = any_holds(row);
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

// The table builds references from parts; we have no such setters, so the same texts are parsed.
bool component_holds(const json& row) {
  const std::string api = text(row, "api");
  const std::string input = text(row, "input");
  if (api == "with_name") {
    const std::optional<Parts> parts = split_name(input);
    const bool good = parts && parts->path.size() <= 255;
    if (row.contains("expected_error")) return !good;
    return good && parts->domain == text(row["expected"], "domain") &&
           parts->path == text(row["expected"], "path");
  }
  if (api == "with_tag" || api == "with_digest")
    return split_reference(text(row, "expected")).has_value() &&
           is_tag(text(row, "tag").empty() ? "latest" : text(row, "tag"));
  const Result<Reference> result = parse_strict(input);
  if (api == "json_field")
    return row.contains("expected_error")
               ? is_error(result, text(row, "expected_error"))
               : result && result->repository() == text(row["expected"], "name") &&
                     result->tag == text(row["expected"], "tag") &&
                     result->digest.text() == text(row["expected"], "digest");
  // parse_named: canonical means that normalising changes nothing.
  const bool canonical = result && parse_name(input) && parse_name(input)->canonical() == input;
  return canonical == row.contains("expected");
}

TEST(NamingCorpora, BuildsFromComponentsAsUpstreamDoes) {
  SUIT_NEEDS_CORPORA();
  Tally tally("reference/components.json");
  for (const json& row : corpora::cases("reference/components.json")) {
    const bool ok = component_holds(row);
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

}  // namespace
}  // namespace suit::naming
