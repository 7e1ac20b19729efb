#include <algorithm>

#include <fmt/format.h>

#include "dockerfile/directive_internal.h"
#include "dockerfile/line.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/words_internal.h"

namespace suit::dockerfile {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// All directives at the top of `text`, whose first line has `number`; a repeated one ends them.
std::vector<Directive> read_directives(std::string_view text, std::string_view comment,
                                       std::size_t number, std::size_t offset) {
  std::vector<Directive> found;
  DirectiveReader reader(comment);
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    SourceSpan span{offset, end, number, 1};
    DirectiveReader::Line line = reader.read(text.substr(0, end), span);
    if (!line.directive || !line.error.empty()) break;
    found.push_back(*std::move(line.directive));
    offset += std::min(end + 1, text.size());
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
  }
  return found;
}

struct Start {
  std::string_view text;
  std::size_t number = 1;
  std::size_t offset = 0;
};

// Behind the byte order mark and a line `#!…`.
Start start_of(std::string_view text) {
  Start start{text};
  if (text.starts_with(kByteOrderMark)) start = {text.substr(3), 1, 3};
  if (start.text.starts_with("#!")) {
    std::size_t end = std::min(start.text.find('\n'), start.text.size() - 1) + 1;
    start = {start.text.substr(end), 2, start.offset + end};
  }
  return start;
}

Word first_word(const Directive& directive) {
  return {directive.value.substr(0, directive.value.find(' ')), directive.span};
}

}  // namespace

DirectiveReader::Line DirectiveReader::read(std::string_view line, const SourceSpan& span) {
  if (done_) return {};
  done_ = true;  // until this line turns out to be one
  if (!line.starts_with(comment_)) return {};
  std::string_view rest = text::trim(line.substr(comment_.size()));
  std::size_t end = 0;
  while (end < rest.size() &&
         (text::is_letter(rest[end]) || (end > 0 && text::is_digit(rest[end]))))
    ++end;
  std::string_view after = text::trim_left(rest.substr(end));
  if (end == 0 || !after.starts_with('=')) return {};
  std::string_view value = text::trim_left(after.substr(1));
  Directive directive{text::lower(rest.substr(0, end)), std::string(value), span};
  if (value.empty() || std::ranges::find(kDirectives, directive.name) == kDirectives.end())
    return {};
  done_ = false;
  if (std::ranges::find(seen_, directive.name) != seen_.end())
    return {directive, fmt::format("only one {} parser directive can be used", directive.name)};
  seen_.push_back(directive.name);
  return {directive, {}};
}

std::vector<Directive> parse_directives(std::string_view text) {
  Start start = start_of(text);
  return read_directives(start.text, "#", start.number, start.offset);
}

Word detect_syntax(std::string_view text) {
  Start start = start_of(text);
  for (std::string_view comment : {"#", "//"})
    for (const Directive& one : read_directives(start.text, comment, start.number, start.offset))
      if (one.name == "syntax") return first_word(one);
  std::string value = json_string_member(start.text, "syntax");
  if (value.empty()) return {};
  return {value, {start.offset, start.text.size(), start.number, 1}};
}

}  // namespace suit::dockerfile
