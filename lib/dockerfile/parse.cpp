#include "dockerfile/parse.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "dockerfile/line.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/typing_internal.h"

namespace suit::dockerfile {
namespace {

bool has_no_error(const std::vector<Diagnostic>& diagnostics) {
  return std::ranges::none_of(
      diagnostics, [](const Diagnostic& one) { return one.severity == Severity::Error; });
}

// Puts an instruction where it belongs: before the first FROM only ARG does.
void place(Instruction instruction, ParseResult& result) {
  Dockerfile& file = result.file;
  if (const From* from = std::get_if<From>(&instruction.body)) {
    Stage stage;
    stage.index = file.stages.size();
    stage.name = from->stage_name;
    stage.from = *from;
    stage.from_instruction = std::move(instruction);
    file.stages.push_back(std::move(stage));
    return;
  }
  if (!file.stages.empty()) {
    file.stages.back().instructions.push_back(std::move(instruction));
    return;
  }
  if (std::holds_alternative<Arg>(instruction.body)) {
    file.global_args.push_back(std::move(instruction));
    return;
  }
  result.diagnostics.push_back({Severity::Error,
                                instruction.span,
                                "no build stage in current context",
                                {fmt::format("{} stands before the first FROM, where only ARG may",
                                             keyword_of(instruction.body))},
                                "begin the file with FROM and the image to build on"});
}

bool is_from(const LogicalLine& line) { return text::equal_ignoring_case(line.keyword, "from"); }

bool is_run(const LogicalLine& line) { return text::equal_ignoring_case(line.keyword, "run"); }

// A command where a keyword should be is most often the rest of the RUN right above it.
void blame_the_line_above(const LogicalLine& line, const LogicalLine& above, char escape,
                          Diagnostic& diagnostic) {
  const bool unknown = diagnostic.message.starts_with("unknown instruction") &&
                       diagnostic.message.find("did you mean") == std::string::npos;
  if (!unknown || !is_run(above) || !above.heredocs.empty() || above.json) return;
  if (above.last_line + 1 != line.span.line) return;
  diagnostic.help =
      fmt::format("if this belongs to the RUN above, end line {} with {}", above.last_line, escape);
}

// What text processors make of blanks and quotes looks right and is not.
void note_typography(std::string_view text, Diagnostic& diagnostic) {
  const std::string_view covered =
      text.substr(std::min(diagnostic.span.offset, text.size()), diagnostic.span.length);
  if (covered.find("\u00a0") != std::string_view::npos)
    diagnostic.notes.emplace_back(
        "one of the blanks is a non-breaking space (U+00A0): type it anew");
}

// A stage whose FROM is wrong still holds the instructions behind it.
void open_broken_stage(const LogicalLine& line, Dockerfile& file) {
  Stage stage;
  stage.index = file.stages.size();
  stage.from_instruction.body = From{};
  stage.from_instruction.span = line.span;
  stage.from_instruction.text = line.text;
  file.stages.push_back(std::move(stage));
}

}  // namespace

bool ParseResult::ok() const { return has_no_error(diagnostics); }
bool TriggerResult::ok() const { return has_no_error(diagnostics); }

ParseResult parse(std::string_view name, std::string_view text) {
  ParseResult result;
  Lines lines = parse_lines(text);
  result.file.escape = lines.escape;
  result.file.directives = std::move(lines.directives);
  result.diagnostics = std::move(lines.diagnostics);
  for (std::size_t i = 0; i < lines.lines.size(); ++i) {
    const LogicalLine& line = lines.lines[i];
    const std::size_t before = result.diagnostics.size();
    auto instruction = type_instruction(line, lines.escape, result.diagnostics);
    if (i > 0 && result.diagnostics.size() > before)
      blame_the_line_above(line, lines.lines[i - 1], lines.escape, result.diagnostics.back());
    if (instruction)
      place(*std::move(instruction), result);
    else if (is_from(line))
      open_broken_stage(line, result.file);
  }
  for (Diagnostic& one : result.diagnostics)
    note_typography(text, one);
  if (result.file.stages.empty() && result.ok())
    result.diagnostics.push_back({Severity::Error,
                                  {},
                                  "dockerfile contains no stages to build",
                                  {},
                                  fmt::format("add FROM and an image to {}", name)});
  std::ranges::stable_sort(result.diagnostics, {},
                           [](const Diagnostic& one) { return one.span.offset; });
  return result;
}

TriggerResult parse_trigger(std::string_view text) {
  TriggerResult result;
  Lines lines = parse_lines(text);
  result.diagnostics = std::move(lines.diagnostics);
  if (lines.lines.size() > 1)
    result.diagnostics.push_back({Severity::Error,
                                  lines.lines[1].span,
                                  "onbuild trigger should be a single expression",
                                  {},
                                  {}});
  for (const LogicalLine& line : lines.lines) {
    auto instruction = type_instruction(line, lines.escape, result.diagnostics);
    if (instruction) result.instructions.push_back(*std::move(instruction));
  }
  return result;
}

}  // namespace suit::dockerfile
