// dockerfile ast, graph, expand, format: the stages of reading, each to be looked at.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/suggest.h"
#include "cli/commands.h"
#include "cli/settings.h"
#include "cli/source_file.h"
#include "cli/text.h"
#include "cli/unified_diff.h"
#include "dockerfile/ast.h"
#include "dockerfile/explain.h"
#include "dockerfile/format.h"
#include "dockerfile/graph.h"
#include "oci/json.h"

namespace suit::cli {
namespace {

using dockerfile::AstNode;
using dockerfile::Diagnostic;
using oci::Json;

// Shows what is wrong, each with its excerpt; the exit code.
int complain(Invocation& in, const SourceFile& source, const std::vector<Diagnostic>& wrong) {
  for (const Diagnostic& one : wrong)
    in.console.complain(render(one, source.name, source.text));
  return 1;
}

std::vector<Diagnostic> errors_of(const dockerfile::ParseResult& parsed) {
  std::vector<Diagnostic> out;
  for (const Diagnostic& one : parsed.diagnostics)
    if (one.severity == dockerfile::Severity::Error) out.push_back(one);
  return out;
}

Result<void> check_format(std::string_view format, std::span<const std::string_view> known) {
  if (std::ranges::find(known, format) != known.end()) return {};
  std::string list;
  for (std::string_view one : known)
    list += (list.empty() ? "" : ", ") + std::string(one);
  return fail(0, fmt::format("invalid format \"{}\"{}", format, did_you_mean(format, known)),
              "there are " + list);
}

struct StageFlags {
  std::string target;
  std::vector<std::string> build_args;
};

void declare(FlagSet& flags, StageFlags& stage) {
  flags.add('\0', "build-arg", &stage.build_args, "list", "Build-time variables, as for build")
      .add('\0', "target", &stage.target, "string", "The stage that is the image");
}

Result<dockerfile::ResolveOptions> resolve_options(const StageFlags& stage) {
  dockerfile::ResolveOptions options;
  options.target = stage.target;
  for (const std::string& text : stage.build_args) {
    SUIT_LET(const std::string entry, read_env(text));
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos)
      options.build_args[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  return options;
}

Json json_of(const AstNode& node) {
  switch (node.kind) {
    case AstNode::Kind::Text:
      return {safe(node.text)};
    case AstNode::Kind::Flag:
      return {node.flag};
    case AstNode::Kind::Number:
      return {node.number};
    case AstNode::Kind::List: {
      Json list = Json::array();
      for (const AstNode& child : node.children)
        list.push(json_of(child));
      return list;
    }
    case AstNode::Kind::Object:
      break;
  }
  Json object = Json::object();
  for (const AstNode& child : node.children)
    object.set(child.name, json_of(child));
  if (node.place.line != 0)
    object.set("line", std::uint64_t{node.place.line})
        .set("column", std::uint64_t{node.place.column});
  return object;
}

Json json_of(const dockerfile::ExpandedInstruction& one) {
  Json used = Json::array();
  for (const dockerfile::UsedVariable& variable : one.used) {
    Json entry;
    entry.set("name", safe(variable.name)).set("value", safe(variable.value));
    entry.set("set", variable.source != dockerfile::ValueSource::Nothing);
    entry.set("from", variable.origin());
    used.push(std::move(entry));
  }
  Json out;
  if (!one.global) out.set("stage", std::uint64_t{one.stage});
  out.set("line", std::uint64_t{one.written->span.line});
  out.set("written", safe(one.written->text)).set("expanded", safe(one.text));
  out.set("variables", std::move(used));
  return out;
}

std::string text_of(const dockerfile::ExpandedInstruction& one) {
  std::string out = fmt::format("{:4}  {}\n", one.written->span.line, one.text);
  for (const dockerfile::UsedVariable& variable : one.used)
    out += fmt::format("      ${} = {}  ({})\n", variable.name, variable.value, variable.origin());
  return out;
}

}  // namespace

Result<int> dockerfile_ast(Invocation& in) {
  std::string format = "text";
  FlagSet flags;
  flags.add('\0', "format", &format, "string", "text (default) or json");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_TRY(check_format(format, std::array<std::string_view, 2>{"text", "json"}));
  SUIT_LET(const SourceFile source, read_source(args[0]));
  const dockerfile::ParseResult parsed = dockerfile::parse(source.name, source.text);
  if (!parsed.ok()) return complain(in, source, errors_of(parsed));
  const AstNode tree = dockerfile::to_ast(parsed.file);
  in.console.text(format == "json" ? json_of(tree).dump(2) + "\n" : dockerfile::ast_text(tree));
  return 0;
}

Result<int> dockerfile_graph(Invocation& in) {
  std::string format = "text";
  StageFlags stage;
  FlagSet flags;
  flags.add('\0', "format", &format, "string", "text (default), dot or svg");
  declare(flags, stage);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_TRY(check_format(format, std::array<std::string_view, 3>{"text", "dot", "svg"}));
  SUIT_LET(const dockerfile::ResolveOptions options, resolve_options(stage));
  SUIT_LET(const SourceFile source, read_source(args[0]));
  const dockerfile::ParseResult parsed = dockerfile::parse(source.name, source.text);
  if (!parsed.ok()) return complain(in, source, errors_of(parsed));
  const dockerfile::ResolveResult resolved = dockerfile::resolve(parsed.file, options);
  if (!resolved.ok()) return complain(in, source, resolved.diagnostics);
  auto* draw = format == "svg"   ? dockerfile::graph_svg
               : format == "dot" ? dockerfile::graph_dot
                                 : dockerfile::graph_text;
  in.console.text(draw(parsed.file, resolved.resolution));
  return 0;
}

Result<int> dockerfile_expand(Invocation& in) {
  std::string format = "text";
  StageFlags stage;
  FlagSet flags;
  flags.add('\0', "format", &format, "string", "text (default) or json");
  declare(flags, stage);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_TRY(check_format(format, std::array<std::string_view, 2>{"text", "json"}));
  SUIT_LET(const dockerfile::ResolveOptions options, resolve_options(stage));
  SUIT_LET(const SourceFile source, read_source(args[0]));
  const dockerfile::ParseResult parsed = dockerfile::parse(source.name, source.text);
  if (!parsed.ok()) return complain(in, source, errors_of(parsed));
  const dockerfile::ResolveResult resolved = dockerfile::resolve(parsed.file, options);
  if (!resolved.ok()) return complain(in, source, resolved.diagnostics);
  const dockerfile::ExpandedFile expanded =
      dockerfile::explain_expansion(parsed.file, resolved.resolution, options);
  if (format == "json") {
    Json list = Json::array();
    for (const dockerfile::ExpandedInstruction& one : expanded.instructions)
      list.push(json_of(one));
    in.console.text(list.dump(2) + "\n");
  } else {
    for (const dockerfile::ExpandedInstruction& one : expanded.instructions)
      in.console.text(text_of(one));
  }
  return expanded.ok() ? 0 : complain(in, source, expanded.diagnostics);
}

Result<int> dockerfile_format(Invocation& in) {
  bool check = false;
  bool diff = false;
  bool write = false;
  FlagSet flags;
  flags.toggle('\0', "check", check, "Print nothing; exit code 1 if the file is not in that form")
      .toggle('d', "diff", diff, "Print what would change instead of the text")
      .toggle('w', "write", write, "Write the file instead of printing the text");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(const SourceFile source, read_source(args[0]));
  if (write && source.is_stdin()) return fail(0, "stdin cannot be written to", "leave out -w");
  const dockerfile::FormatResult formatted = dockerfile::format(source.name, source.text);
  if (!formatted.ok()) return complain(in, source, formatted.diagnostics);
  const bool same = formatted.text == source.text;
  if (diff) in.console.raw(unified_diff(source.name, source.text, formatted.text));
  if (check) {
    if (!same) in.console.complain(fmt::format("{} is not formatted\n", source.name));
    return same ? 0 : 1;
  }
  if (write) {
    if (!same) SUIT_TRY(write_source(source, formatted.text));
    return 0;
  }
  if (!diff) in.console.raw(formatted.text);
  return 0;
}

}  // namespace suit::cli
