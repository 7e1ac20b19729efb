#include "dockerfile/explain.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "dockerfile/ast.h"
#include "dockerfile/scope.h"
#include "dockerfile/text_internal.h"

namespace suit::dockerfile {
namespace {

// All texts that are made: `ENV a=$b$b` in a thousand lines must not fill the memory. \unit{bytes}
constexpr std::size_t kMaxTextBytes = std::size_t{32} << 20;

struct Origin {
  ValueSource source = ValueSource::Nothing;
  std::size_t line = 0;
};
using Origins = std::map<std::string, Origin, std::less<>>;

/// A stage's variables, and where they come from. ENV hides ARG.
struct Known {
  Scope scope;
  Origins env;
  Origins args;

  Origin origin(std::string_view name) const {
    for (const Origins* origins : {&env, &args})
      if (auto found = origins->find(name); found != origins->end()) return found->second;
    return {};
  }
};

class Explainer {
 public:
  Explainer(const Dockerfile& file, const Resolution& resolution, const ResolveOptions& options)
      : file_(file), resolution_(resolution), options_(options) {}

  ExpandedFile run() {
    explain_globals();
    for (std::size_t index : resolution_.order)
      if (!explain_stage(index)) break;
    return std::move(out_);
  }

 private:
  bool error(const SourceSpan& span, std::string message) {
    out_.diagnostics.push_back({Severity::Error, span, std::move(message), {}, {}});
    return false;
  }

  void explain_globals() {
    for (const Variable& one : resolution_.globals) {
      globals_.scope.args.push_back(one);
      globals_.args[one.first] = {ValueSource::Predefined, 0};
    }
    Known before;
    before.scope.args = platform_arguments(options_);
    for (const Variable& one : before.scope.args)
      before.args[one.first] = {ValueSource::Predefined, 0};
    for (const Instruction& one : file_.global_args) {
      if (!add(one, 0, before)) return;
      out_.instructions.back().global = true;
      for (const ArgDefinition& arg : std::get<Arg>(one.body).args) {
        const std::string& name = arg.key.text;
        bool given = options_.build_args.contains(name);
        if (!given && !arg.value) continue;
        const Origin origin{given ? ValueSource::BuildArg : ValueSource::GlobalDefault,
                            one.span.line};
        before.args[name] = globals_.args[name] = origin;
        for (const Variable& global : resolution_.globals)
          if (global.first == name) set_variable(before.scope.args, name, global.second);
      }
    }
  }

  bool explain_stage(std::size_t index) {
    const Stage& stage = file_.stages[index];
    if (!add(stage.from_instruction, index, globals_)) return false;
    Known known;
    if (auto base = resolution_.stages[index].base_stage) known = done_[*base];
    inherited_bytes_ += known.scope.size_bytes();
    if (inherited_bytes_ > kMaxInheritedBytes)
      return error(stage.from_instruction.span,
                   fmt::format("the variables that stages inherit take more than {} bytes",
                               kMaxInheritedBytes));
    for (const Instruction& one : stage.instructions)
      if (!add(one, index, known) || !apply(one, known)) return false;
    done_[index] = std::move(known);
    return true;
  }

  // One instruction with the variables in force before it.
  bool add(const Instruction& one, std::size_t stage, const Known& known) {
    Lookup lookup = known.scope.lookup();
    auto expanded = expand_instruction(one, file_.escape, lookup);
    if (!expanded) return error(one.span, expanded.error().message());
    ExpandedInstruction out;
    out.stage = stage;
    out.written = &one;
    std::vector<Word> words = expandable_words(one);
    if (Run* run = std::get_if<Run>(&expanded->body)) {
      for (MountFlag& mount : run->mounts) {
        words.push_back({mount.text, mount.span});
        auto text = expand(mount.text, file_.escape, lookup);
        if (!text) return error(mount.span, text.error().message());
        mount.text = *std::move(text);
      }
    }
    if (Arg* arg = std::get_if<Arg>(&expanded->body)) set_given(*arg);
    for (const Word& word : words)
      note(word, known, lookup, out.used);
    out.text = one_line(*expanded);
    bytes_ += out.text.size();
    if (bytes_ > kMaxTextBytes)
      return error(one.span,
                   fmt::format("the expanded file is larger than {} bytes", kMaxTextBytes));
    out_.instructions.push_back(std::move(out));
    return true;
  }

