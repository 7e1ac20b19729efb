/// \file
/// Exercise 1: physical lines become logical ones.
///
///     1-logical-lines < Dockerfile
///
/// Print each instruction on one line: the number of the line on which it begins, a blank, its
/// text.
///   - A line whose last character, blanks aside, is a backslash goes on in the next. The backslash
///     and the blanks behind it go; nothing is put in their place, and the next line keeps its own
///     blanks in front.
///   - A line whose first character, blanks aside, is `#` is a comment. It goes, even between two
///     lines of one instruction. `#` anywhere else is text. Empty lines go, too, wherever they
///     stand.
///   - Blanks in front of the first line of an instruction go.
///   - A first line `# escape=X` means that X is the backslash of this file.
///
/// To think about: which comes first, joining lines or dropping comments?

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

/// A line of the answer.
struct LogicalLine {
  std::size_t number = 0;
  std::string text;
};

/// Your part. \returns false while it is not there
static bool join(const std::vector<std::string>& physical, std::vector<LogicalLine>& logical) {
  std::fprintf(stderr, "not implemented: %zu lines were read, %zu made\n", physical.size(),
               logical.size());
  return false;
}

int main() {
  std::vector<std::string> physical;
  for (std::string line; std::getline(std::cin, line);)
    physical.push_back(line);
  std::vector<LogicalLine> logical;
  if (!join(physical, logical)) return 99;  // 99: the grader's "not implemented"
  for (const LogicalLine& line : logical)
    std::cout << line.number << ' ' << line.text << '\n';
  return 0;
}
