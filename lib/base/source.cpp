#include "base/source.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace suit {
namespace {

// A line of source is shown up to this many bytes: a minified one-liner must not fill the screen.
constexpr std::size_t kShownBytes = 160;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

// Source text is hostile: terminal control bytes must not reach the terminal.
std::string printable(std::string_view line) {
  std::string shown(line.substr(0, kShownBytes));
  for (char& c : shown) {
    auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) c = ' ';
  }
  return shown;
}

// Spaces up to `column`, keeping tabs so that the caret lines up whatever a tab's width is.
std::string padding(std::string_view line, std::size_t column) {
  std::string pad(std::min(column - 1, line.size()), ' ');
  for (std::size_t i = 0; i < pad.size(); ++i)
    if (line[i] == '\t') pad[i] = '\t';
  return pad;
}

}  // namespace

std::string location(std::string_view name, const SourceSpan& span) {
  return fmt::format("{}:{}:{}", name, span.line, span.column);
}

std::string render_excerpt(std::string_view name, std::string_view text, const SourceSpan& span) {
  std::vector<std::string_view> lines = lines_of(text);
  if (span.line == 0 || span.line > lines.size()) return {};
  std::string_view covered = text.substr(std::min(span.offset, text.size()), span.length);
  auto newlines = static_cast<std::size_t>(std::ranges::count(covered, '\n'));
  std::size_t last = std::min(lines.size(), span.line + newlines);
  std::size_t from = span.line > 2 ? span.line - 2 : 1;
  std::size_t to = std::min(lines.size(), last + 2);

  std::string out = fmt::format("{}\n--------------------\n", location(name, span));
  for (std::size_t number = from; number <= to; ++number) {
    std::string_view line = lines[number - 1];
    bool marked = number >= span.line && number <= last;
    out += fmt::format("{:4} | {} {}\n", number, marked ? ">>>" : "   ", printable(line));
    if (number == span.line && span.column > 0 && span.column <= kShownBytes) {
      std::size_t room = line.size() + 1 > span.column ? line.size() + 1 - span.column : 1;
      std::size_t carets = std::clamp<std::size_t>(std::min(span.length, room), 1, kShownBytes);
      out += fmt::format("     |     {}{}\n", padding(line, span.column), std::string(carets, '^'));
    }
  }
  return out + "--------------------\n";
}

}  // namespace suit
