#include "build/graph.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "base/suggest.h"
#include "build/plan_internal.h"
#include "naming/reference.h"

namespace suit::build {

namespace {

using dockerfile::Instruction;

class Planner {
 public:
  Planner(const Source& source, const dockerfile::Dockerfile& file,
          const dockerfile::Resolution& resolution, const PlanOptions& options,
          const FindImage& find)
      : source_(source), file_(file), resolution_(resolution), options_(options), find_(find) {}

  Result<Graph> run() {
    for (const std::size_t index : resolution_.order)
      SUIT_TRY(plan_stage(index));
    SUIT_TRY(plan_stage(resolution_.target));
    StageState& target = *stages_[resolution_.target];
    for (const auto& [name, value] : options_.labels)
      target.config.config.labels[name] = value;
    graph_.result = target.top;
    graph_.config = std::move(target.config);
    graph_.history = std::move(target.history);
    for (const dockerfile::Stage& stage : file_.stages) {
      if (stages_[stage.index]) continue;
      graph_.skipped.push_back(
          fmt::format("{} (line {})", stage.label(), stage.from_instruction.span.line));
    }
    return std::move(graph_);
  }

 private:
  Place place(const SourceSpan& span) const { return Place{.source = source_, .span = span}; }

  /// Stages are planned when first needed: an ONBUILD trigger can need one that nothing else does.
  Result<void> plan_stage(std::size_t index) {
    stages_.resize(file_.stages.size());
    if (stages_[index]) return {};
    const dockerfile::Stage& stage = file_.stages[index];
    StageState state;
    SUIT_TRY(begin_stage(state, stage));
    std::vector<Instruction> triggers;
    SUIT_TRY(read_triggers(state, stage, triggers));
    count_steps(state, stage, triggers);
    if (state.top && !resolution_.stages[index].base_stage) name_base(state, *state.top);
    state.trigger_span = stage.from_instruction.span;
    for (const Instruction& trigger : triggers)
      SUIT_TRY(apply(state, trigger, index));
    state.trigger_span.reset();
    for (const Instruction& instruction : stage.instructions)
      SUIT_TRY(apply(state, instruction, index));
    stages_[index] = std::move(state);
    return {};
  }

  /// FROM: config, files and variables that the stage starts with.
  Result<void> begin_stage(StageState& state, const dockerfile::Stage& stage) {
    const dockerfile::ResolvedStage& resolved = resolution_.stages[stage.index];
    const SourceSpan span =
        stage.from.base.span.line == 0 ? stage.from_instruction.span : stage.from.base.span;
    if (resolved.base_stage) {
      SUIT_TRY(plan_stage(*resolved.base_stage));
      const StageState& base = *stages_[*resolved.base_stage];
      state.top = base.top;
      state.config = base.config;
      state.history = base.history;
      state.scope = base.scope;
      state.args = base.args;
    } else if (resolved.base == "scratch") {
      state.config.platform = target_platform();
      state.config.config.working_dir = "/";
    } else {
      SUIT_LET(state.top, base_step(resolved.base, span));
      state.config = images_.at(resolved.base).config;
      check_platform(state, resolved, span);
    }
    state.label = stage.label();
    state.display = !stage.name.empty()       ? stage.name
                    : file_.stages.size() > 1 ? fmt::format("stage-{}", stage.index)
                                              : "";
    std::vector<std::string>& env = state.config.config.env;
    if (!oci::env_value(env, "PATH")) oci::set_env(env, "PATH", kDefaultPath);
    if (!resolved.base_stage) {
      for (const std::string& entry : env) {
        const std::size_t equals = entry.find('=');
        dockerfile::set_variable(state.scope.env, entry.substr(0, equals),
                                 equals == std::string::npos ? "" : entry.substr(equals + 1));
      }
    }
    return {};
  }

  oci::Platform target_platform() const {
    oci::Platform platform;
    const std::string& text = options_.resolve.target_platform;
    const std::size_t first = text.find('/');
    const std::size_t second = text.find('/', first + 1);
    platform.os = text.substr(0, first);
    if (first != std::string::npos)
      platform.architecture = text.substr(first + 1, second - first - 1);
    if (second != std::string::npos) platform.variant = text.substr(second + 1);
    return platform;
  }

