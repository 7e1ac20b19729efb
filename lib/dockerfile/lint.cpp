/// \file
/// Two kinds of rules: those on the text of every stage, and those on what a stage means, which are
/// asked only of stages that the target needs, walking each with its variables in force.

#include "dockerfile/lint.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dockerfile/lint_internal.h"
#include "dockerfile/scope.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/values_internal.h"

namespace suit::dockerfile {
namespace {

bool is_lower(std::string_view word) { return word == text::lower(word); }
bool is_upper(std::string_view word) { return word == text::upper(word); }

// Parts between underscores that say what a variable holds.
bool has_part(std::string_view name, std::span<const std::string_view> parts) {
  std::string rest = text::lower(name) + "_";
  for (std::size_t at = 0; at < rest.size();) {
    std::size_t end = rest.find('_', at);
    if (std::ranges::find(parts, std::string_view(rest).substr(at, end - at)) != parts.end())
      return true;
    at = end + 1;
  }
  return false;
}

bool looks_secret(std::string_view name) {
  constexpr std::array<std::string_view, 10> kSecret = {
      "apikey",   "auth",  "credential", "credentials", "key",
      "password", "pword", "passwd",     "secret",      "token"};
  constexpr std::array<std::string_view, 3> kHarmless = {"public", "file", "version"};
  return has_part(name, kSecret) && !has_part(name, kHarmless);
}

// Enough of a reference's grammar to see that a part of it is missing.
bool lacks_a_part(std::string_view image) {
  constexpr std::string_view kMarks = ":@/";
  if (image.empty() || kMarks.find(image.back()) != std::string_view::npos) return true;
  if (kMarks.find(image.front()) != std::string_view::npos) return true;
  for (std::string_view twice : {"::", "//", ":/", "/:", "@:", ":@", "@@"})
    if (image.find(twice) != std::string_view::npos) return true;
  return false;
}

/// What a stage hands to stages FROM it.
struct StageState {
  Scope scope;
  std::set<std::string> declared;  ///< ARGs, also those without a value
  bool has_shell = false;
  bool has_workdir = false;
};

class Linter {
 public:
  Linter(const Dockerfile& file, const LintOptions& options) : file_(file), options_(options) {}

  LintResult run() {
    read_directive();
    resolved_ = resolve(file_, options_.resolve);
    check_casing();
    for (const Stage& stage : file_.stages) {
      check_from(stage);
      for (const Instruction& one : stage.instructions)
        check_text(one);
    }
    for (const Instruction& one : file_.global_args)
      check_text(one);
    for (const Stage& stage : file_.stages) {
      bool needed = stage.index < resolved_.resolution.stages.size() &&
                    resolved_.resolution.stages[stage.index].reachable;
      // A stage's state is made in any case: another may start from it.
      quiet_ = !needed && !options_.all_stages;
      walk(stage);
    }
    finish();
    return std::move(out_);
  }

 private:
  void read_directive() {
    std::string wrong;
    for (const Directive& one : file_.directives) {
      if (one.name != "check" || !options_.check.empty()) continue;
      check_ = read_check(one.value, wrong);
      if (!wrong.empty()) out_.diagnostics.push_back({Severity::Error, one.span, wrong, {}, {}});
    }
    if (options_.check.empty()) return;
    check_ = read_check(options_.check, wrong);
    if (!wrong.empty()) out_.diagnostics.push_back({Severity::Error, {}, wrong, {}, {}});
  }

  // Whether a comment above says `check=skip=…` of this rule.
  static bool is_silenced(const Instruction& instruction, std::string_view rule) {
    constexpr std::string_view kPrefix = "check=";
    for (const Word& comment : instruction.comments) {
      if (!comment.text.starts_with(kPrefix)) continue;
      std::string wrong;
      std::string_view value = std::string_view(comment.text).substr(kPrefix.size());
      if (lists(read_check(value, wrong).skip, rule)) return true;
    }
    return false;
  }

