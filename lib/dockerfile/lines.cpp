/// \file
/// Physical lines become logical lines, then each is taken apart by its keyword's rule.
///
/// The text of a logical line is no stretch of the file: continuations are joined and comments left
/// out. So each logical line carries segments, pairs of (place in its text, place in the file), and
/// every word can be shown where it was written.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "dockerfile/directive_internal.h"
#include "dockerfile/heredoc_internal.h"
#include "dockerfile/line.h"
#include "dockerfile/split_internal.h"
#include "dockerfile/text_internal.h"

namespace suit::dockerfile {
namespace {

// A hostile file must not become gigabytes of instructions or findings.
constexpr std::size_t kMaxLines = 100'000;
constexpr std::size_t kMaxDiagnostics = 200;

/// One line of the file, without its end.
struct PhysicalLine {
  std::string_view text;
  std::string_view raw;  ///< with its end
  std::size_t offset = 0;
  std::size_t number = 0;
};

class LineReader {
 public:
  explicit LineReader(std::string_view text) : text_(text) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  }

  bool next(PhysicalLine& line) {
    if (at_ >= text_.size()) return false;
    std::size_t newline = text_.find('\n', at_);
    std::size_t end = newline == std::string_view::npos ? text_.size() : newline + 1;
    line.raw = text_.substr(at_, end - at_);
    line.text = line.raw;
    while (!line.text.empty() && (line.text.back() == '\n' || line.text.back() == '\r'))
      line.text.remove_suffix(1);
    line.offset = at_;
    line.number = ++number_;
    at_ = end;
    return true;
  }
  std::size_t number() const { return number_; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t number_ = 0;
};

bool is_comment(std::string_view line) { return text::trim_left(line).starts_with('#'); }

SourceSpan span_of(const PhysicalLine& line) {
  std::size_t indent = line.text.size() - text::trim_left(line.text).size();
  return {line.offset + indent, line.text.size() - indent, line.number, indent + 1};
}

class LinesParser {
 public:
  explicit LinesParser(std::string_view text) : text_(text), reader_(text), directives_("#") {}

  Lines run() {
    if (text_.size() > kMaxFileBytes) {
      error({}, fmt::format("dockerfile larger than max allowed size of {}", kMaxFileBytes));
      return std::move(out_);
    }
    PhysicalLine line;
    while (!stopped_ && reader_.next(line))
      read_instruction(line);
    if (out_.lines.empty() && out_.diagnostics.empty())
      error({}, "file with no instructions", "begin with FROM and the image to build on");
    return std::move(out_);
  }

 private:
  void report(Severity severity, const SourceSpan& span, std::string message, std::string help) {
    if (stopped_) return;
    out_.diagnostics.push_back({severity, span, std::move(message), {}, std::move(help)});
    if (out_.diagnostics.size() < kMaxDiagnostics) return;
    out_.diagnostics.push_back(
        {Severity::Error, span, "too many errors: reading stopped here", {}, {}});
    stopped_ = true;
  }
  void error(const SourceSpan& span, std::string message, std::string help = {}) {
    report(Severity::Error, span, std::move(message), std::move(help));
  }

  bool fits(const PhysicalLine& line) {
    if (line.text.size() <= kMaxLineBytes) return true;
    error({line.offset, 1, line.number, 1},
          fmt::format("dockerfile line greater than max allowed size of {}", kMaxLineBytes));
    return false;
  }

  // Whether `line` is a directive, which it then applies.
  bool take_directive(const PhysicalLine& line) {
    SourceSpan span = span_of(line);
    DirectiveReader::Line read = directives_.read(text::trim_left(line.text), span);
    if (!read.directive) return false;
    if (!read.error.empty()) {
      error(span, read.error, "delete one of them");
      return true;
    }
    const std::string& value = read.directive->value;
    if (read.directive->name == "escape") {
      if (value == "\\" || value == "`")
        out_.escape = value.front();
      else
        error(span,
              fmt::format("invalid escape token '{}' does not match ` or \\", text::clip(value)));
    }
    out_.directives.push_back(*std::move(read.directive));
    return true;
  }

  // Takes the continuation mark off; false when there was none. Two escapes in a row are no mark.
  bool take_continuation(std::string_view& line) const {
    std::string_view bare = line;
    while (!bare.empty() && (bare.back() == ' ' || bare.back() == '\t'))
      bare.remove_suffix(1);
    if (bare.empty() || bare.back() != out_.escape) return false;
    bare.remove_suffix(1);
    if (!bare.empty() && bare.back() == out_.escape) return false;
    line = bare;
    return true;
  }

