/// \file
/// BuildKit's rules, and the walk that the other families of rules join.
///
/// Two kinds of rules: those on the text of every stage, and those on what a stage means, which are
/// asked only of stages that the target needs, walking each with its variables in force.

#include "dockerfile/lint.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dockerfile/lint_families_internal.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/values_internal.h"

namespace suit::dockerfile {
namespace {

// Enough of a reference's grammar to see that a part of it is missing.
bool lacks_a_part(std::string_view image) {
  constexpr std::string_view kMarks = ":@/";
  if (image.empty() || kMarks.find(image.back()) != std::string_view::npos) return true;
  if (kMarks.find(image.front()) != std::string_view::npos) return true;
  for (std::string_view twice : {"::", "//", ":/", "/:", "@:", ":@", "@@"})
    if (image.find(twice) != std::string_view::npos) return true;
  return false;
}

class Linter {
 public:
  Linter(const Dockerfile& file, const LintOptions& options)
      : file_(file), options_(options), report_(options, out_) {}

  LintResult run() {
    report_.read_directives(file_);
    resolved_ = resolve(file_, options_.resolve);
    globals_ = default_globals();
    if (options_.all_sets) secrets_.check_file();
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
      if (!walk(stage)) break;
    }
    report_.finish();
    return std::move(out_);
  }

