#include "cli/lint_report.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cli/text.h"
#include "cli/version.h"

namespace suit::cli {
namespace {

using dockerfile::Diagnostic;
using dockerfile::LintRule;
using dockerfile::LintSeverity;
using dockerfile::LintWarning;
using oci::Json;

std::string label_of(const LintWarning& one) {
  std::string label(dockerfile::to_text(one.rule->severity));
  label += fmt::format("[{}{}{}]", one.rule->name, one.code.empty() ? "" : ", ", one.code);
  return label;
}

Json place_of(const SourceSpan& span) {
  Json place;
  place.set("line", std::uint64_t{span.line}).set("column", std::uint64_t{span.column});
  place.set("offset", std::uint64_t{span.offset}).set("length", std::uint64_t{span.length});
  return place;
}

Json diagnostic_json(const Diagnostic& one) {
  Json out;
  out.set("message", safe(one.message));
  if (!one.help.empty()) out.set("help", safe(one.help));
  if (one.span.line != 0) out.set("location", place_of(one.span));
  return out;
}

Json warning_json(const LintWarning& one) {
  Json out;
  out.set("rule", one.rule->name);
  if (!one.code.empty()) out.set("code", one.code);
  out.set("severity", dockerfile::to_text(one.rule->severity));
  out.set("set", dockerfile::to_text(one.rule->set));
  const Json shown = diagnostic_json(one.diagnostic);
  for (const auto& [key, value] : *shown.as_object())
    out.set(key, value);
  out.set("fixable", !one.edits.empty());
  return out;
}

std::string_view sarif_level(LintSeverity severity) {
  if (severity == LintSeverity::Error) return "error";
  return severity == LintSeverity::Warning ? "warning" : "note";
}

Json text_json(std::string_view text) {
  Json out;
  out.set("text", safe(text));
  return out;
}

// A relative reference: what is no unreserved character of RFC 3986 is percent-encoded.
std::string uri_of(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// Characters before \p offset in its line, counted from 1: SARIF counts code points.
std::size_t column_at(std::string_view text, std::size_t offset) {
  const std::size_t newline = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
  const std::string_view before = text.substr(start, offset - start);
  return 1 + static_cast<std::size_t>(std::ranges::count_if(
                 before, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

Json region_of(std::string_view text, const SourceSpan& span) {
  const std::size_t end = std::min(span.offset + span.length, text.size());
  const std::string_view covered = text.substr(std::min(span.offset, end), end - span.offset);
  Json region;
  region.set("startLine", std::uint64_t{span.line});
  region.set("startColumn", std::uint64_t{column_at(text, std::min(span.offset, end))});
  region.set("endLine", std::uint64_t{span.line +
                                      static_cast<std::size_t>(std::ranges::count(covered, '\n'))});
  region.set("endColumn", std::uint64_t{column_at(text, end)});
  region.set("byteOffset", std::uint64_t{span.offset});
  region.set("byteLength", std::uint64_t{span.length});
  return region;
}

Json artifact_of(const LintedFile& file) {
  Json artifact;
  artifact.set("uri", uri_of(file.source.is_stdin() ? "stdin" : file.source.path));
  return artifact;
}

Json result_json(const LintedFile& file, std::string_view rule, std::string_view level,
                 const Diagnostic& one) {
  Json physical;
  physical.set("artifactLocation", artifact_of(file));
  if (one.span.line != 0) physical.set("region", region_of(file.source.text, one.span));
  Json location;
  location.set("physicalLocation", std::move(physical));
  Json out;
  out.set("ruleId", rule).set("level", level);
  out.set("message", text_json(one.help.empty() ? one.message : one.message + ": " + one.help));
  out.set("locations", Json::array().push(std::move(location)));
  return out;
}

Json fix_json(const LintedFile& file, const LintWarning& one) {
  Json replacements = Json::array();
  for (const dockerfile::Edit& edit : one.edits) {
    Json region;
    region.set("byteOffset", std::uint64_t{edit.offset});
    region.set("byteLength", std::uint64_t{edit.length});
    Json replacement;
    replacement.set("deletedRegion", std::move(region));
    replacement.set("insertedContent", text_json(edit.text));
    replacements.push(std::move(replacement));
  }
  Json change;
  change.set("artifactLocation", artifact_of(file));
  change.set("replacements", std::move(replacements));
  Json fix;
  fix.set("description", text_json(one.rule->fix));
  fix.set("artifactChanges", Json::array().push(std::move(change)));
  return fix;
}

constexpr std::string_view kSyntax = "SyntaxError";

Json sarif_rule(const LintRule& rule) {
  Json configuration;
  configuration.set("level", sarif_level(rule.severity)).set("enabled", !rule.experimental);
  Json properties;
  properties.set("tags", Json::array().push(dockerfile::to_text(rule.set)));
  Json out;
  out.set("id", rule.name).set("name", rule.name);
  out.set("shortDescription", text_json(rule.description));
  out.set("fullDescription", text_json(rule.why));
  out.set("help", text_json(rule.fix));
  if (!rule.url.empty()) out.set("helpUri", rule.url);
  out.set("defaultConfiguration", std::move(configuration));
  out.set("properties", std::move(properties));
  return out;
}

Json sarif_tool() {
  Json rules = Json::array();
  rules.push(sarif_rule({.name = kSyntax,
                         .description = "The file is no Dockerfile",
                         .severity = LintSeverity::Error,
                         .why = "It cannot be built.",
                         .fix = "Mend what the message says."}));
  for (const LintRule& rule : dockerfile::lint_rules())
    rules.push(sarif_rule(rule));
  Json driver;
  driver.set("name", "suit lint").set("version", kVersion).set("rules", std::move(rules));
  Json tool;
  tool.set("driver", std::move(driver));
  return tool;
}

std::string rule_details(const LintRule& rule) {
  std::string out = fmt::format("{}: {}\n", rule.name, rule.description);
  out += fmt::format("  severity: {}, set: {}{}{}\n", dockerfile::to_text(rule.severity),
                     dockerfile::to_text(rule.set), rule.experimental ? ", only on request" : "",
                     rule.fixable == dockerfile::Fixable::Yes ? ", --fix mends plain cases" : "");
  if (!rule.codes.empty()) out += fmt::format("  hadolint: {}\n", rule.codes);
  out += fmt::format("  why: {}\n  fix: {}\n", rule.why, rule.fix);
  if (!rule.url.empty()) out += fmt::format("  see: {}\n", rule.url);
  return out;
}

}  // namespace

std::string lint_text(const LintedFile& file) {
  std::string out;
  for (const Diagnostic& one : file.errors)
    out += render(one, file.source.name, file.source.text);
  for (const Diagnostic& one : file.findings.diagnostics)
    out += render(one, file.source.name, file.source.text);
  for (const LintWarning& one : file.findings.warnings)
    out += render_as(label_of(one), one.diagnostic, file.source.name, file.source.text);
  return out;
}

Json lint_json(const std::vector<LintedFile>& files) {
  Json list = Json::array();
  std::uint64_t errors = 0;
  std::uint64_t warnings = 0;
  for (const LintedFile& file : files) {
    Json wrong = Json::array();
    for (const auto* part : {&file.errors, &file.findings.diagnostics})
      for (const Diagnostic& one : *part)
        wrong.push(diagnostic_json(one));
    Json found = Json::array();
    for (const LintWarning& one : file.findings.warnings)
      found.push(warning_json(one));
    errors += wrong.as_array()->size();
    warnings += found.as_array()->size();
    Json entry;
    entry.set("name", safe(file.source.name));
    entry.set("errors", std::move(wrong)).set("findings", std::move(found));
    list.push(std::move(entry));
  }
  Json out;
  out.set("files", std::move(list)).set("errors", errors).set("findings", warnings);
  return out;
}

Json lint_sarif(const std::vector<LintedFile>& files) {
  Json results = Json::array();
  for (const LintedFile& file : files) {
    for (const auto* part : {&file.errors, &file.findings.diagnostics})
      for (const Diagnostic& one : *part)
        results.push(result_json(file, kSyntax, "error", one));
    for (const LintWarning& one : file.findings.warnings) {
      Json result =
          result_json(file, one.rule->name, sarif_level(one.rule->severity), one.diagnostic);
      if (!one.edits.empty()) result.set("fixes", Json::array().push(fix_json(file, one)));
      results.push(std::move(result));
    }
  }
  Json run;
  run.set("tool", sarif_tool());
  run.set("columnKind", "unicodeCodePoints");
  run.set("results", std::move(results));
  Json out;
  out.set("$schema", "https://json.schemastore.org/sarif-2.1.0.json").set("version", "2.1.0");
  out.set("runs", Json::array().push(std::move(run)));
  return out;
}

std::string check_summary(std::size_t warnings) {
  if (warnings == 0) return "Check complete, no warnings found.\n";
  if (warnings == 1) return "Check complete, 1 warning has been found!\n";
  return fmt::format("Check complete, {} warnings have been found!\n", warnings);
}

std::string check_text(const LintedFile& file) {
  std::vector<std::string_view> lines;
  for (std::string_view rest = file.source.text;;) {
    const std::size_t end = rest.find('\n');
    lines.push_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  std::string out;
  for (const LintWarning& one : file.findings.warnings) {
    out += fmt::format("\nWARNING: {}{}{}\n{}\n", one.rule->name,
                       one.rule->url.empty() ? "" : " - ", one.rule->url, one.diagnostic.message);
    if (one.first_line == 0) continue;
    const std::size_t first = one.first_line;
    const std::size_t last = std::min(std::max(one.last_line, first), lines.size());
    const std::size_t around = first == last ? 2 : 1;
    out += fmt::format("{}:{}\n--------------------\n", file.source.name, first);
    for (std::size_t at = first - std::min(around, first - 1);
         at <= std::min(last + around, lines.size()); ++at)
      out += fmt::format(" {:3} | {} {}\n", at, at >= first && at <= last ? ">>>" : "   ",
                         lines[at - 1]);
    out += "--------------------\n";
  }
  return out;
}

Result<std::string> rules_text(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    const LintRule* rule = dockerfile::find_lint_rule(name);
    if (rule == nullptr)
      return fail(0, fmt::format("no rule {}{}", name, dockerfile::suggest_lint_rule(name)),
                  "run 'suit lint --rules' for all of them");
    out += (out.empty() ? "" : "\n") + rule_details(*rule);
  }
  if (!names.empty()) return out;
  Table table({"RULE", "SEVERITY", "SET", "FIX", "HADOLINT", "DESCRIPTION"});
  for (const LintRule& rule : dockerfile::lint_rules()) {
    std::string description(rule.description.substr(0, rule.description.find(". ")));
    if (rule.experimental) description += " (only on request)";
    table.add({std::string(rule.name), std::string(dockerfile::to_text(rule.severity)),
               std::string(dockerfile::to_text(rule.set)),
               rule.fixable == dockerfile::Fixable::Yes ? "yes" : "", std::string(rule.codes),
               std::move(description)});
  }
  return table.text();
}

Json rules_json() {
  Json out = Json::array();
  for (const LintRule& rule : dockerfile::lint_rules()) {
    Json one;
    one.set("name", rule.name).set("description", rule.description);
    one.set("severity", dockerfile::to_text(rule.severity));
    one.set("set", dockerfile::to_text(rule.set)).set("codes", rule.codes);
    one.set("fixable", rule.fixable == dockerfile::Fixable::Yes);
    one.set("experimental", rule.experimental).set("why", rule.why).set("fix", rule.fix);
    one.set("url", rule.url);
    out.push(std::move(one));
  }
  return out;
}

}  // namespace suit::cli
