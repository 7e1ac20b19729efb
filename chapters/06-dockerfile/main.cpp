/// \file
/// Chapter 6: a Dockerfile is three languages on top of each other.
///
///     06-dockerfile lines|types|meaning FILE [NAME=VALUE]...
///
/// Prints what each layer makes of the layer below. NAME=VALUE is a build argument. Nothing is
/// built.
/// \see tutorials/06-dockerfile.md

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/result.h"
#include "dockerfile/parse.h"
#include "dockerfile/scope.h"
#include "os/file.h"

namespace {
using suit::Result;
namespace df = suit::dockerfile;

//> lines
void print_lines(std::string_view text) {
  for (const df::LogicalLine& line : df::parse_lines(text).lines) {
    fmt::print("{}-{} {}\n", line.span.line, line.last_line, line.keyword);
    for (const df::Word& flag : line.flags)
      fmt::print("    {}:{} flag {}\n", flag.span.line, flag.span.column, flag.text);
    for (const df::Word& word : line.words)
      fmt::print("    {}:{} {} {}\n", word.span.line, word.span.column,
                 line.json ? "element" : "word", word.text);
    for (const df::Heredoc& heredoc : line.heredocs)
      fmt::print("    here-document {}, {} bytes\n", heredoc.name, heredoc.content.size());
  }
}
//< lines

//> describe
std::string describe(const df::CommandLine& command) {
  if (command.shell_form) return fmt::format("for the shell: {}", fmt::join(command.words, " "));
  return fmt::format("to execute: [{}]", fmt::join(command.words, "] ["));
}

std::string describe(const std::vector<df::KeyValue>& pairs) {
  std::string out;
  for (const df::KeyValue& pair : pairs)
    out += fmt::format("{}{} is {}", out.empty() ? "" : ", ", pair.key.text, pair.value.text);
  return out;
}

std::string describe(const df::InstructionBody& body) {
  return std::visit(
      df::Overloaded{
          [](const df::From& from) {
            return from.base.text + (from.stage_name.empty() ? "" : " called " + from.stage_name);
          },
          [](const df::Run& run) { return describe(run.command); },
          [](const df::Copy& copy) {
            std::string from = copy.from.text.empty() ? "the context" : copy.from.text;
            return fmt::format("{} sources of {} to {}", copy.sources.size(), from,
                               copy.destination.text);
          },
          [](const df::Arg& arg) {
            const df::ArgDefinition& first = arg.args.front();
            return first.key.text + (first.value ? ", if not given: " + *first.value : "");
          },
          [](const df::Env& env) { return describe(env.pairs); },
          [](const df::Label& label) { return describe(label.pairs); },
          [](const df::Cmd& cmd) { return describe(cmd.command); },
          [](const df::Entrypoint& entry) { return describe(entry.command); },
          [](const df::Workdir& workdir) { return workdir.path.text; },
          [](const auto&) { return std::string("(see instruction.h)"); }},
      body);
}
//< describe

//> types
void print_instruction(const df::Instruction& instruction) {
  fmt::print("{:<10} {}\n", df::keyword_of(instruction.body), describe(instruction.body));
}

void print_types(const df::Dockerfile& file) {
  for (const df::Instruction& arg : file.global_args)
    print_instruction(arg);
  for (const df::Stage& stage : file.stages) {
    print_instruction(stage.from_instruction);
    for (const df::Instruction& instruction : stage.instructions)
      print_instruction(instruction);
  }
}
//< types

//> meaning
Result<void> print_meaning(const df::Dockerfile& file, const df::ResolveOptions& options,
                           const df::Resolution& resolution) {
  std::vector<df::Scope> scopes(resolution.stages.size());
  for (std::size_t index : resolution.order) {
    const df::ResolvedStage& stage = resolution.stages[index];
    fmt::print("stage {} on {}\n", file.stages[index].label(), stage.base);
    df::Scope& scope = scopes[index];
    if (stage.base_stage) scope = scopes[*stage.base_stage];
    for (const df::Instruction& written : file.stages[index].instructions) {
      SUIT_LET(df::Instruction meant, df::expand_instruction(written, file.escape, scope.lookup()));
      fmt::print("  ");
      print_instruction(meant);
      if (const auto* arg = std::get_if<df::Arg>(&written.body))
        SUIT_TRY(df::apply_arg(scope, *arg, file.escape, resolution, options));
      if (const auto* env = std::get_if<df::Env>(&written.body))
        SUIT_TRY(df::apply_env(scope, *env, file.escape));
    }
  }
  return {};
}
//< meaning

//> read
Result<int> run(std::string_view layer, const std::string& name,
                const df::ResolveOptions& options) {
  SUIT_LET(const std::string text, suit::os::read_file(name));
  if (layer == "lines") return print_lines(text), 0;
  df::ParseResult parsed = df::parse(name, text);
  df::ResolveResult resolved;
  if (parsed.ok()) resolved = df::resolve(parsed.file, options);
  for (const auto* findings : {&parsed.diagnostics, &resolved.diagnostics})
    for (const df::Diagnostic& one : *findings)
      fmt::print(stderr, "{}", df::render(one, name, text));
  if (!parsed.ok() || !resolved.ok()) return 1;
  if (layer == "types") return print_types(parsed.file), 0;
  SUIT_TRY(print_meaning(parsed.file, options, resolved.resolution));
  return 0;
}
//< read
}  // namespace

int main(int argc, char** argv) {
  const std::string_view layer = argc > 2 ? argv[1] : "";
  if (layer != "lines" && layer != "types" && layer != "meaning") {
    fmt::print(stderr, "usage: 06-dockerfile lines|types|meaning FILE [NAME=VALUE]...\n");
    return 2;
  }
  df::ResolveOptions options;
  for (const std::string_view given : std::vector<std::string_view>(argv + 3, argv + argc))
    options.build_args.emplace(given.substr(0, given.find('=')), given.substr(given.find('=') + 1));
  Result<int> code = run(layer, argv[2], options);
  if (!code) fmt::print(stderr, "06-dockerfile: {}\n", code.error().message());
  return code ? *code : 1;
}