  void warn(std::string_view name, const Instruction& instruction, const SourceSpan& span,
            std::string message, std::string help = {}) {
    const LintRule* rule = find_lint_rule(name);
    if (rule == nullptr || lists(check_.skip, name) || is_silenced(instruction, name)) return;
    if (rule->experimental && !lists(check_.experimental, name)) return;
    out_.warnings.push_back(
        {rule, {Severity::Warning, span, std::move(message), {}, std::move(help)}});
  }

  static SourceSpan keyword_span(const Instruction& instruction) {
    SourceSpan span = instruction.span;
    span.length = std::min(span.length, instruction.keyword.size());
    return span;
  }

  template <typename Visit>
  void for_each(Visit visit) const {
    for (const Instruction& one : file_.global_args)
      visit(one);
    for (const Stage& stage : file_.stages) {
      visit(stage.from_instruction);
      for (const Instruction& one : stage.instructions)
        visit(one);
    }
  }

  void check_casing() {
    std::size_t lower = 0;
    std::size_t upper = 0;
    for_each([&](const Instruction& one) {
      if (is_lower(one.keyword))
        ++lower;
      else if (is_upper(one.keyword))
        ++upper;
    });
    bool want_lower = lower > upper;
    for_each([&](const Instruction& one) {
      if (want_lower ? is_lower(one.keyword) : is_upper(one.keyword)) return;
      warn("ConsistentInstructionCasing", one, keyword_span(one),
           fmt::format("Command '{}' should match the case of the command majority ({})",
                       one.keyword, want_lower ? "lowercase" : "uppercase"),
           "write " + (want_lower ? text::lower(one.keyword) : text::upper(one.keyword)));
    });
  }

  void check_from(const Stage& stage) {
    const Instruction& one = stage.from_instruction;
    const From& from = stage.from;
    const std::string& name = from.stage_name_word.text;
    const SourceSpan& span = from.stage_name_word.span;
    check_text(one);
    if (!is_lower(name))
      warn("StageNameCasing", one, span, fmt::format("Stage name '{}' should be lowercase", name));
    bool consistent = is_lower(one.keyword) || is_upper(one.keyword);
    if (!from.as_keyword.empty() && consistent &&
        (is_lower(one.keyword) ? !is_lower(from.as_keyword) : !is_upper(from.as_keyword)))
      warn(
          "FromAsCasing", one, keyword_span(one),
          fmt::format("'{}' and '{}' keywords' casing do not match", from.as_keyword, one.keyword));
    if (stage.name == "scratch" || stage.name == "context")
      warn("ReservedStageName", one, span,
           fmt::format("Stage name should not use the same name as reserved stage \"{}\"",
                       stage.name));
    for (std::size_t i = 0; i < stage.index && !stage.name.empty(); ++i) {
      if (file_.stages[i].name != stage.name) continue;
      warn("DuplicateStageName", one, span,
           fmt::format("Duplicate stage name \"{}\", stage names should be unique", stage.name));
      break;
    }
    check_platform(stage);
    check_from_args(stage);
    if (!stage.name.empty()) check_description(one, "FROM", {stage.name});
  }

  void check_platform(const Stage& stage) {
    const Word& platform = stage.from.platform;
    const Instruction& one = stage.from_instruction;
    if (platform.text == "$TARGETPLATFORM" || platform.text == "${TARGETPLATFORM}")
      warn("RedundantTargetPlatform", one, platform.span,
           fmt::format("Setting platform to predefined {} in FROM is redundant as this is the "
                       "default behavior",
                       platform.text),
           "delete the flag");
    if (platform.text.empty() || platform.text.find('$') != std::string::npos) return;
    // A stage that is named after its platform says that it means it.
    std::string_view rest = platform.text;
    while (!rest.empty()) {
      std::size_t slash = std::min(rest.find('/'), rest.size());
      if (slash > 0 && stage.name.find(text::lower(rest.substr(0, slash))) != std::string::npos)
        return;
      rest.remove_prefix(std::min(slash + 1, rest.size()));
    }
    warn("FromPlatformFlagConstDisallowed", one, platform.span,
         fmt::format("FROM --platform flag should not use constant value \"{}\"", platform.text));
  }

