/// \file
/// Formatting works on logical lines, cut into tokens: stretches of a line's text that are copied
/// as they are. Between two tokens there is only blank space, and only that is written anew: a
/// blank, or, where the source goes on in another line, a continuation mark and an indent.

#include "dockerfile/format.h"

#include <algorithm>

#include "dockerfile/ast.h"
#include "dockerfile/parse.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/words_internal.h"

namespace suit::dockerfile {
namespace {

constexpr std::string_view kIndent = "    ";

/// A stretch of a logical line that is copied.
struct Token {
  std::size_t offset = 0;
  std::size_t length = 0;
  bool upper = false;  ///< a keyword
  bool tight = false;  ///< no blank before it
};

class Tokens {
 public:
  Tokens(const LogicalLine& line, char escape)
      : line_(line), text_(text::trim_right(line.text)), escape_(escape) {}

  std::vector<Token> run() {
    std::size_t at = word_end(0);
    add({0, at, true});
    at = flags(at);
    if (at < text_.size()) rest(text::lower(line_.keyword), at);
    return std::move(out_);
  }

 private:
  void add(Token token) { out_.push_back(token); }
  void verbatim(std::size_t at) {
    if (at < text_.size()) add({at, text_.size() - at});
  }
  void pieces(const std::vector<Piece>& pieces) {
    for (const Piece& one : pieces)
      add({one.offset, one.length});
  }
  std::size_t word_end(std::size_t at) const {
    while (at < text_.size() && !text::is_blank(text_[at]))
      ++at;
    return at;
  }
  std::size_t skip_blanks(std::size_t at) const {
    while (at < text_.size() && text::is_blank(text_[at]))
      ++at;
    return at;
  }

  std::size_t flags(std::size_t at) {
    std::size_t end = at;
    pieces(take_flags(text_, end));
    // The bare `--` that ends flags is no flag, and must stay.
    std::size_t last = out_.back().offset + out_.back().length;
    std::size_t mark = skip_blanks(last);
    if (mark < end && text_.substr(mark, end - mark) == "--") add({mark, 2});
    return skip_blanks(end);
  }

  void rest(std::string_view keyword, std::size_t at) {
    bool has_heredoc = text_.find("<<") != std::string_view::npos;
    if (line_.json && keyword != "healthcheck") {
      json(at);
    } else if (keyword == "copy" || keyword == "add" || keyword == "volume") {
      if (has_heredoc)
        verbatim(at);
      else
        pieces(split_at_blanks(text_, at));
    } else if (keyword == "from" || keyword == "expose") {
      pieces(split_at_blanks(text_, at));
      if (keyword == "from" && out_.size() >= 3)
        out_[out_.size() - 2].upper = is_as(out_[out_.size() - 2]);
    } else if (keyword == "arg") {
      pieces(split_outside_quotes(text_, at, escape_));
    } else if (keyword == "env" || keyword == "label") {
      pairs(at);
    } else if (keyword == "healthcheck") {
      health(at);
    } else {
      verbatim(at);
    }
  }

  bool is_as(const Token& token) const {
    return text::equal_ignoring_case(text_.substr(token.offset, token.length), "as");
  }

  // `NAME the rest of the line` has one value, blanks included.
  void pairs(std::size_t at) {
    std::vector<Piece> words = split_outside_quotes(text_, at, escape_);
    if (!words.empty() && words.front().text.find('=') != std::string::npos) return pieces(words);
    std::size_t end = word_end(at);
    add({at, end - at});
    verbatim(skip_blanks(end));
  }

  void health(std::size_t at) {
    std::size_t end = word_end(at);
    add({at, end - at, true});
    at = skip_blanks(end);
    if (line_.json)
      json(at);
    else
      verbatim(at);
  }

  // Strings as written; brackets and commas.
  void json(std::size_t at) {
    bool tight = false;
    while (at < text_.size()) {
      char c = text_[at];
      if (text::is_blank(c)) {
        ++at;
        continue;
      }
      std::size_t begin = at++;
      if (c == '"') at = string_end(at);
      add({begin, at - begin, false, tight || c == ',' || c == ']'});
      tight = c == '[';
    }
  }

  // Behind the closing quote of the string whose first character is at \p at.
  std::size_t string_end(std::size_t at) const {
    while (at < text_.size() && text_[at] != '"')
      at += text_[at] == '\\' ? 2U : 1U;
    return std::min(at + 1, text_.size());
  }

  const LogicalLine& line_;
  std::string_view text_;
  char escape_;
  std::vector<Token> out_;
};

class Formatter {
 public:
  explicit Formatter(std::string_view text) : lines_(parse_lines(text)) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    while (!text.empty()) {
      std::size_t end = std::min(text.find('\n'), text.size() - 1);
      source_.push_back(text.substr(0, end + 1));
      text.remove_prefix(end + 1);
    }
  }

  std::string run() {
    for (const Directive& one : lines_.directives)
      directives_.push_back(one.span.line);
    std::size_t next = 1;
    for (const LogicalLine& line : lines_.lines) {
      between(next, line.span.line, &line);
      instruction(line);
      next = std::max(line.heredocs.empty() ? 0 : line.last_line, line.segments.back().line) + 1;
    }
    between(next, source_.size() + 1, nullptr);
    return std::move(out_);
  }

