/// \file
/// Exercise 2: the whole name.
///
///     2-canonical NAME
///
/// Print the name with all that people leave out: `python` is `docker.io/library/python:latest`.
///   - Without a registry it is docker.io's; `index.docker.io` is docker.io.
///   - On docker.io, a repository without a slash is `library/`'s.
///   - Without a tag and a digest the tag is `latest`.
/// Exit with 1, and print nothing, when
///   - a part of the repository is empty, or has anything but lower-case letters, digits, and
///   between
///     them `.`, `_`, `__` or any number of `-`;
///   - a tag has anything but letters, digits, `_`, `.` and `-`, begins with `.` or `-`, or has
///   more
///     than 128 characters.
/// Registries and digests of the questions are good.

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

/// Your part. \returns nothing when the name is wrong
static std::optional<std::string> canonical(std::string_view name, bool& implemented) {
  implemented = false;
  std::fprintf(stderr, "not implemented: %zu bytes\n", name.size());
  return std::nullopt;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  bool implemented = true;
  const std::optional<std::string> name = canonical(argv[1], implemented);
  if (!implemented) return 99;  // 99: the grader's "not implemented"
  if (!name) return 1;
  std::printf("%s\n", name->c_str());
  return 0;
}