  void check_from_args(const Stage& stage) {
    std::vector<std::string> known;
    for (const Variable& one : platform_arguments(options_.resolve))
      known.push_back(one.first);
    for (const Instruction& one : file_.global_args)
      for (const ArgDefinition& arg : std::get<Arg>(one.body).args)
        known.push_back(arg.key.text);
    ResolveOptions defaults = options_.resolve;
    defaults.build_args.clear();
    const std::vector<Variable> globals = globals_of(defaults);
    for (const Word* word : {&stage.from.platform, &stage.from.base})
      check_from_word(stage, *word, known, globals);
  }

  // What FROM sees when no --build-arg is given.
  std::vector<Variable> globals_of(const ResolveOptions& options) const {
    Dockerfile head;
    head.escape = file_.escape;
    head.global_args = file_.global_args;
    return resolve(head, options).resolution.globals;
  }

  void check_from_word(const Stage& stage, const Word& word, const std::vector<std::string>& known,
                       const std::vector<Variable>& globals) {
    Lookup lookup = [&](std::string_view name) -> std::optional<std::string> {
      auto found = std::ranges::find(globals, name, &Variable::first);
      if (found == globals.end()) return std::nullopt;
      return found->second;
    };
    auto expansion = expand_with_names(word.text, file_.escape, lookup);
    if (!expansion) return;
    const Instruction& one = stage.from_instruction;
    for (const std::string& name : expansion->unmatched)
      if (std::ranges::find(known, name) == known.end())
        warn("UndefinedArgInFrom", one, word.span,
             fmt::format("FROM argument '{}' is not declared{}", name,
                         text::suggestion(name, known)));
    if (&word == &stage.from.base && has_variable(word.text) && lacks_a_part(expansion->text))
      warn("InvalidDefaultArgInFrom", one, word.span,
           fmt::format("Default value for ARG {} results in empty or invalid base image name",
                       word.text));
  }

  void check_description(const Instruction& one, std::string_view keyword,
                         const std::vector<std::string>& names) {
    if (one.comments.empty() || names.empty()) return;
    const Word& last = one.comments.back();
    if (last.span.line + 1 != one.span.line) return;
    std::string first = last.text.substr(0, last.text.find(' '));
    if (std::ranges::find(names, first) != names.end()) return;
    warn("InvalidDefinitionDescription", one, one.span,
         fmt::format("Comment for {} should follow the format: `# {} <description>`", keyword,
                     names.size() > 1 ? "<arg_key>" : names.front()));
  }

  // Rules that need no more than the instruction.
  void check_text(const Instruction& one) {
    if (one.empty_line != 0)
      warn("NoEmptyContinuation", one, one.span, "Empty continuation line",
           fmt::format("delete line {}", one.empty_line));
    if (std::holds_alternative<Maintainer>(one.body))
      warn("MaintainerDeprecated", one, keyword_span(one),
           "Maintainer instruction is deprecated in favor of using label",
           "write LABEL org.opencontainers.image.authors=\"…\"");
    if (const Arg* arg = std::get_if<Arg>(&one.body)) {
      std::vector<std::string> names;
      for (const ArgDefinition& definition : arg->args)
        names.push_back(definition.key.text);
      check_description(one, "ARG", names);
    }
  }

  void walk(const Stage& stage) {
    StageState state = start_of(stage);
    const Instruction* cmd = nullptr;
    const Instruction* entrypoint = nullptr;
    const Instruction* healthcheck = nullptr;
    for (const Instruction& one : stage.instructions) {
      check_variables(one, state);
      if (std::holds_alternative<Cmd>(one.body)) check_once(one, cmd);
      if (std::holds_alternative<Entrypoint>(one.body)) check_once(one, entrypoint);
      if (std::holds_alternative<Healthcheck>(one.body)) check_once(one, healthcheck);
      check_meaning(one, state);
      apply(one, state);
    }
    states_.push_back(std::move(state));
  }