  void read_instruction(const PhysicalLine& first) {
    if (!fits(first)) return;
    if (is_comment(first.text)) {
      if (!take_directive(first)) take_comment(first);
      return;
    }
    directives_.read("", {});
    LogicalLine line;
    bool more = append(line, first, text::trim_left(first.text));
    if (!more && line.text.empty()) return;
    line.comments = std::exchange(comments_, {});
    PhysicalLine next;
    while (more && reader_.next(next)) {
      if (!fits(next)) return;
      if (is_comment(next.text)) continue;
      if (text::trim(next.text).empty()) {
        if (line.empty_line == 0) line.empty_line = next.number;
        continue;
      }
      more = append(line, next, next.text);
    }
    if (text::trim(line.text).empty()) return;
    line.span = line.at(0, text::trim_right(line.text).size());
    if (line.empty_line != 0)
      report(Severity::Warning, line.span,
             "Empty continuation line found in: " + text::clip(line.text),
             fmt::format("delete line {}: empty continuation lines will become errors in a future "
                         "release",
                         line.empty_line));
    finish(std::move(line));
  }

  void take_comment(const PhysicalLine& line) {
    std::string_view words = text::trim(text::trim_left(line.text).substr(1));
    // A bare `#` ends a comment's tie to the instruction below; a blank line does not.
    if (words.empty()) comments_.clear();
    if (!words.empty() && comments_.size() < kMaxLines)
      comments_.push_back({std::string(words), span_of(line)});
  }

  // Adds `text`, the end of a physical line; whether the instruction goes on behind it.
  bool append(LogicalLine& line, const PhysicalLine& from, std::string_view text) const {
    std::size_t indent = from.text.size() - text.size();
    bool more = take_continuation(text);
    line.segments.push_back({line.text.size(), from.offset + indent, from.number, indent + 1});
    line.text += text;
    return more;
  }

  void finish(LogicalLine line) {
    SplitErrors errors = split_line(line, out_.escape);
    line.broken = !errors.empty();
    for (SplitError& one : errors)
      error(one.span, std::move(one.message), std::move(one.help));
    if (can_hold_heredocs(line) && line.text.find("<<") != std::string::npos) read_heredocs(line);
    line.last_line = reader_.number();
    out_.lines.push_back(std::move(line));
    if (out_.lines.size() < kMaxLines) return;
    error(out_.lines.back().span, fmt::format("more than {} instructions", kMaxLines));
    stopped_ = true;
  }

  static bool can_hold_heredocs(const LogicalLine& line) {
    const LogicalLine& inner = line.onbuild.empty() ? line : line.onbuild.front();
    std::string keyword = text::lower(inner.keyword);
    return !inner.json && (keyword == "run" || keyword == "copy" || keyword == "add");
  }

  void read_heredocs(LogicalLine& line) {
    auto found = heredocs_of(line.text);
    if (!found) {
      line.broken = true;
      error(line.span, found.error());
      return;
    }
    for (Heredoc& heredoc : *found) {
      line.broken = !read_content(line, heredoc);
      if (line.broken) return;
      line.heredocs.push_back(std::move(heredoc));
    }
    if (!line.onbuild.empty()) line.onbuild.front().heredocs = line.heredocs;
  }

  bool read_content(const LogicalLine& line, Heredoc& heredoc) {
    std::size_t near_miss = 0;
    PhysicalLine next;
    heredoc.place = {text_.size(), 0, 0, 1};
    while (reader_.next(next)) {
      if (heredoc.place.line == 0) heredoc.place = {next.offset, 0, next.number, 1};
      std::string_view end = next.text;
      while (heredoc.chomp && end.starts_with('\t'))
        end.remove_prefix(1);
      if (end == heredoc.name) return true;
      if (near_miss == 0 && text::trim(next.text) == heredoc.name) near_miss = next.number;
      heredoc.content += next.raw;
      heredoc.place.length = heredoc.content.size();
    }
    std::size_t mark = std::min(line.text.find("<<"), line.text.size());
    std::string help =
        fmt::format("end it with a line that holds only {}", text::clip(heredoc.name));
    if (near_miss != 0)
      help = fmt::format(
          "line {} has blanks around {}: remove them, or write <<- if they are tabs "
          "in front",
          near_miss, text::clip(heredoc.name));
    error(line.at(mark, line.text.size() - mark), "unterminated heredoc", std::move(help));
    return false;
  }

  std::string_view text_;
  LineReader reader_;
  DirectiveReader directives_;
  std::vector<Word> comments_;
  Lines out_;
  bool stopped_ = false;
};

}  // namespace

SourceSpan LogicalLine::at(std::size_t offset, std::size_t length) const {
  return segments.empty() ? span : locate(segments, offset, length);
}

SourceSpan locate(const std::vector<Segment>& segments, std::size_t offset, std::size_t length) {
  auto before = [](std::size_t place, const Segment& segment) {
    return place < segment.text_offset;
  };
  auto segment_of = [&](std::size_t place) {
    auto after = std::upper_bound(segments.begin(), segments.end(), place, before);
    return after == segments.begin() ? after : after - 1;
  };
  auto first = segment_of(offset);
  std::size_t into = offset - first->text_offset;
  std::size_t start = first->source_offset + into;
  std::size_t end = start;
  if (length > 0) {
    auto last = segment_of(offset + length - 1);
    end = last->source_offset + (offset + length - 1 - last->text_offset) + 1;
  }
  return {start, end - start, first->line, first->column + into};
}

Lines parse_lines(std::string_view text) { return LinesParser(text).run(); }

}  // namespace suit::dockerfile