 private:
  void warn(std::string_view name, const Instruction& instruction, const SourceSpan& span,
            std::string message, std::string help = {}, Edits edits = {}) {
    report_.warn(name, instruction, span, std::move(message), std::move(help), std::move(edits));
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
           "write " + cased(one.keyword, want_lower),
           {replace(keyword_span(one), cased(one.keyword, want_lower))});
    });
  }

  void check_from(const Stage& stage) {
    const Instruction& one = stage.from_instruction;
    const From& from = stage.from;
    const std::string& name = from.stage_name_word.text;
    const SourceSpan& span = from.stage_name_word.span;
    check_text(one);
    if (!is_lower(name))
      warn("StageNameCasing", one, span, fmt::format("Stage name '{}' should be lowercase", name),
           {}, {replace(span, text::lower(name))});
    bool consistent = is_lower(one.keyword) || is_upper(one.keyword);
    if (!from.as_keyword.empty() && consistent &&
        (is_lower(one.keyword) ? !is_lower(from.as_keyword) : !is_upper(from.as_keyword)))
      warn("FromAsCasing", one, keyword_span(one),
           fmt::format("'{}' and '{}' keywords' casing do not match", from.as_keyword, one.keyword),
           {}, fix_as(one, from));
    if (stage.name == "scratch" || stage.name == "context")
      warn("ReservedStageName", one, span,
           fmt::format("Stage name should not use the same name as reserved stage \"{}\"",
                       stage.name));
    if (!stage.name.empty() && !stage_names_.insert(stage.name).second)
      warn("DuplicateStageName", one, span,
           fmt::format("Duplicate stage name \"{}\", stage names should be unique", stage.name));
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
           "delete the flag", {{platform.span.offset, platform.span.length + 1, ""}});
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
    for (const Word* word : {&stage.from.platform, &stage.from.base})
      if (has_variable(word->text)) check_from_word(stage, *word);
  }

  /// What FROM sees when no --build-arg is given.
  struct Globals {
    std::vector<std::string> declared;
    std::map<std::string, std::string, std::less<>> values;
  };
  Globals default_globals() const {
    Globals out;
    Dockerfile head;
    head.escape = file_.escape;
    head.global_args = file_.global_args;
    ResolveOptions defaults = options_.resolve;
    defaults.build_args.clear();
    for (Variable& one : resolve(head, defaults).resolution.globals)
      out.values.insert(std::move(one));
    for (const Variable& one : platform_arguments(options_.resolve))
      out.declared.push_back(one.first);
    for (const Instruction& one : file_.global_args)
      for (const ArgDefinition& arg : std::get<Arg>(one.body).args)
        out.declared.push_back(arg.key.text);
    return out;
  }

  void check_from_word(const Stage& stage, const Word& word) {
    const std::vector<std::string>& known = globals_.declared;
    Lookup lookup = [&](std::string_view name) -> std::optional<std::string> {
      auto found = globals_.values.find(name);
      if (found == globals_.values.end()) return std::nullopt;
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
           fmt::format("delete line {}", one.empty_line), fix_empty_lines(one, options_.source));
    if (std::holds_alternative<Maintainer>(one.body))
      warn("MaintainerDeprecated", one, keyword_span(one),
           "Maintainer instruction is deprecated in favor of using label",
           "write LABEL org.opencontainers.image.authors=\"…\"", fix_maintainer(one));
    if (const Arg* arg = std::get_if<Arg>(&one.body)) {
      std::vector<std::string> names;
      for (const ArgDefinition& definition : arg->args)
        names.push_back(definition.key.text);
      check_description(one, "ARG", names);
    }
  }

  // False when the stages' variables take too much memory to go on.
  bool walk(const Stage& stage) {
    StageState state = start_of(stage);
    inherited_bytes_ += state.scope.size_bytes();
    if (inherited_bytes_ > kMaxInheritedBytes) {
      out_.diagnostics.push_back(
          {Severity::Error,
           stage.from_instruction.span,
           fmt::format("the variables that stages inherit take more than {} bytes",
                       kMaxInheritedBytes),
           {},
           {}});
      return false;
    }
    bool ours = options_.all_sets && !quiet_;
    if (ours) begin_families(stage);
    const Instruction* cmd = nullptr;
    const Instruction* entrypoint = nullptr;
    const Instruction* healthcheck = nullptr;
    for (const Instruction& one : stage.instructions) {
      check_variables(one, state);
      if (std::holds_alternative<Cmd>(one.body)) check_once(one, cmd);
      if (std::holds_alternative<Entrypoint>(one.body)) check_once(one, entrypoint);
      if (std::holds_alternative<Healthcheck>(one.body)) check_once(one, healthcheck);
      check_meaning(one, state);
      if (ours) visit_families(one, state);
      apply(one, state);
    }
    if (ours) practice_.end(stage);
    states_.push_back(std::move(state));
    return true;
  }

  void begin_families(const Stage& stage) {
    secrets_.begin(stage);
    caching_.begin(stage);
    practice_.begin(stage);
    run_.begin(stage);
  }

  void visit_families(const Instruction& one, const StageState& state) {
    const std::vector<Script> scripts = scripts_of(one);
    secrets_.visit(one, state, scripts);
    caching_.visit(one, state, scripts);
    practice_.visit(one, state);
    run_.visit(one, state, scripts);
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
    } else if (const Shell* shell = std::get_if<Shell>(&one.body)) {
      state.shell = shell->words;
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
        warn(
            "UndefinedVar", one, word.span,
            fmt::format("Usage of undefined variable '${}'{}", name, suggest_variable(name, state)),
            std::ranges::find(globals_.declared, name) != globals_.declared.end()
                ? fmt::format("only FROM sees the ARG before the first FROM: say ARG {} in this "
                              "stage, too",
                              name)
                : "");
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
                     keyword),
         {}, fix_legacy(one, pairs.front()));
  }

  void check_secret(const Instruction& one, const Word& key, std::string_view keyword) {
    if (looks_secret(key.text))
      warn("SecretsUsedInArgOrEnv", one, key.span,
           fmt::format("Do not use ARG or ENV instructions for sensitive data ({} {})", keyword,
                       text::quote(key.text)),
           "use RUN --mount=type=secret: its value is in no layer and no history");
  }

  void check_json(const Instruction& one, const CommandLine& command, const StageState& state) {
    if (!command.shell_form || command.words.empty() || !state.shell.empty()) return;
    warn("JSONArgsRecommended", one, one.span,
         fmt::format("JSON arguments recommended for {} to prevent unintended behavior related to "
                     "OS signals",
                     keyword_of(one.body)),
         command.words.front().starts_with('[')
             ? "this is no JSON: each element stands in plain double quotes, with commas between, "
               "inside of [ and ]"
             : "",
         fix_shell_form(one, command));
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
      warn(
          "ExposeProtoCasing", one, port.span,
          fmt::format("Defined protocol '{}' in EXPOSE instruction should be lowercase", port.text),
          {},
          {replace(port.span, port.text.substr(0, slash) + text::lower(port.text.substr(slash)))});
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

  const Dockerfile& file_;
  const LintOptions& options_;
  LintResult out_;
  LintReporter report_;
  ResolveResult resolved_;
  Globals globals_;
  std::set<std::string_view> stage_names_;
  std::vector<StageState> states_;
  std::size_t inherited_bytes_ = 0;
  bool quiet_ = false;
  LintScene scene_{file_, options_, resolved_.resolution, report_};
  SecretRules secrets_{scene_};
  CacheRules caching_{scene_};
  PracticeRules practice_{scene_};
  RunRules run_{scene_};
};

}  // namespace

LintResult lint(const Dockerfile& file, const LintOptions& options) {
  return Linter(file, options).run();
}

}  // namespace suit::dockerfile
