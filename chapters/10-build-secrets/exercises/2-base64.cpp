/// \file
/// Exercise 2: find a value in base64 text.
///
///     2-base64 VALUE < text
///
/// The text is the base64 of some bytes (RFC 4648, with padding). Print `yes` when VALUE is among
/// these bytes, else `no`, but do not decode the text: in real life it stands in the middle of
/// something else. Encode VALUE instead, and look for that.
///   - Base64 turns 3 bytes into 4 characters, so VALUE looks different behind 0, 1 or 2 bytes.
///   - The first and the last characters also depend on what stands beside VALUE: leave them out.
///     VALUE has at least 8 bytes, so enough remains.
///
/// To think about: how many characters does VALUE alone decide, at each of the three alignments?

#include <cstdio>
#include <iostream>
#include <string>

/// Your part. \returns false while it is not there
static bool find(const std::string& value, const std::string& text, bool& found) {
  std::fprintf(stderr, "not implemented: %zu bytes, looked for in %zu: %d\n", value.size(),
               text.size(), static_cast<int>(found));
  return false;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::string text;
  std::getline(std::cin, text);
  bool found = false;
  if (!find(argv[1], text, found)) return 99;  // 99: the grader's "not implemented"
  std::cout << (found ? "yes" : "no") << '\n';
  return 0;
}
