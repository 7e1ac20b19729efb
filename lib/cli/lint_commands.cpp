// lint; the part of build that only checks.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/suggest.h"
#include "cli/commands.h"
#include "cli/lint_report.h"
#include "cli/settings.h"
#include "cli/unified_diff.h"

namespace suit::cli {
namespace {

using dockerfile::LintSeverity;
using dockerfile::LintWarning;

constexpr int kMostPasses = 20;  // of --fix: each sees what the one before wrote

struct LintFlags {
  std::string format = "text";
  std::string fail_on = "warning";
  std::string context, target;
  std::vector<std::string> only, skip, build_args, registries;
  bool fix = false;
  bool dry_run = false;
  bool rules = false;
};

void declare(FlagSet& flags, LintFlags& lint) {
  flags.add('\0', "build-arg", &lint.build_args, "list", "Build-time variables, as for build")
      .add('\0', "context", &lint.context, "string",
           "Directory of the build context (default: the Dockerfile's own)")
      .toggle('\0', "dry-run", lint.dry_run, "With --fix: print the changes, write nothing")
      .add('\0', "fail-on", &lint.fail_on, "string",
           "Least severity that makes the exit code 1: error, warning (default), info, style, none")
      .toggle('\0', "fix", lint.fix, "Rewrite the files where that needs no thinking")
      .add('\0', "format", &lint.format, "string", "text (default), json or sarif")
      .add('\0', "rule", &lint.only, "list", "Only these rules, by name or hadolint's code")
      .toggle('\0', "rules", lint.rules, "List the rules, or explain those that are named")
      .add('\0', "skip", &lint.skip, "list", "Not these rules")
      .add('\0', "target", &lint.target, "string", "The stage that is the image")
      .add('\0', "trusted-registry", &lint.registries, "list",
           "Where images may come from: docker.io or a host");
}

Result<void> check_names(const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (name != "all" && dockerfile::find_lint_rule(name) == nullptr)
      return fail(0, fmt::format("no rule {}{}", name, dockerfile::suggest_lint_rule(name)),
                  "run 'suit lint --rules' for all of them");
  return {};
}

// `--skip A,B --skip C` is three names.
std::vector<std::string> split_names(const std::vector<std::string>& lists) {
  std::vector<std::string> out;
  for (std::string_view list : lists)
    while (!list.empty()) {
      const std::size_t end = std::min(list.find(','), list.size());
      if (end > 0) out.emplace_back(list.substr(0, end));
      list.remove_prefix(std::min(end + 1, list.size()));
    }
  return out;
}

Result<int> least_severity(const std::string& name) {
  constexpr std::array<std::string_view, 5> kNames = {"error", "warning", "info", "style", "none"};
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end())
    return fail(0, fmt::format("invalid severity \"{}\"{}", name, did_you_mean(name, kNames)),
                "there are error, warning, info, style and none");
  return found == kNames.end() - 1 ? -1 : static_cast<int>(found - kNames.begin());
}

Result<dockerfile::LintOptions> options_of(const LintFlags& flags) {
  dockerfile::LintOptions options;
  options.all_sets = true;
  options.all_stages = true;
  options.only = split_names(flags.only);
  options.skip = split_names(flags.skip);
  options.trusted_registries = split_names(flags.registries);
  options.resolve.target = flags.target;
  SUIT_TRY(check_names(options.only));
  SUIT_TRY(check_names(options.skip));
  for (const std::string& text : flags.build_args) {
    SUIT_LET(const std::string entry, read_env(text));
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos)
      options.resolve.build_args[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  return options;
}

LintedFile check_text_of(SourceFile source, dockerfile::LintOptions options) {
  LintedFile out;
  dockerfile::ParseResult parsed = dockerfile::parse(source.name, source.text);
  for (dockerfile::Diagnostic& one : parsed.diagnostics)
    if (one.severity == dockerfile::Severity::Error) out.errors.push_back(std::move(one));
  // References are judged only where all stages could be read.
  if (out.errors.empty())
    out.errors = dockerfile::resolve(parsed.file, options.resolve).diagnostics;
  options.source = source.text;
  out.findings = dockerfile::lint(parsed.file, options);
  out.source = std::move(source);
  return out;
}

struct Fixed {
  std::string text;
  std::size_t count = 0;
};

// Again and again, until nothing is left that could be mended.
Fixed fix_all(const SourceFile& source, const dockerfile::LintOptions& options) {
  Fixed out{source.text, 0};
  for (int pass = 0; pass < kMostPasses; ++pass) {
    LintedFile linted = check_text_of({source.path, source.name, out.text}, options);
    // What cannot be read is not rewritten: edits of half an instruction would be guesses.
    if (!linted.errors.empty()) return out;
    std::vector<dockerfile::Edits> groups;
    for (LintWarning& one : linted.findings.warnings)
      groups.push_back(std::move(one.edits));
    dockerfile::Edited edited = dockerfile::apply_edits(out.text, groups);
    if (edited.applied == 0 || edited.text == out.text) return out;
    out.count += edited.applied;
    out.text = std::move(edited.text);
  }
  return out;
}

/// Whether the files are to be printed, or their text was.
enum class Report { Findings, Nothing };

Result<Report> fix(Invocation& in, const LintFlags& flags, SourceFile& source,
                   const dockerfile::LintOptions& options) {
  Fixed fixed = fix_all(source, options);
  if (flags.dry_run) {
    in.console.raw(unified_diff(source.name, source.text, fixed.text));
    return Report::Nothing;
  }
  if (source.is_stdin()) {
    in.console.raw(fixed.text);
    return Report::Nothing;
  }
  if (fixed.text != source.text) {
    SUIT_TRY(write_source(source, fixed.text));
    in.console.complain(fmt::format("{}: {} mended\n", source.name, fixed.count));
    source.text = std::move(fixed.text);
  }
  return Report::Findings;
}

bool fails(const LintedFile& file, int least) {
  if (!file.errors.empty() || file.findings.fail) return true;
  if (std::ranges::any_of(file.findings.diagnostics, [](const dockerfile::Diagnostic& one) {
        return one.severity == dockerfile::Severity::Error;
      }))
    return true;
  return std::ranges::any_of(file.findings.warnings, [&](const LintWarning& one) {
    return static_cast<int>(one.rule->severity) <= least;
  });
}

void print(Invocation& in, const LintFlags& flags, const std::vector<LintedFile>& files) {
  if (flags.format == "json") {
    in.console.text(lint_json(files).dump(2) + "\n");
  } else if (flags.format == "sarif") {
    in.console.text(lint_sarif(files).dump(2) + "\n");
  } else {
    for (const LintedFile& file : files)
      in.console.text(lint_text(file));
  }
}

Result<int> print_rules(Invocation& in, const LintFlags& flags,
                        const std::vector<std::string>& names) {
  if (flags.format == "json") {
    in.console.text(rules_json().dump(2) + "\n");
    return 0;
  }
  SUIT_LET(const std::string text, rules_text(names));
  in.console.text(text);
  return 0;
}

// One argument: its files, each checked and perhaps mended.
Result<void> lint_argument(Invocation& in, const LintFlags& flags, const std::string& path,
                           dockerfile::LintOptions options, std::vector<LintedFile>& files) {
  SUIT_LET(const std::vector<std::string> paths, find_sources(path));
  for (const std::string& one : paths) {
    SUIT_LET(SourceFile source, read_source(one));
    SUIT_LET(SourceContext context, read_context(source, flags.context));
    options.context = std::move(context.facts);
    options.ignore = options.context.has_ignore_file ? &context.ignore : nullptr;
    Report report = Report::Findings;
    if (flags.fix) {
      SUIT_LET(report, fix(in, flags, source, options));
    }
    LintedFile linted = check_text_of(std::move(source), options);
    if (report == Report::Findings || !linted.errors.empty()) files.push_back(std::move(linted));
  }
  return {};
}

}  // namespace

Result<int> lint_files(Invocation& in) {
  LintFlags lint;
  FlagSet flags;
  declare(flags, lint);
  SUIT_LET(std::vector<std::string> args, in.parse(flags));
  constexpr std::array<std::string_view, 3> kFormats = {"text", "json", "sarif"};
  if (std::find(kFormats.begin(), kFormats.end(), lint.format) == kFormats.end())
    return fail(
        0, fmt::format("invalid format \"{}\"{}", lint.format, did_you_mean(lint.format, kFormats)),
        "there are text, json and sarif");
  if (lint.rules) return print_rules(in, lint, args);
  if (lint.dry_run && !lint.fix) return fail(0, "--dry-run goes with --fix");
  SUIT_LET(const int least, least_severity(lint.fail_on));
  SUIT_LET(const dockerfile::LintOptions options, options_of(lint));
  if (args.empty()) args.emplace_back(".");
  std::vector<LintedFile> files;
  const int code = for_each_argument(in, args, [&](const std::string& path) {
    return lint_argument(in, lint, path, options, files);
  });
  if (!(lint.fix && files.empty())) print(in, lint, files);
  const bool failed =
      std::ranges::any_of(files, [&](const LintedFile& f) { return fails(f, least); });
  return failed ? 1 : code;
}

Result<int> check_build(Invocation& in, const std::string& context, const std::string& file,
                        const dockerfile::ResolveOptions& resolve) {
  std::string path =
      file.empty() ? context + (context.ends_with('/') ? "" : "/") + "Dockerfile" : file;
  SUIT_LET(SourceFile source, read_source(path));
  if (file.empty()) source.name = "Dockerfile";
  SUIT_LET(SourceContext around, read_context(source, context));
  dockerfile::LintOptions options;
  options.all_stages = true;
  options.resolve = resolve;
  options.ignore = around.facts.has_ignore_file ? &around.ignore : nullptr;
  // As a build-arg it replaces the file's own directive.
  constexpr std::string_view kCheck = "BUILDKIT_DOCKERFILE_CHECK";
  if (const auto found = resolve.build_args.find(kCheck); found != resolve.build_args.end())
    options.check = found->second;
  const LintedFile linted = check_text_of(std::move(source), options);
  if (linted.errors.empty()) in.console.text(check_summary(linted.findings.warnings.size()));
  in.console.text(check_text(linted));
  for (const auto* part : {&linted.errors, &linted.findings.diagnostics})
    for (const dockerfile::Diagnostic& one : *part)
      in.console.complain(render(one, linted.source.name, linted.source.text));
  const bool clean = linted.errors.empty() && linted.findings.warnings.empty() &&
                     linted.findings.diagnostics.empty();
  return clean ? 0 : 1;
}

}  // namespace suit::cli