  StageState start_of(const Stage& stage) const {
    const auto& stages = resolved_.resolution.stages;
    if (stage.index < stages.size() && stages[stage.index].base_stage)
      return states_[*stages[stage.index].base_stage];
    StageState state;
    state.scope.env.emplace_back("PATH",
                                 "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    for (const std::string& name : options_.image_variables)
      if (name != "PATH") state.scope.env.emplace_back(name, "");
    return state;
  }

  void apply(const Instruction& one, StageState& state) {
    if (const Arg* arg = std::get_if<Arg>(&one.body)) {
      for (const ArgDefinition& definition : arg->args)
        state.declared.insert(definition.key.text);
      // What cannot be expanded has been said by whoever builds.
      (void)apply_arg(state.scope, *arg, file_.escape, resolved_.resolution, options_.resolve);
    } else if (const Env* env = std::get_if<Env>(&one.body)) {
      (void)apply_env(state.scope, *env, file_.escape);
    } else if (std::holds_alternative<Shell>(one.body)) {
      state.has_shell = true;
    } else if (const Workdir* workdir = std::get_if<Workdir>(&one.body)) {
      auto path = expand(workdir->path.text, file_.escape, state.scope.lookup());
      state.has_workdir |= path && path->starts_with('/');
    }
  }

  void check_variables(const Instruction& one, const StageState& state) {
    if (quiet_) return;
    std::vector<Word> words = expandable_words(one);
    if (const Run* run = std::get_if<Run>(&one.body))
      for (const MountFlag& mount : run->mounts)
        words.push_back({mount.text, mount.span});
    Lookup lookup = state.scope.lookup();
    for (const Word& word : words) {
      auto expansion = expand_with_names(word.text, file_.escape, lookup);
      if (!expansion) continue;
      for (const std::string& name : expansion->unmatched) {
        if (state.declared.contains(name)) continue;
        warn("UndefinedVar", one, word.span,
             fmt::format("Usage of undefined variable '${}'{}", name,
                         suggest_variable(name, state)));
      }
    }
  }

  static std::string suggest_variable(const std::string& name, const StageState& state) {
    std::vector<std::string> names(state.declared.begin(), state.declared.end());
    for (const Variable& one : state.scope.env)
      names.push_back(one.first);
    std::string suggestion = text::suggestion(name, names);
    constexpr std::string_view kMark = "mean ";
    std::size_t at = suggestion.find(kMark);
    return at == std::string::npos ? suggestion : suggestion.insert(at + kMark.size(), "$");
  }

  // Of several only the last counts: the warning stands on the one that does not.
  void check_once(const Instruction& one, const Instruction*& before) {
    if (before != nullptr && !quiet_)
      warn("MultipleInstructionsDisallowed", *before, keyword_span(*before),
           fmt::format("Multiple {} instructions should not be used in the same stage because only "
                       "the last one will be used",
                       keyword_of(one.body)));
    before = &one;
  }

  void check_meaning(const Instruction& one, const StageState& state) {
    if (quiet_) return;
    if (const Env* env = std::get_if<Env>(&one.body)) {
      check_pairs(one, env->pairs, "ENV");
      for (const KeyValue& pair : env->pairs)
        check_secret(one, pair.key, "ENV");
    } else if (const Label* label = std::get_if<Label>(&one.body)) {
      check_pairs(one, label->pairs, "LABEL");
    } else if (const Arg* arg = std::get_if<Arg>(&one.body)) {
      for (const ArgDefinition& definition : arg->args)
        check_secret(one, definition.key, "ARG");
    } else if (const Cmd* cmd = std::get_if<Cmd>(&one.body)) {
      check_json(one, cmd->command, state);
    } else if (const Entrypoint* entrypoint = std::get_if<Entrypoint>(&one.body)) {
      check_json(one, entrypoint->command, state);
    } else if (const Workdir* workdir = std::get_if<Workdir>(&one.body)) {
      check_workdir(one, workdir->path, state);
    } else if (const Expose* expose = std::get_if<Expose>(&one.body)) {
      for (const Word& port : expose->ports)
        check_port(one, port);
    } else if (const Copy* copy = std::get_if<Copy>(&one.body)) {
      if (copy->from.text.empty()) check_sources(one, copy->sources, "Copy", state);
    } else if (const Add* add = std::get_if<Add>(&one.body)) {
      check_sources(one, add->sources, "Add", state);
    }
  }

  void check_pairs(const Instruction& one, const std::vector<KeyValue>& pairs,
                   std::string_view keyword) {
    if (pairs.empty() || !pairs.front().legacy) return;
    warn("LegacyKeyValueFormat", one, one.span,
         fmt::format("\"{0} key=value\" should be used instead of legacy \"{0} key value\" format",
                     keyword));
  }

  void check_secret(const Instruction& one, const Word& key, std::string_view keyword) {
    if (looks_secret(key.text))
      warn("SecretsUsedInArgOrEnv", one, key.span,
           fmt::format("Do not use ARG or ENV instructions for sensitive data ({} {})", keyword,
                       text::quote(key.text)),
           "use RUN --mount=type=secret: its value is in no layer and no history");
  }

  void check_json(const Instruction& one, const CommandLine& command, const StageState& state) {
    if (!command.shell_form || command.words.empty() || state.has_shell) return;
    warn("JSONArgsRecommended", one, one.span,
         fmt::format("JSON arguments recommended for {} to prevent unintended behavior related to "
                     "OS signals",
                     keyword_of(one.body)));
  }

  void check_workdir(const Instruction& one, const Word& path, const StageState& state) {
    auto expanded = expand(path.text, file_.escape, state.scope.lookup());
    if (!expanded || expanded->starts_with('/') || state.has_workdir) return;
    warn("WorkdirRelativePath", one, path.span,
         fmt::format("Relative workdir {} can have unexpected results if the base image changes",
                     text::quote(*expanded)));
  }

  void check_port(const Instruction& one, const Word& port) {
    std::size_t slash = std::min(port.text.find('/'), port.text.size());
    if (!is_lower(std::string_view(port.text).substr(slash)))
      warn("ExposeProtoCasing", one, port.span,
           fmt::format("Defined protocol '{}' in EXPOSE instruction should be lowercase",
                       port.text));
    if (port.text.substr(0, slash).find(':') != std::string::npos && !has_variable(port.text))
      warn("ExposeInvalidFormat", one, port.span,
           fmt::format("EXPOSE instruction should not define an IP address or host-port mapping, "
                       "found '{}'",
                       port.text));
  }

  void check_sources(const Instruction& one, const std::vector<Word>& sources,
                     std::string_view verb, const StageState& state) {
    if (options_.ignore == nullptr) return;
    for (const Word& source : sources) {
      auto path = expand(source.text, file_.escape, state.scope.lookup());
      if (!path || path->find("://") != std::string::npos || path->starts_with("git@")) continue;
      std::string cleaned = clean_path("/" + *path).substr(1);
      bool out = cleaned.empty() ? options_.ignore->leaves_out_everything()
                                 : options_.ignore->matches(cleaned);
      if (out)
        warn("CopyIgnoredFile", one, source.span,
             fmt::format("Attempting to {} file {} that is excluded by .dockerignore", verb,
                         text::quote(*path)));
    }
  }

  void finish() {
    std::ranges::stable_sort(out_.warnings, {}, [](const LintWarning& one) {
      return std::pair(one.diagnostic.span.line, one.diagnostic.message);
    });
    out_.fail = check_.error && !out_.warnings.empty();
  }

  const Dockerfile& file_;
  const LintOptions& options_;
  CheckOptions check_;
  ResolveResult resolved_;
  std::vector<StageState> states_;
  bool quiet_ = false;
  LintResult out_;
};

}  // namespace

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

LintResult lint(const Dockerfile& file, const LintOptions& options) {
  return Linter(file, options).run();
}

}  // namespace suit::dockerfile
