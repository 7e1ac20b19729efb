/// \file
/// Exercise 1: the parts of a name.
///
///     1-split NAME
///
/// Print four lines: registry, repository, tag, digest; `-` for what is not there. Assume nothing,
/// and believe that NAME is good. What stands before the first slash is a registry only if it is
/// `localhost`, or has a dot, a colon or an upper-case letter.
///
/// To think about: `foo:5000` and `foo:5000/bar`. And `[2001:db8::1]:5000/bar:1`?

#include <cstdio>
#include <string>
#include <string_view>

struct Parts {
  std::string registry = "-", repository = "-", tag = "-", digest = "-";
};

/// Your part. \returns false while it is not there
static bool split(std::string_view name, Parts& parts) {
  std::fprintf(stderr, "not implemented: %zu bytes into %s\n", name.size(),
               parts.repository.c_str());
  return false;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  Parts parts;
  if (!split(argv[1], parts)) return 99;  // 99: the grader's "not implemented"
  std::printf("%s\n%s\n%s\n%s\n", parts.registry.c_str(), parts.repository.c_str(),
              parts.tag.c_str(), parts.digest.c_str());
  return 0;
}
