// What to write instead, where that needs no thinking. Nothing comes back where it does.

#include <algorithm>

#include <fmt/format.h>

#include "dockerfile/lint_internal.h"
#include "dockerfile/text_internal.h"

namespace suit::dockerfile {

bool is_lower(std::string_view word) { return word == text::lower(word); }
bool is_upper(std::string_view word) { return word == text::upper(word); }

std::string cased(std::string_view keyword, bool lower) {
  return lower ? text::lower(keyword) : text::upper(keyword);
}

// `AS` stands right before the name, with blanks between.
Edits fix_as(const Instruction& one, const From& from) {
  std::string_view line = text::trim_right(one.text);
  std::size_t name = from.stage_name_word.text.size();
  std::size_t end = text::trim_right(line.substr(0, line.size() - name)).size();
  std::size_t size = from.as_keyword.size();
  if (end < size || line.substr(end - size, size) != from.as_keyword) return {};
  return {replace(one.at(end - size, size), cased(from.as_keyword, is_lower(one.keyword)))};
}

// The lines between one segment and the next, as far as they are blank.
Edits fix_empty_lines(const Instruction& one, std::string_view source) {
  Edits edits;
  for (std::size_t i = 0; i + 1 < one.segments.size(); ++i) {
    std::size_t at = source.find('\n', one.segments[i].source_offset);
    const std::size_t end = one.segments[i + 1].source_offset;
    while (at != std::string_view::npos && at + 1 < end) {
      const std::size_t next = source.find('\n', at + 1);
      if (next == std::string_view::npos || next >= end) break;
      if (text::trim(source.substr(at + 1, next - at)).empty())
        edits.push_back({at + 1, next - at, ""});
      at = next;
    }
  }
  return edits;
}

Edits fix_maintainer(const Instruction& one) {
  const std::string& name = std::get<Maintainer>(one.body).name;
  if (name.find_first_of("\"\\$`") != std::string::npos || one.segments.size() != 1) return {};
  std::string label = cased("LABEL", is_lower(one.keyword));
  return {
      replace(one.span, fmt::format("{} org.opencontainers.image.authors=\"{}\"", label, name))};
}

// `ENV name some value` is `ENV name="some value"`.
Edits fix_legacy(const Instruction& one, const KeyValue& pair) {
  const std::string& value = pair.value.text;
  if (one.segments.size() != 1 || value.find_first_of("\"'\\`") != std::string::npos) return {};
  const SourceSpan& key = pair.key.span;
  const std::size_t end = key.offset + key.length;
  if (pair.value.span.offset < end) return {};
  const std::size_t length = pair.value.span.offset + pair.value.span.length - end;
  const bool quotes = value.find_first_of(" \t") != std::string::npos;
  return {{end, length, quotes ? fmt::format("=\"{}\"", value) : "=" + value}};
}

// `CMD python app.py` is `CMD ["python", "app.py"]` as long as the shell has nothing to do.
Edits fix_shell_form(const Instruction& one, const CommandLine& command) {
  const std::string& line = command.words.front();
  auto plain = [](char c) {
    return text::is_letter(c) || text::is_digit(c) || std::string_view(" _-./:=,@+%").contains(c);
  };
  if (!std::ranges::all_of(line, plain) || one.segments.size() != 1) return {};
  std::string json;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    if (end > at)
      json += fmt::format("{}\"{}\"", json.empty() ? "[" : ", ", line.substr(at, end - at));
    at = end + 1;
  }
  const std::size_t begin = text::trim_right(one.text).size() - line.size();
  // The first word may be an assignment or the shell's own command: only the shell knows it.
  if (line.substr(0, line.find(' ')).find('=') != std::string::npos) return {};
  return {replace(one.at(begin, line.size()), json + "]")};
}

}  // namespace suit::dockerfile
