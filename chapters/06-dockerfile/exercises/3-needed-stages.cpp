/// \file
/// Exercise 3: which stages does the last one need?
///
///     3-needed-stages < Dockerfile
///
/// Print the numbers of the stages that the last stage needs, itself included, smallest first, with
/// a blank between them. A stage needs another
///   - when its FROM names it: `FROM build`;
///   - when a `COPY --from=` in it names it, or gives its number: `COPY --from=0 a b`;
///   - and when something that it needs does.
/// Stages count from 0. Only an earlier stage can be meant; any other name is an image. Upper and
/// lower case are the same in names. Each instruction stands on one line.
///
/// To think about: in which direction does one walk, and can one go in circles?

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

/// Your part. \returns an empty list while it is not there
static std::vector<std::size_t> needed_stages(const std::vector<std::string>& lines) {
  std::fprintf(stderr, "not implemented: %zu lines were read\n", lines.size());
  return {};
}

int main() {
  std::vector<std::string> lines;
  for (std::string line; std::getline(std::cin, line);)
    lines.push_back(line);
  const std::vector<std::size_t> needed = needed_stages(lines);
  if (needed.empty()) return 99;  // 99: the grader's "not implemented"
  for (std::size_t i = 0; i < needed.size(); ++i)
    std::cout << (i == 0 ? "" : " ") << needed[i];
  std::cout << '\n';
  return 0;
}
