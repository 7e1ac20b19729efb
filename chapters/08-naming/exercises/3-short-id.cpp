/// \file
/// Exercise 3: the first digits of an id.
///
///     3-short-id TEXT ID...
///
/// Each ID is `sha256:` and 64 hex digits. Print the one that TEXT means:
///   - TEXT is its first hex digits, at least one, perhaps with `sha256:` in front;
///   - when several begin so, print `ambiguous`; when none does, or TEXT cannot be the start of an
///   id,
///     print `none`.
/// The same ID may be given twice: that is still one.
///
/// To think about: is `SHA256:3F` the start of an id? Is `sha256:`?

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

/// Your part. \returns an empty text while it is not there
static std::string find(std::string_view text, const std::vector<std::string_view>& ids) {
  std::fprintf(stderr, "not implemented: %zu bytes among %zu ids\n", text.size(), ids.size());
  return {};
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::vector<std::string_view> ids(argv + 2, argv + argc);
  const std::string found = find(argv[1], ids);
  if (found.empty()) return 99;  // 99: the grader's "not implemented"
  std::printf("%s\n", found.c_str());
  return 0;
}