  void check_platform(const StageState& state, const dockerfile::ResolvedStage& resolved,
                      const SourceSpan& span) {
    const oci::Platform& has = state.config.platform;
    const std::string found = fmt::format("{}/{}", has.os, has.architecture);
    const std::string& wanted =
        resolved.platform.empty() ? options_.resolve.target_platform : resolved.platform;
    if (wanted.starts_with(found)) return;
    graph_.warnings.push_back(
        {.severity = dockerfile::Severity::Warning,
         .span = span,
         .message =
             fmt::format("base image {} was pulled with platform \"{}\", expected \"{}\" for "
                         "current build",
                         resolved.base, found, wanted),
         .notes = {},
         .help = {}});
  }

  /// The step of an image of the store; every use of the image shares it.
  Result<std::size_t> base_step(const std::string& name, const SourceSpan& span) {
    if (!images_.contains(name)) {
      Result<BaseImage> found = find_(name);
      if (!found) {
        // That the kernel has a number for "not there" is no news under a line of a Dockerfile.
        std::string message = found.error().message();
        const std::string errno_text = Error(found.error().code(), "").message();
        if (found.error().code() == ENOENT && message.ends_with(errno_text)) {
          message.resize(message.size() - errno_text.size());
        }
        return place(span).fail(std::move(message), found.error().hint());
      }
      images_.emplace(name, std::move(*found));
    }
    const BaseImage& image = images_.at(name);
    for (const Step& step : graph_.steps) {
      const auto* base = std::get_if<BaseOp>(&step.op);
      if (base != nullptr && base->image == image.id) return step.id;
    }
    Step step;
    step.op = BaseOp{.name = image.name, .image = image.id};
    step.instruction = "FROM " + image.name;
    step.name = step.instruction;
    step.span = span;
    return add(std::move(step));
  }

  /// The step got its name when it was first used, perhaps by a COPY; a stage's FROM names it
  /// better.
  void name_base(StageState& state, std::size_t id) {
    Step& step = graph_.steps[id];
    const std::string bracket = next_bracket(state);
    if (!step.name.starts_with('[')) step.name = bracket + step.instruction;
    if (step.stage.empty()) step.stage = state.label;
  }

  Result<void> read_triggers(StageState& state, const dockerfile::Stage& stage,
                             std::vector<Instruction>& triggers) {
    for (const std::string& text : std::exchange(state.config.config.on_build, {})) {
      const dockerfile::TriggerResult parsed = dockerfile::parse_trigger(text);
      if (!parsed.ok()) {
        return place(stage.from_instruction.span)
            .fail(fmt::format("ONBUILD trigger \"{}\" of the base image: {}", text,
                              parsed.diagnostics.front().message));
      }
      triggers.insert(triggers.end(), parsed.instructions.begin(), parsed.instructions.end());
    }
    return {};
  }

  /// n of `[stage i/n]`: an image to start from, and the instructions that touch files.
  void count_steps(StageState& state, const dockerfile::Stage& stage,
                   const std::vector<Instruction>& triggers) const {
    const dockerfile::ResolvedStage& resolved = resolution_.stages[stage.index];
    state.step_count = 0;
    state.step_total = resolved.base_stage || resolved.base == "scratch" ? 0 : 1;
    const auto touches_files = [](const Instruction& instruction) {
      return std::holds_alternative<dockerfile::Run>(instruction.body) ||
             std::holds_alternative<dockerfile::Copy>(instruction.body) ||
             std::holds_alternative<dockerfile::Add>(instruction.body) ||
             std::holds_alternative<dockerfile::Workdir>(instruction.body);
    };
    state.step_total += static_cast<std::size_t>(std::ranges::count_if(triggers, touches_files));
    state.step_total +=
        static_cast<std::size_t>(std::ranges::count_if(stage.instructions, touches_files));
  }

