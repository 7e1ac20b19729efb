// The first line is a path, the rest a .dockerignore. The walk and the question must agree, and a
// `filepath.Match` pattern must not matter more than its length.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dockerfile/glob.h"
#include "dockerfile/ignore.h"

namespace {

// What a walk from the root down says of the path.
bool walk(const suit::dockerfile::IgnoreMatcher& matcher, std::string_view path) {
  suit::dockerfile::IgnoreMatcher::Verdicts parent;
  suit::dockerfile::IgnoreMatcher::Verdicts verdicts;
  for (std::size_t slash = path.find('/');; slash = path.find('/', slash + 1)) {
    bool match = matcher.matches(path.substr(0, slash), parent, verdicts);
    if (slash == std::string_view::npos) return match;
    parent = verdicts;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using suit::dockerfile::IgnoreMatcher;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  std::string path = suit::dockerfile::clean_path(text.substr(0, end));
  (void)suit::dockerfile::glob_match(text.substr(end + 1), path);
  auto patterns = suit::dockerfile::read_ignore_file(text.substr(end + 1));
  if (!patterns) return 0;
  auto matcher = IgnoreMatcher::create(*patterns);
  if (!matcher) return 0;
  (void)matcher->matches_path_only(path);
  bool relative = path != "." && path[0] != '/';
  // One pattern: a later one may see a parent that an earlier one hid, and the walk does not ask.
  if (relative && matcher->size() == 1 && matcher->matches(path) != walk(*matcher, path))
    std::abort();
  return 0;
}
