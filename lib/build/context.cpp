#include "build/context.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/suggest.h"
#include "os/file.h"

namespace suit::build {

namespace {

constexpr std::size_t kMaxIgnoreBytes = 1U << 20;  // 1 MiB: written by hand

/// Line number (from 1) and text of the last line of \p text that makes \p path ignored.
std::pair<std::size_t, std::string> hiding_line(std::string_view text, std::string_view path) {
  std::pair<std::size_t, std::string> found{0, ""};
  bool hidden = false;
  std::size_t line = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    ++line;
    const Result<std::vector<std::string>> patterns =
        dockerfile::read_ignore_file(text.substr(0, end));
    if (!patterns) return found;
    const Result<dockerfile::IgnoreMatcher> matcher = dockerfile::IgnoreMatcher::create(*patterns);
    if (!matcher) return found;
    const bool now = matcher->matches(path);
    if (now && !hidden) found = {line, std::string(text.substr(begin, end - begin))};
    hidden = now;
    begin = end + 1;
  }
  return found;
}

std::string clean(std::string_view path) {
  std::string cleaned = dockerfile::clean_path(path);
  while (cleaned.starts_with('/') || cleaned.starts_with("../")) {
    cleaned.erase(0, cleaned.front() == '/' ? 1 : 3);
  }
  return cleaned;
}

}  // namespace

Result<Context> Context::open(const std::string& directory, const std::string& dockerfile) {
  Result<os::Root> root = os::Root::open(directory);
  if (!root) {
    return std::unexpected(
        std::move(root)
            .error()
            .wrap("open the build context")
            .with_hint("the last argument of a build is the directory whose files COPY takes"));
  }
  Context context(std::move(*root), directory);
  const std::string beside = dockerfile + ".dockerignore";
  if (!dockerfile.empty() && os::exists(beside)) {
    context.ignore_name_ = beside.substr(beside.rfind('/') + 1);
    SUIT_LET(context.ignore_text_, os::read_file(beside, kMaxIgnoreBytes));
  } else if (context.root_.lstat(".dockerignore")) {
    context.ignore_name_ = ".dockerignore";
    SUIT_LET(context.ignore_text_, context.root_.read(".dockerignore", kMaxIgnoreBytes));
  }
  Result<std::vector<std::string>> patterns = dockerfile::read_ignore_file(context.ignore_text_);
  if (!patterns) return wrap(std::move(patterns).error(), context.ignore_name_);
  Result<dockerfile::IgnoreMatcher> matcher = dockerfile::IgnoreMatcher::create(*patterns);
  if (!matcher) return wrap(std::move(matcher).error(), context.ignore_name_);
  context.ignore_ = std::move(*matcher);
  return context;
}

std::string Context::explain_missing(std::string_view path) const {
  const std::string cleaned = clean(path);
  if (root_.stat(cleaned) && ignore_.matches(cleaned)) {
    const auto [line, text] = hiding_line(ignore_text_, cleaned);
    return fmt::format("it is there, but line {} of {} leaves it out: {}", line, ignore_name_,
                       text);
  }
  const std::string near = nearest_path(root_, cleaned);
  if (!near.empty()) return fmt::format("did you mean \"{}\"?", near);
  return fmt::format("paths are relative to the context ({}), not to the Dockerfile", directory_);
}

std::string nearest_path(const os::Root& root, std::string_view path) {
  std::string parent;
  std::string rest = clean(path);
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string part = rest.substr(0, slash);
    rest = slash == std::string::npos ? "" : rest.substr(slash + 1);
    const std::string here = parent.empty() ? part : fmt::format("{}/{}", parent, part);
    if (root.stat(here)) {
      parent = here;
      continue;
    }
    const Result<os::Fd> directory = root.open_in(parent, O_RDONLY | O_DIRECTORY);
    if (!directory) return {};
    const Result<std::vector<std::string>> names = os::list_dir(*directory, ".");
    if (!names) return {};
    const std::string_view near = nearest(part, *names);
    if (near.empty()) return {};
    std::string found = parent.empty() ? std::string(near) : fmt::format("{}/{}", parent, near);
    return rest.empty() ? found : fmt::format("{}/{}", found, rest);
  }
  return {};
}

}  // namespace suit::build
