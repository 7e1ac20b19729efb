#include "base/source.h"

#include <algorithm>

#include <fmt/format.h>

namespace suit {
namespace {

// A line of source is shown up to this many bytes: a minified one-liner must not fill the screen.
constexpr std::size_t kShownBytes = 160;

// At most so many lines of a long instruction are shown.
constexpr std::size_t kShownLines = 40;

// The start of the line that holds \p offset.
std::size_t line_start(std::string_view text, std::size_t offset) {
  std::size_t newline = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  return newline == std::string_view::npos ? 0 : newline + 1;
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

// Looks only at the lines around the place: a file may have thousands of findings.
std::string render_excerpt(std::string_view name, std::string_view text, const SourceSpan& span) {
  // An offset lies on line offset + 1 at the latest: a place that cannot be is none.
  if (span.line == 0 || text.empty() || span.line > span.offset + 1) return {};
  const std::size_t offset = std::min(span.offset, text.size() - 1);
  std::size_t at = line_start(text, offset);
  std::string_view covered = text.substr(offset, span.length);
  auto newlines = static_cast<std::size_t>(std::ranges::count(covered, '\n'));
  std::size_t last = span.line + newlines;
  std::size_t number = span.line;
  for (; number > 1 && number + 2 > span.line && at > 0; --number)
    at = line_start(text, at - 1);

  std::string out = fmt::format("{}\n--------------------\n", location(name, span));
  for (std::size_t shown = 0; number <= last + 2 && at < text.size(); ++number, ++shown) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (shown == kShownLines) return out + "   … |\n--------------------\n";
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
