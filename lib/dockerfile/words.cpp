#include "dockerfile/text_internal.h"
#include "dockerfile/words_internal.h"

namespace suit::dockerfile {

std::vector<Piece> split_at_blanks(std::string_view line, std::size_t begin) {
  std::vector<Piece> pieces;
  std::size_t at = begin;
  while (at < line.size()) {
    if (text::is_blank(line[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < line.size() && !text::is_blank(line[end]))
      ++end;
    pieces.push_back({std::string(line.substr(at, end - at)), at, end - at});
    at = end;
  }
  return pieces;
}

namespace {

// The end of the quoted stretch that opens at `at`, or the line's end if it does not close.
std::size_t end_of_quotes(std::string_view line, std::size_t at, char escape) {
  char quote = line[at++];
  while (at < line.size() && line[at] != quote) {
    // Nothing is escaped inside single quotes.
    bool escaped = line[at] == escape && quote != '\'';
    at += escaped ? 2 : 1;
  }
  return at < line.size() ? at + 1 : line.size();
}

}  // namespace

std::vector<Piece> split_outside_quotes(std::string_view line, std::size_t begin, char escape) {
  std::vector<Piece> pieces;
  std::size_t at = begin;
  while (at < line.size()) {
    if (text::is_blank(line[at])) {
      ++at;
      continue;
    }
    std::size_t start = at;
    std::string word;
    while (at < line.size() && !text::is_blank(line[at])) {
      std::size_t from = at;
      if (line[at] == '\'' || line[at] == '"') {
        at = end_of_quotes(line, at, escape);
      } else if (line[at] == escape) {
        // An escape that ends the line escapes nothing and is dropped.
        if (at + 1 == line.size()) {
          ++at;
          continue;
        }
        at += 2;
      } else {
        ++at;
      }
      word += line.substr(from, at - from);
    }
    pieces.push_back({std::move(word), start, at - start});
  }
  return pieces;
}

std::vector<Piece> take_flags(std::string_view line, std::size_t& begin) {
  std::vector<Piece> flags;
  std::size_t at = begin;
  while (true) {
    while (at < line.size() && text::is_blank(line[at]))
      ++at;
    begin = at;
    if (!line.substr(at).starts_with("--")) return flags;
    std::string word;
    char quote = 0;
    for (; at < line.size(); ++at) {
      char c = line[at];
      if (quote == 0 && text::is_blank(c)) break;
      if (quote == 0 && (c == '\'' || c == '"')) {
        quote = c;
      } else if (c == quote && quote != 0) {
        quote = 0;
      } else if (c == '\\') {
        if (at + 1 < line.size()) word += line[++at];
      } else {
        word += c;
      }
    }
    std::size_t start = begin;
    begin = at;
    if (word == "--") return flags;
    flags.push_back({std::move(word), start, at - start});
  }
}

}  // namespace suit::dockerfile