  static std::string next_bracket(StageState& state) {
    const std::size_t width = fmt::formatted_size("{}", state.step_total);
    return fmt::format("[{}{}{:>{}}/{}] ", state.display, state.display.empty() ? "" : " ",
                       ++state.step_count, width, state.step_total);
  }

  std::size_t add(Step step) {
    step.id = graph_.steps.size();
    step.ingredients = ingredients_of(step);
    graph_.steps.push_back(std::move(step));
    return graph_.steps.back().id;
  }

  /// Makes \p op the new top of the stage.
  std::size_t add_layer(StageState& state, Step step, std::string history) {
    step.parent = state.top;
    step.stage = state.label;
    step.ordinal = state.step_count;
    const std::size_t id = add(std::move(step));
    state.top = id;
    state.history.push_back(HistoryItem{.created_by = std::move(history), .step = id});
    return id;
  }

  Result<void> apply(StageState& state, const Instruction& written, std::size_t index) {
    const Place here = place(state.trigger_span.value_or(written.span));
    if (const auto* arg = std::get_if<dockerfile::Arg>(&written.body)) {
      return apply_arg(state, *arg, here);
    }
    Result<Instruction> expanded =
        dockerfile::expand_instruction(written, file_.escape, state.scope.lookup());
    if (!expanded) return here.fail(expanded.error());
    const Instruction& instruction = *expanded;
    if (const auto* run = std::get_if<dockerfile::Run>(&instruction.body)) {
      return apply_run(state, *run, written, here, index);
    }
    if (const auto* copy = std::get_if<dockerfile::Copy>(&instruction.body)) {
      return apply_copy(state, *copy, written, here, index);
    }
    if (const auto* add = std::get_if<dockerfile::Add>(&instruction.body)) {
      return apply_add(state, *add, written, here);
    }
    if (const auto* workdir = std::get_if<dockerfile::Workdir>(&instruction.body)) {
      return apply_workdir(state, *workdir, written, here);
    }
    if (std::holds_alternative<dockerfile::Env>(written.body)) {
      const Result<void> set =
          dockerfile::apply_env(state.scope, std::get<dockerfile::Env>(written.body), file_.escape);
      if (!set) return here.fail(set.error());
    }
    return apply_config(state, instruction, here);
  }

  Result<void> apply_arg(StageState& state, const dockerfile::Arg& arg, const Place& here) {
    const Result<void> applied =
        dockerfile::apply_arg(state.scope, arg, file_.escape, resolution_, options_.resolve);
    if (!applied) return here.fail(applied.error());
    std::string text = "ARG";
    for (const dockerfile::ArgDefinition& definition : arg.args) {
      const std::string& name = definition.key.text;
      const auto set = std::ranges::find(state.scope.args, name, &dockerfile::Variable::first);
      const bool has_value = set != state.scope.args.end();
      const std::string value = has_value ? set->second : "";
      std::erase_if(state.args, [&](const auto& known) { return known.first == name; });
      state.args.emplace_back(name, value);
      text += " " + name + (has_value ? "=" + value : "");
    }
    state.history.push_back(HistoryItem{.created_by = std::move(text), .step = std::nullopt});
    return {};
  }

  Step make_step(StageState& state, const Instruction& written, const Place& here) {
    Step step;
    const dockerfile::Lookup lookup = state.scope.lookup();
    step.name = next_bracket(state) + instruction_text(written, file_.escape, &lookup);
    step.instruction = instruction_text(written, file_.escape, nullptr);
    step.span = here.span;
    return step;
  }

  Result<void> apply_run(StageState& state, const dockerfile::Run& run, const Instruction& written,
                         const Place& here, std::size_t index) {
    Step step = make_step(state, written, here);
    std::string note;
    SUIT_LET(RunOp op, plan_run(state, run, file_.escape, options_, here, note));
    step.name += note;
    for (std::size_t i = 0; i < op.mounts.size(); ++i) {
      const std::string& from = run.mounts[i].from;
      if (from.empty()) continue;
      SUIT_LET(op.mounts[i].from, source_step(from, here, index));
      if (op.mounts[i].from) step.inputs.push_back(*op.mounts[i].from);
    }
    std::string history = "RUN ";
    if (!state.args.empty()) {
      history += fmt::format("|{} ", state.args.size());
      for (const auto& [name, value] : state.args) {
        history += fmt::format("{}={} ", name, state.scope.find(name).value_or(value));
      }
    }
    for (const std::string& arg : op.args)
      history += arg + " ";
    step.op = std::move(op);
    add_layer(state, std::move(step), history + "# buildkit");
    return {};
  }

