/// \file
/// Layer one: the text of a Dockerfile as logical lines.
///
/// A logical line is one instruction: continued lines joined, comments dropped, the keyword, flags
/// and words told apart, here-documents attached. What the words mean is layer two (instruction.h).

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/source.h"
#include "dockerfile/diagnostic.h"

namespace suit::dockerfile {

/// Longest physical line. \unit{bytes} \source docker/dockerfile 1.26, parser
inline constexpr std::size_t kMaxLineBytes = 65535;
/// Longest file. Dockerfiles are written by hand: this bounds what a hostile one can cost.
/// \unit{bytes}
inline constexpr std::size_t kMaxFileBytes = std::size_t{16} << 20;

/// A piece of text and where it was written.
struct Word {
  std::string text;
  SourceSpan span;
};

/// `<<EOF`, and the lines up to `EOF`.
struct Heredoc {
  std::string name;
  std::string content;           ///< as written; see `heredoc_text` for what the program gets
  bool expand = true;            ///< false when any part of the name was quoted
  bool chomp = false;            ///< `<<-`: leading tabs are no part of the content
  unsigned file_descriptor = 0;  ///< the number before `<<`
  SourceSpan place = {};         ///< of the content
};

/// The content that reaches the file or program: without leading tabs when the mark was `<<-`.
std::string heredoc_text(const Heredoc& heredoc);

/// Where a stretch of a logical line's text stands in the source.
struct Segment {
  std::size_t text_offset = 0;
  std::size_t source_offset = 0;
  std::size_t line = 0;
  std::size_t column = 0;
};

/// The source of \p length bytes at \p offset of a text that \p segments describe, which are not
/// empty.
SourceSpan locate(const std::vector<Segment>& segments, std::size_t offset, std::size_t length);

/// One instruction as written.
struct LogicalLine {
  std::string text;         ///< continuations joined, comments gone, no leading blanks
  std::string keyword;      ///< as written: `RUN`, `run`
  std::vector<Word> flags;  ///< \shape `--name` or `--name=value`, quotes removed
  std::vector<Word>
      words;            ///< what the instruction's own rule makes of the rest; see `parse_lines`
  bool json = false;    ///< the exec form: `["a", "b"]`
  bool broken = false;  ///< words or here-documents could not be told apart; it is reported
  std::vector<Heredoc> heredocs;
  std::vector<Word> comments;  ///< the comment lines right above, without `#`
  SourceSpan span;             ///< keyword to the end of the last line
  std::size_t last_line = 0;   ///< counting here-documents
  std::size_t empty_line = 0;  ///< the first empty line inside of it; 0: none
  std::vector<Segment> segments;
  std::vector<LogicalLine> onbuild;  ///< for ONBUILD: the one instruction that it holds

  /// The source of `text.substr(offset, length)`.
  SourceSpan at(std::size_t offset, std::size_t length) const;
};

/// `# key = value` before the first other line.
struct Directive {
  std::string name;   ///< lower case
  std::string value;  ///< the whole rest of the line
  SourceSpan span;
};

/// A file as logical lines.
struct Lines {
  std::vector<LogicalLine> lines;
  std::vector<Directive> directives;
  char escape = '\\';  ///< what continues a line and takes away a character's meaning
  std::vector<Diagnostic> diagnostics;
};

/// Splits \p text. Words are, as in BuildKit's syntax tree: for ENV and LABEL triples of name,
/// value and `=` (or nothing in the old form); for RUN, CMD and ENTRYPOINT one word, or one an
/// element of the exec form; for HEALTHCHECK the type first; for the others what stands between
/// blanks.
Lines parse_lines(std::string_view text);

/// The directives alone: `syntax`, `escape`, `check`. A first line `#!…` is skipped.
std::vector<Directive> parse_directives(std::string_view text);

/// The value of `syntax=`, also from its other carriers: `// syntax=…` and `{"syntax": "…"}`.
/// Empty text and line 0 if there is none.
Word detect_syntax(std::string_view text);

}  // namespace suit::dockerfile