  // An ARG shows the value that it gets.
  void set_given(Arg& arg) const {
    for (ArgDefinition& one : arg.args) {
      auto given = options_.build_args.find(one.key.text);
      if (given != options_.build_args.end()) {
        one.value = given->second;
      } else if (!one.value) {
        auto found = std::ranges::find(resolution_.globals, one.key.text, &Variable::first);
        if (found != resolution_.globals.end()) one.value = found->second;
      }
    }
  }

  void note(const Word& word, const Known& known, const Lookup& lookup,
            std::vector<UsedVariable>& used) const {
    auto expansion = expand_with_names(word.text, file_.escape, lookup);
    if (!expansion) return;
    auto has = [&](const std::string& name) {
      return std::ranges::find(used, name, &UsedVariable::name) != used.end();
    };
    for (const std::string& name : expansion->matched) {
      if (has(name)) continue;
      Origin origin = known.origin(name);
      used.push_back({name, text::clip(lookup(name).value_or("")), origin.source, origin.line});
    }
    for (const std::string& name : expansion->unmatched)
      if (!has(name)) used.push_back({name, "", ValueSource::Nothing, 0});
  }

  bool apply(const Instruction& one, Known& known) {
    if (const Env* env = std::get_if<Env>(&one.body)) {
      auto done = apply_env(known.scope, *env, file_.escape);
      if (!done) return error(one.span, done.error().message());
      for (const KeyValue& pair : env->pairs)
        known.env[expanded_name(pair.key.text, known)] = {ValueSource::Env, one.span.line};
    } else if (const Arg* arg = std::get_if<Arg>(&one.body)) {
      auto done = apply_arg(known.scope, *arg, file_.escape, resolution_, options_);
      if (!done) return error(one.span, done.error().message());
      for (const ArgDefinition& definition : arg->args)
        if (auto origin = origin_of(definition, one.span.line))
          known.args[definition.key.text] = *origin;
    }
    return true;
  }

  std::string expanded_name(const std::string& name, const Known& known) const {
    auto out = expand(name, file_.escape, known.scope.lookup());
    return out ? *std::move(out) : name;
  }

  std::optional<Origin> origin_of(const ArgDefinition& one, std::size_t line) const {
    if (options_.build_args.contains(one.key.text)) return Origin{ValueSource::BuildArg, line};
    if (one.value) return Origin{ValueSource::Default, line};
    auto global = globals_.args.find(one.key.text);
    if (global == globals_.args.end()) return std::nullopt;
    return global->second;
  }

  const Dockerfile& file_;
  const Resolution& resolution_;
  const ResolveOptions& options_;
  Known globals_;
  std::map<std::size_t, Known> done_;
  std::size_t bytes_ = 0;
  std::size_t inherited_bytes_ = 0;
  ExpandedFile out_;
};

}  // namespace

std::string UsedVariable::origin() const {
  switch (source) {
    case ValueSource::Nothing:
      return "not set";
    case ValueSource::Predefined:
      return "predefined";
    case ValueSource::BuildArg:
      return fmt::format("--build-arg, ARG of line {}", line);
    case ValueSource::GlobalDefault:
      return fmt::format("global ARG of line {}", line);
    case ValueSource::Default:
      return fmt::format("ARG of line {}", line);
    case ValueSource::Env:
      break;
  }
  return fmt::format("ENV of line {}", line);
}

ExpandedFile explain_expansion(const Dockerfile& file, const Resolution& resolution,
                               const ResolveOptions& options) {
  return Explainer(file, resolution, options).run();
}

}  // namespace suit::dockerfile