  /// The step whose files `--from=NAME` shows: an earlier stage's last, or an image's.
  Result<std::optional<std::size_t>> source_step(const std::string& name, const Place& here,
                                                 std::size_t index) {
    const dockerfile::Stage* stage = file_.find_stage(name);
    if (stage != nullptr && stage->index < index) {
      SUIT_TRY(plan_stage(stage->index));
      return stages_[stage->index]->top;
    }
    if (name == "scratch") return std::nullopt;
    Result<std::size_t> id = base_step(name, here.span);
    if (id) return *id;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < index; ++i)
      names.push_back(file_.stages[i].name);
    const std::string_view near = nearest(name, names);
    if (near.empty()) return std::unexpected(std::move(id).error());
    return std::unexpected(
        std::move(id).error().with_hint(fmt::format("did you mean the stage \"{}\"?", near)));
  }

  Result<void> apply_copy(StageState& state, const dockerfile::Copy& copy,
                          const Instruction& written, const Place& here, std::size_t index) {
    Step step = make_step(state, written, here);
    SUIT_LET(CopyOp op, plan_copy(state, copy, here));
    if (!copy.from.text.empty()) {
      SUIT_LET(op.from, source_step(copy.from.text, here, index));
      if (!op.from) {
        return here.fail(fmt::format("cannot copy from \"{}\": it has no files", copy.from.text));
      }
      step.inputs.push_back(*op.from);
    }
    std::string flags;
    if (!op.chown.empty()) flags += " --chown=" + op.chown;
    if (!op.chmod.empty()) flags += " --chmod=" + op.chmod;
    if (copy.link) flags += " --link";
    std::string history = copy_history("COPY", op, copy.destination.text, flags);
    step.op = std::move(op);
    add_layer(state, std::move(step), std::move(history));
    return {};
  }

  Result<void> apply_add(StageState& state, const dockerfile::Add& add, const Instruction& written,
                         const Place& here) {
    Step step = make_step(state, written, here);
    SUIT_LET(CopyOp op, plan_add(state, add, here));
    std::string flags;
    if (!op.chown.empty()) flags += " --chown=" + op.chown;
    if (!op.chmod.empty()) flags += " --chmod=" + op.chmod;
    if (add.link) flags += " --link";
    std::string history = copy_history("ADD", op, add.destination.text, flags);
    step.op = std::move(op);
    add_layer(state, std::move(step), std::move(history));
    return {};
  }

  Result<void> apply_workdir(StageState& state, const dockerfile::Workdir& workdir,
                             const Instruction& written, const Place& here) {
    Step step = make_step(state, written, here);
    std::string& current = state.config.config.working_dir;
    current = absolute_path(current, workdir.path.text);
    if (current.size() > 1 && current.ends_with('/')) current.pop_back();
    const std::string history = "WORKDIR " + current;
    if (current == "/") {  // it is there already
      state.history.push_back(HistoryItem{.created_by = history, .step = std::nullopt});
      return {};
    }
    step.op = WorkdirOp{.path = current, .user = state.config.config.user};
    add_layer(state, std::move(step), history);
    return {};
  }

