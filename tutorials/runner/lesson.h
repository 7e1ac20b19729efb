/// \file
/// A lesson: Markdown whose blocks are promises. This file reads it; it runs and compares nothing.
///
///     ```cpp src=chapters/01-process/main.cpp#clone     equals that region
///     ```dockerfile file=Dockerfile                      is written into the scratch directory
///     ```console [lab=root] [timeout=60]                 is executed, its output compared
///     ```cpp sketch                                      pseudo-code, at most 8 lines
///     ```text                                            anything that is not code
///
/// \see tutorials/README.md

#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace suit::lesson {

/// One command of a console block and what the lesson says comes of it.
struct Command {
  std::size_t line = 0;               ///< of its prompt, from 1
  std::string text;                   ///< lines after `> ` joined by newlines
  bool as_root = false;               ///< its prompt was `# `
  std::vector<std::string> expected;  ///< templates of output lines, see match.h
  std::size_t expected_begin = 0;     ///< index of the first of them in `Lesson::lines`
  std::size_t expected_end = 0;       ///< past the last, `[exit N]` included
  int exit_code = 0;
};

/// What a block promises.
enum class BlockKind { Source, File, Console, Sketch, Text };

/// A fenced block.
struct Block {
  BlockKind kind = BlockKind::Text;
  std::size_t line = 0;   ///< of the opening fence, from 1
  std::size_t begin = 0;  ///< index of its first line in `Lesson::lines`
  std::size_t end = 0;    ///< index of its closing fence
  std::string source;     ///< Source: path from the repository's root
  std::string region;     ///< Source: region in it; empty for the whole file
  std::string file;       ///< File: path in the scratch directory
  bool needs_root = false;
  std::chrono::seconds timeout{20};  ///< for each command
  std::vector<Command> commands;     ///< Console
};

/// A lesson and its blocks, in order.
struct Lesson {
  std::string path;  ///< as given, for messages
  std::vector<std::string> lines;
  std::vector<Block> blocks;
};

/// \errors `01-process.md:40: ...` for every block that promises nothing checkable
Result<Lesson> parse_lesson(std::string path, std::string_view text);

/// The anchors of the lesson's headings, as the web makes them: `a-root-of-its-own`.
std::vector<std::string> heading_anchors(const Lesson& lesson);

}  // namespace suit::lesson
