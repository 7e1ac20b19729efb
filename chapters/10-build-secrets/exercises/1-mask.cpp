/// \file
/// Exercise 1: mask a value in a stream.
///
///     1-mask VALUE < pieces
///
/// Each line of the input is one piece of a program's output. Print, for each piece and on a line
/// of its own, what can be shown as soon as that piece has come, with each VALUE replaced by `***`:
///   - Text that may be the beginning of a VALUE is held back until the next pieces tell; not one
///     character more is held back.
///   - After the last piece print, on a line of its own, what was held back.
///   - Values are found from left to right and do not overlap: with the value `aa`, `aaa` is
///   `***a`.
///
/// To think about: the value is `abcabd`, and what is held back is `abcab`. Which characters may go
/// when a `c` comes?

#include <cstdio>
#include <iostream>
#include <string>

/// Your part: all that can be shown now. \p held keeps what cannot.
/// \returns false while it is not there
static bool feed(const std::string& value, const std::string& piece, std::string& held,
                 std::string& shown) {
  std::fprintf(stderr, "not implemented: %zu bytes came, %zu are held, %zu shown, %zu looked for\n",
               piece.size(), held.size(), shown.size(), value.size());
  return false;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::string held;
  for (std::string piece; std::getline(std::cin, piece);) {
    std::string shown;
    if (!feed(argv[1], piece, held, shown)) return 99;  // 99: the grader's "not implemented"
    std::cout << shown << '\n';
  }
  std::cout << held << '\n';
  return 0;
}