  const Source& source_;
  const dockerfile::Dockerfile& file_;
  const dockerfile::Resolution& resolution_;
  const PlanOptions& options_;
  const FindImage& find_;
  Graph graph_;
  std::vector<std::optional<StageState>> stages_;
  std::map<std::string, BaseImage> images_;
};

/// `# syntax=` names the program that reads the file. We are docker/dockerfile, of any version; a
/// file meant for another would be misread.
Result<void> check_syntax(const Source& source) {
  const dockerfile::Word syntax = dockerfile::detect_syntax(source.text);
  if (syntax.text.empty()) return {};
  const Result<naming::Reference> name = naming::parse_reference(syntax.text);
  if (name && (name->repository() == "docker.io/docker/dockerfile" ||
               name->repository() == "docker.io/docker/dockerfile-upstream")) {
    return {};
  }
  return Place{.source = source, .span = syntax.span}.fail(
      fmt::format("syntax \"{}\" is not supported", syntax.text),
      "docker/dockerfile:1 is what this builder reads");
}

const dockerfile::Diagnostic* first_error(const std::vector<dockerfile::Diagnostic>& diagnostics) {
  const auto found = std::ranges::find(diagnostics, dockerfile::Severity::Error,
                                       &dockerfile::Diagnostic::severity);
  return found == diagnostics.end() ? nullptr : &*found;
}

}  // namespace

std::unexpected<Error> Place::fail(std::string message, std::string help) const {
  const dockerfile::Diagnostic diagnostic{.severity = dockerfile::Severity::Error,
                                          .span = span,
                                          .message = std::move(message),
                                          .notes = {},
                                          .help = std::move(help)};
  return std::unexpected(dockerfile::to_error(diagnostic, source.name, source.text));
}

std::unexpected<Error> Place::fail(const Error& error) const {
  return fail(error.message(), error.hint());
}

std::string absolute_path(std::string_view directory, std::string_view path) {
  const bool slash = path.ends_with('/') || path == "." || path.ends_with("/.") || path.empty();
  const std::string joined =
      path.starts_with('/') ? std::string(path) : fmt::format("/{}/{}", directory, path);
  std::vector<std::string_view> parts;
  for (std::string_view rest = joined; !rest.empty();) {
    const std::size_t end = rest.find('/');
    const std::string_view part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
  }
  std::string out;
  for (const std::string_view part : parts)
    out += fmt::format("/{}", part);
  return slash || out.empty() ? out + "/" : out;
}

std::string instruction_text(const Instruction& instruction, char escape,
                             const dockerfile::Lookup* lookup) {
  std::string text(dockerfile::keyword_of(instruction.body));
  text += std::string_view(instruction.text)
              .substr(std::min(instruction.keyword.size(), instruction.text.size()));
  if (lookup != nullptr) {
    const Result<dockerfile::Expansion> expanded = dockerfile::expand_with_names(
        text, escape, *lookup,
        {.keep_quotes = true, .keep_escapes = true, .keep_unset = true, .literal_quotes = false});
    if (expanded) text = expanded->text;
  }
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

Result<Graph> plan(const Source& source, const PlanOptions& given, const FindImage& find) {
  SUIT_TRY(check_syntax(source));
  const dockerfile::ParseResult parsed = dockerfile::parse(source.name, source.text);
  if (const dockerfile::Diagnostic* error = first_error(parsed.diagnostics)) {
    return std::unexpected(dockerfile::to_error(*error, source.name, source.text));
  }
  PlanOptions options = given;
  if (options.resolve.target.empty() && !parsed.file.stages.empty()) {
    options.resolve.target = parsed.file.stages.back().name;  // for the argument TARGETSTAGE
  }
  const dockerfile::ResolveResult resolved = dockerfile::resolve(parsed.file, options.resolve);
  if (const dockerfile::Diagnostic* error = first_error(resolved.diagnostics)) {
    return std::unexpected(dockerfile::to_error(*error, source.name, source.text));
  }
  SUIT_LET(Graph graph, Planner(source, parsed.file, resolved.resolution, options, find).run());
  graph.warnings.insert(graph.warnings.begin(), parsed.diagnostics.begin(),
                        parsed.diagnostics.end());
  graph.warnings.insert(graph.warnings.end(), resolved.diagnostics.begin(),
                        resolved.diagnostics.end());
  for (dockerfile::Diagnostic& warning : check_build_args(parsed.file, options.resolve)) {
    graph.warnings.push_back(std::move(warning));
  }
  return graph;
}

}  // namespace suit::build