 private:
  std::string_view source_line(std::size_t number) const { return source_[number - 1]; }

  // Comments, directives and empty lines from `from` to before `to`.
  void between(std::size_t from, std::size_t to, const LogicalLine* next) {
    std::vector<std::string> shown;  // an empty line is ""
    for (std::size_t number = from; number < to; ++number) {
      std::string_view line = text::trim(source_line(number));
      // What is neither is a lone continuation mark in front of an instruction.
      if (line.starts_with('#'))
        shown.push_back(comment(number, line));
      else if (!line.empty())
        continue;
      else if (shown.empty() || !shown.back().empty())
        shown.emplace_back();
    }
    // At the top an empty line counts only before a comment: without it that may be a directive.
    if (out_.empty() && shown.size() == 1 && shown.front().empty()) shown.clear();
    if (next == nullptr && !shown.empty() && shown.back().empty()) shown.pop_back();
    bool new_stage = next != nullptr && text::equal_ignoring_case(next->keyword, "from");
    if (new_stage && !out_.empty() && has_instruction_) separate(shown);
    for (const std::string& line : shown)
      out_ += line + "\n";
    has_instruction_ |= next != nullptr;
  }

  // An empty line above the comments that stand right above FROM.
  static void separate(std::vector<std::string>& shown) {
    auto at = shown.end();
    while (at != shown.begin() && !(at - 1)->empty())
      --at;
    if (at == shown.begin()) shown.insert(at, std::string());
  }

  std::string comment(std::size_t number, std::string_view line) const {
    auto found = std::ranges::find(directives_, number);
    if (found == directives_.end()) return std::string(line);
    const Directive& one = lines_.directives[static_cast<std::size_t>(found - directives_.begin())];
    return "# " + one.name + "=" + one.value;
  }

  void instruction(const LogicalLine& line) {
    line_ = &line;
    segment_ = 0;
    bool first = true;
    for (const Token& token : Tokens(line, lines_.escape).run()) {
      gap(token, first);
      copy(token);
      first = false;
    }
    out_ += '\n';
    if (line.heredocs.empty()) return;
    for (std::size_t number = line.segments.back().line + 1; number <= line.last_line; ++number)
      out_ += source_line(number);
    if (!out_.ends_with('\n')) out_ += '\n';
  }

  // Whether the source goes on in another line at \p offset of the text, or before it.
  bool breaks_by(std::size_t offset) {
    bool any = false;
    while (segment_ + 1 < line_->segments.size() &&
           line_->segments[segment_ + 1].text_offset <= offset) {
      ++segment_;
      any = true;
    }
    return any;
  }

  void gap(const Token& token, bool first) {
    std::size_t before = segment_;
    bool breaks = breaks_by(token.offset);
    if (first) return;
    if (!breaks) {
      if (!token.tight) out_ += ' ';
      return;
    }
    out_ += " ";
    out_ += lines_.escape;
    out_ += '\n';
    comments(line_->segments[before].line, line_->segments[segment_].line, kIndent);
    out_ += kIndent;
  }

  void copy(const Token& token) {
    std::string text = line_->text.substr(token.offset, token.length);
    if (token.upper) text = text::upper(text);
    std::size_t end = token.offset + token.length;
    std::size_t at = token.offset;
    while (segment_ + 1 < line_->segments.size() &&
           line_->segments[segment_ + 1].text_offset < end) {
      std::size_t next = line_->segments[segment_ + 1].text_offset;
      out_ += std::string_view(text).substr(at - token.offset, next - at);
      out_ += lines_.escape;
      out_ += '\n';
      comments(line_->segments[segment_].line, line_->segments[segment_ + 1].line, {});
      at = next;
      ++segment_;
    }
    out_ += std::string_view(text).substr(at - token.offset);
  }

  // The comments inside of an instruction, between two of its lines.
  void comments(std::size_t from, std::size_t to, std::string_view indent) {
    for (std::size_t number = from + 1; number < to; ++number) {
      std::string_view line = text::trim_right(source_line(number));
      if (text::trim_left(line).empty()) continue;
      if (!indent.empty()) line = text::trim_left(line);
      out_ += indent;
      out_ += line;
      out_ += '\n';
    }
  }

  Lines lines_;
  std::vector<std::string_view> source_;  ///< with their ends
  std::vector<std::size_t> directives_;   ///< their lines
  const LogicalLine* line_ = nullptr;
  std::size_t segment_ = 0;  ///< that was written to last
  bool has_instruction_ = false;
  std::string out_;
};

}  // namespace

FormatResult format(std::string_view name, std::string_view text) {
  FormatResult result;
  result.text = text;
  ParseResult before = parse(name, text);
  for (Diagnostic& one : before.diagnostics)
    if (one.severity == Severity::Error) result.diagnostics.push_back(std::move(one));
  if (!result.ok()) return result;
  std::string formatted = Formatter(text).run();
  ParseResult after = parse(name, formatted);
  if (!after.ok() || !same_meaning(before.file, after.file))
    result.diagnostics.push_back({Severity::Error,
                                  {},
                                  "this file cannot be formatted without changing what it means",
                                  {},
                                  "it is left as it is"});
  else
    result.text = std::move(formatted);
  return result;
}

}  // namespace suit::dockerfile
