#include "runner/lesson.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "runner/regions.h"

namespace suit::lesson {
namespace {

constexpr std::size_t kMaxSketchLines = 8;    // longer pseudo-code should be code
constexpr std::size_t kMaxListingLines = 60;  // a screen: more than that is not read

std::unexpected<Error> fail_at(const Lesson& lesson, std::size_t line, std::string_view what,
                               std::string hint = {}) {
  return fail(0, fmt::format("{}:{}: {}", lesson.path, line, what), std::move(hint));
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    std::size_t end = std::min(text.find(' '), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Is \p path below the directory that it is joined to? Lessons are ours, but a typing error in one
/// must not write to `../../etc`.
bool stays_inside(std::string_view path) {
  return !path.empty() && path[0] != '/' &&
         fmt::format("/{}/", path).find("/../") == std::string::npos;
}

Result<void> read_attribute(const Lesson& lesson, Block& block, std::string_view word) {
  std::size_t equals = word.find('=');
  std::string_view key = word.substr(0, equals);
  std::string_view value = equals == std::string_view::npos ? "" : word.substr(equals + 1);
  if (key == "src") {
    std::size_t hash = std::min(value.find('#'), value.size());
    block.source = value.substr(0, hash);
    block.region = value.substr(std::min(hash + 1, value.size()));
    if (!stays_inside(block.source)) {
      return fail_at(lesson, block.line, "src= must name a file of the repository");
    }
    block.kind = BlockKind::Source;
    return {};
  }
  if (key == "file") {
    block.file = value;
    if (!stays_inside(value))
      return fail_at(lesson, block.line, "file= must stay in the scratch directory");
    if (block.kind == BlockKind::Text) block.kind = BlockKind::File;
    return {};
  }
  if (word == "lab=root") {
    block.needs_root = true;
    return {};
  }
  if (key == "timeout") {
    std::optional<int> seconds = number(value);
    if (!seconds || *seconds < 1)
      return fail_at(lesson, block.line, "timeout= is a number of seconds");
    block.timeout = std::chrono::seconds(*seconds);
    return {};
  }
  if (word == "sketch") {
    block.kind = BlockKind::Sketch;
    return {};
  }
  return fail_at(lesson, block.line, fmt::format("unknown block attribute \"{}\"", word),
                 "known: src=, file=, lab=root, timeout=, sketch");
}

/// Splits a console block at its prompts.
Result<void> read_commands(const Lesson& lesson, Block& block) {
  for (std::size_t i = block.begin; i < block.end; ++i) {
    const std::string& line = lesson.lines[i];
    bool root_prompt = line.starts_with("# ");
    if (line.starts_with("$ ") || root_prompt) {
      block.needs_root = block.needs_root || root_prompt;
      Command command;
      command.line = i + 1;
      command.text = line.substr(2);
      command.as_root = root_prompt;
      block.commands.push_back(std::move(command));
      while (i + 1 < block.end && lesson.lines[i + 1].starts_with("> ")) {
        block.commands.back().text += '\n' + lesson.lines[++i].substr(2);
      }
      block.commands.back().expected_begin = block.commands.back().expected_end = i + 1;
      continue;
    }
    if (block.commands.empty()) {
      return fail_at(lesson, i + 1, "a console block begins with a prompt, `$ ` or `# `");
    }
    Command& command = block.commands.back();
    command.expected_end = i + 1;
    if (line.starts_with("[exit ") && line.ends_with("]")) {
      std::optional<int> code = number(std::string_view(line).substr(6, line.size() - 7));
      if (!code) return fail_at(lesson, i + 1, "[exit N] takes a number");
      command.exit_code = *code;
      continue;
    }
    command.expected.push_back(line);
  }
  if (block.commands.empty())
    return fail_at(lesson, block.line, "a console block without a command");
  return {};
}

/// A block that nothing checks would rot: say so now.
Result<void> require_promise(const Lesson& lesson, const Block& block, std::string_view language) {
  std::size_t length = block.end - block.begin;
  if (block.kind == BlockKind::Sketch && length > kMaxSketchLines) {
    return fail_at(lesson, block.line, fmt::format("a sketch of {} lines; the limit is 8", length));
  }
  if (block.kind == BlockKind::Source && length > kMaxListingLines) {
    return fail_at(lesson, block.line,
                   fmt::format("a listing of {} lines; the limit is 60", length),
                   "elide with `//-`, or cut the region in two");
  }
  if (block.kind == BlockKind::Text && language != "text") {
    return fail_at(lesson, block.line, fmt::format("nothing checks this `{}` block", language),
                   "use src=FILE#REGION, file=NAME, `sketch`, ```console or ```text");
  }
  return {};
}

Result<void> read_block(Lesson& lesson, std::size_t& i) {
  std::string_view info = trimmed(std::string_view(lesson.lines[i]).substr(3));
  Block block;
  block.line = i + 1;
  block.begin = ++i;
  while (i < lesson.lines.size() && lesson.lines[i] != "```")
    ++i;
  if (i == lesson.lines.size()) return fail_at(lesson, block.line, "this block is never closed");
  block.end = i;
  std::vector<std::string_view> parts = words(info);
  std::string_view language = parts.empty() ? "" : parts[0];
  if (language == "console") block.kind = BlockKind::Console;
  for (std::size_t k = 1; k < parts.size(); ++k)
    SUIT_TRY(read_attribute(lesson, block, parts[k]));
  SUIT_TRY(require_promise(lesson, block, language));
  if (block.kind == BlockKind::Console) SUIT_TRY(read_commands(lesson, block));
  lesson.blocks.push_back(std::move(block));
  return {};
}

}  // namespace

Result<Lesson> parse_lesson(std::string path, std::string_view text) {
  Lesson lesson{std::move(path), split_lines(text), {}};
  for (std::size_t i = 0; i < lesson.lines.size(); ++i) {
    if (lesson.lines[i].starts_with("```")) SUIT_TRY(read_block(lesson, i));
  }
  return lesson;
}

std::vector<std::string> heading_anchors(const Lesson& lesson) {
  std::vector<std::string> anchors;
  bool in_block = false;
  for (const std::string& line : lesson.lines) {
    if (line.starts_with("```")) in_block = !in_block;
    if (in_block || !line.starts_with("#")) continue;
    std::string anchor;
    for (char c : trimmed(std::string_view(line).substr(line.find_first_not_of('#')))) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      if (c == ' ') c = '-';
      if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') anchor += c;
    }
    anchors.push_back(std::move(anchor));
  }
  return anchors;
}

}  // namespace suit::lesson
