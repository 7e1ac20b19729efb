#include "dockerfile/stage.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "dockerfile/expand.h"
#include "dockerfile/scope.h"
#include "dockerfile/text_internal.h"

namespace suit::dockerfile {
namespace {

std::optional<std::size_t> to_index(std::string_view text) {
  std::size_t index = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (text.empty() || code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return index;
}

class Resolver {
 public:
  Resolver(const Dockerfile& file, const ResolveOptions& options)
      : file_(file), options_(options) {}

  ResolveResult run() {
    set_globals();
    for (const Stage& stage : file_.stages)
      resolve_stage(stage);
    find_cycles();
    std::optional<std::size_t> target = find_target();
    if (target && out_.ok()) reach(*target);
    return std::move(out_);
  }

 private:
  Resolution& plan() { return out_.resolution; }

  void error(const SourceSpan& span, std::string message, std::vector<std::string> notes = {},
             std::string help = {}) {
    out_.diagnostics.push_back(
        {Severity::Error, span, std::move(message), std::move(notes), std::move(help)});
  }

  Lookup globals() const {
    return [this](std::string_view name) -> std::optional<std::string> {
      const auto& all = out_.resolution.globals;
      auto found = std::ranges::find(all, name, &Variable::first);
      if (found == all.end()) return std::nullopt;
      return found->second;
    };
  }

  void set_globals() {
    plan().globals = platform_arguments(options_);
    std::size_t bytes = 0;
    for (const Instruction& instruction : file_.global_args)
      for (const ArgDefinition& one : std::get<Arg>(instruction.body).args) {
        set_global(one);
        bytes += one.value ? globals()(one.key.text).value_or("").size() : 0;
        if (bytes <= kMaxScopeBytes) continue;
        error(one.key.span, fmt::format("global ARGs take more than {} bytes", kMaxScopeBytes));
        return;
      }
  }

  void set_global(const ArgDefinition& one) {
    auto given = options_.build_args.find(one.key.text);
    if (given != options_.build_args.end()) {
      set_variable(plan().globals, one.key.text, given->second);
      return;
    }
    if (!one.value) return;
    auto value = expand(*one.value, file_.escape, globals());
    if (!value)
      error(one.key.span, value.error().message());
    else
      set_variable(plan().globals, one.key.text, *std::move(value));
  }

  bool is_context(std::string_view name) const {
    return std::ranges::any_of(options_.contexts, [&](const std::string& one) {
      return text::equal_ignoring_case(one, name);
    });
  }

  // The last stage before `limit` of that name: a later one hides an earlier one.
  std::optional<std::size_t> stage_named(std::string_view name, std::size_t limit) const {
    for (std::size_t i = limit; i-- > 0;)
      if (!file_.stages[i].name.empty() && text::equal_ignoring_case(file_.stages[i].name, name))
        return i;
    return std::nullopt;
  }

  void resolve_stage(const Stage& stage) {
    ResolvedStage out;
    out.index = stage.index;
    resolve_base(stage, out);
    for (const Instruction& instruction : stage.instructions) {
      if (const Copy* copy = std::get_if<Copy>(&instruction.body)) {
        if (!copy->from.text.empty())
          depend(stage, out, Use::CopyFrom, copy->from.text, copy->from.span);
      } else if (const Run* run = std::get_if<Run>(&instruction.body)) {
        for (const MountFlag& mount : run->mounts)
          if (!mount.from.empty()) depend(stage, out, Use::MountFrom, mount.from, mount.span);
      }
    }
    plan().stages.push_back(std::move(out));
  }

  void resolve_base(const Stage& stage, ResolvedStage& out) {
    // A stage that a named context replaces needs nothing of its own.
    if (!stage.name.empty() && is_context(stage.name)) {
      out.base = stage.name;
      out.dependencies.push_back({Use::BaseOf, std::nullopt, stage.name, stage.from.base.span});
      return;
    }
    const Word& word = stage.from.base;
    auto base = expand(word.text, file_.escape, globals());
    if (!base) {
      error(word.span, base.error().message());
      return;
    }
    out.base = *std::move(base);
    if (out.base.empty()) {
      error(word.span, fmt::format("base name ({}) should not be blank", text::clip(word.text)), {},
            "give the ARG a default before the first FROM, or pass it with --build-arg");
      return;
    }
    resolve_platform(stage, out);
    Dependency dependency{Use::BaseOf, stage_named(out.base, stage.index), {}, word.span};
    if (dependency.stage)
      out.base_stage = dependency.stage;
    else
      dependency.external = out.base;
    if (dependency.stage || out.base != "scratch") out.dependencies.push_back(dependency);
  }

  void resolve_platform(const Stage& stage, ResolvedStage& out) {
    const Word& word = stage.from.platform;
    if (word.text.empty()) return;
    auto platform = expand(word.text, file_.escape, globals());
    if (!platform) {
      error(word.span, platform.error().message());
      return;
    }
    out.platform = *std::move(platform);
    if (out.platform.empty())
      error(word.span,
            fmt::format("empty platform value from expression {}", text::clip(word.text)));
  }

  void depend(const Stage& stage, ResolvedStage& out, Use use, const std::string& name,
              const SourceSpan& span) {
    Dependency dependency{use, std::nullopt, {}, span};
    if (std::optional<std::size_t> index = use == Use::CopyFrom ? to_index(name) : std::nullopt) {
      if (*index >= file_.stages.size()) {
        error(span, fmt::format("invalid stage index {}", *index),
              {fmt::format("the file has {} stages, counted from 0", file_.stages.size())});
        return;
      }
      dependency.stage = index;
    } else if (!is_context(name)) {
      dependency.stage = stage_named(name, stage.index);
      if (!dependency.stage) dependency.stage = stage_named(name, file_.stages.size());
    }
    if (!dependency.stage) dependency.external = name;
    out.dependencies.push_back(std::move(dependency));
  }

  // A reference to the stage itself or a later one is wrong either way; a circle is said as one.
  void find_cycles() {
    for (const ResolvedStage& stage : plan().stages)
      for (const Dependency& dependency : stage.dependencies) {
        if (!dependency.stage || *dependency.stage < stage.index) continue;
        std::vector<std::string> path;
        if (leads_to(*dependency.stage, stage.index, path))
          report_cycle(stage.index, dependency, std::move(path));
        else
          report_order(stage.index, dependency);
      }
  }

  // Whether stage `from` needs `to`; `path` tells how, one note a hop.
  bool leads_to(std::size_t from, std::size_t to, std::vector<std::string>& path) {
    std::vector<std::size_t> todo = {from};
    std::vector<std::optional<std::size_t>> reached_by(plan().stages.size());
    reached_by[from] = from;
    while (!todo.empty() && todo.back() != to) {
      std::size_t index = todo.back();
      todo.pop_back();
      for (const Dependency& one : plan().stages[index].dependencies) {
        if (!one.stage || reached_by[*one.stage]) continue;
        reached_by[*one.stage] = index;
        todo.push_back(*one.stage);
      }
    }
    if (todo.empty()) return false;
    for (std::size_t at = to; at != from; at = *reached_by[at])
      path.insert(path.begin(), fmt::format("{} needs {}", label(*reached_by[at]), label(at)));
    return true;
  }

  std::string label(std::size_t index) const { return file_.stages[index].label(); }

  void report_cycle(std::size_t index, const Dependency& dependency,
                    std::vector<std::string> path) {
    path.insert(path.begin(), fmt::format("{} needs {}", label(index), label(*dependency.stage)));
    std::size_t first = std::min(index, *dependency.stage);
    error(dependency.span, fmt::format("circular dependency detected on stage: {}", label(first)),
          std::move(path));
  }

  void report_order(std::size_t index, const Dependency& dependency) {
    std::string other = label(*dependency.stage);
    std::string message =
        dependency.use == Use::MountFrom
            ? fmt::format(
                  "cannot mount from stage {}, stage needs to be defined before current "
                  "command",
                  text::quote(other))
            : fmt::format(
                  "cannot copy from stage {}, it needs to be defined before current stage "
                  "{}",
                  text::quote(other), text::quote(label(index)));
    error(dependency.span, std::move(message), {},
          fmt::format("move stage {} above stage {}", other, label(index)));
  }

  std::optional<std::size_t> find_target() {
    if (file_.stages.empty()) return std::nullopt;
    if (options_.target.empty()) return file_.stages.size() - 1;
    std::optional<std::size_t> found = stage_named(options_.target, file_.stages.size());
    if (!found) found = to_index(options_.target);
    if (found && *found < file_.stages.size()) return found;
    std::vector<std::string> names;
    std::string list;
    for (const Stage& stage : file_.stages) {
      if (stage.name.empty()) continue;
      names.push_back(stage.name);
      list += (list.empty() ? "" : ", ") + stage.name;
    }
    error({},
          fmt::format("target stage {} could not be found{}", text::quote(options_.target),
                      text::suggestion(options_.target, names)),
          {}, list.empty() ? "no stage of this file has a name" : "the file's stages: " + list);
    return std::nullopt;
  }

  void reach(std::size_t target) {
    plan().target = target;
    std::vector<std::size_t> todo = {target};
    while (!todo.empty()) {
      ResolvedStage& stage = plan().stages[todo.back()];
      todo.pop_back();
      if (std::exchange(stage.reachable, true)) continue;
      for (const Dependency& one : stage.dependencies)
        if (one.stage) todo.push_back(*one.stage);
    }
    // References go to earlier stages only, so the file's order is an order of building.
    for (const ResolvedStage& stage : plan().stages)
      if (stage.reachable) plan().order.push_back(stage.index);
  }

  const Dockerfile& file_;
  const ResolveOptions& options_;
  ResolveResult out_;
};

}  // namespace

std::string Stage::label() const { return name.empty() ? std::to_string(index) : name; }

const Stage* Dockerfile::find_stage(std::string_view wanted) const {
  for (std::size_t i = stages.size(); i-- > 0;)
    if (!stages[i].name.empty() && text::equal_ignoring_case(stages[i].name, wanted))
      return &stages[i];
  std::optional<std::size_t> index = to_index(wanted);
  return index && *index < stages.size() ? &stages[*index] : nullptr;
}

bool ResolveResult::ok() const { return diagnostics.empty(); }

ResolveResult resolve(const Dockerfile& file, const ResolveOptions& options) {
  return Resolver(file, options).run();
}

}  // namespace suit::dockerfile
