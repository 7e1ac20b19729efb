#include "cli/source_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "dockerfile/line.h"
#include "os/file.h"

namespace suit::cli {
namespace {

constexpr std::size_t kMaxIgnoreBytes = 1U << 20;  // 1 MiB: written by hand
constexpr std::size_t kMostNames = 10'000;         // of a directory, for what rules ask of it

bool is_dockerfile(std::string_view name) {
  if (name.ends_with(".dockerignore")) return false;
  return name == "Dockerfile" || name == "Containerfile" || name.starts_with("Dockerfile.") ||
         name.ends_with(".Dockerfile") || name.ends_with(".dockerfile");
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// `<Dockerfile>.dockerignore` beside the file wins over the context's own.
Result<std::string> read_ignore_text(const SourceFile& file, const std::string& folder) {
  for (const std::string& path : {file.path + ".dockerignore", folder + "/.dockerignore"}) {
    if (file.is_stdin() && path.starts_with('-')) continue;
    Result<std::string> text = os::read_file(path, kMaxIgnoreBytes);
    if (text || text.error().code() != ENOENT) return text;
  }
  return fail(ENOENT, "no .dockerignore");
}

}  // namespace

Result<std::string> read_stdin(std::string_view what, std::size_t limit_bytes) {
  std::string text;
  std::size_t used = 0;
  while (used <= limit_bytes) {
    if (text.size() - used < 4096)
      text.resize(std::min(limit_bytes + 1, std::max<std::size_t>(65536, text.size() * 2)));
    const ssize_t count = ::read(STDIN_FILENO, text.data() + used, text.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(errno, fmt::format("read {} from stdin", what));
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
  }
  if (used > limit_bytes)
    return fail(EFBIG, fmt::format("{} on stdin is larger than {} bytes", what, limit_bytes));
  text.resize(used);
  return text;
}

Result<SourceFile> read_source(const std::string& path) {
  SourceFile file{path, path == "-" ? "<stdin>" : path, {}};
  Result<std::string> text = path == "-" ? read_stdin("the Dockerfile", dockerfile::kMaxFileBytes)
                                         : os::read_file(path, dockerfile::kMaxFileBytes);
  if (!text) return wrap(std::move(text).error(), "read the Dockerfile");
  file.text = *std::move(text);
  return file;
}

Result<std::vector<std::string>> find_sources(const std::string& path) {
  if (path == "-") return std::vector<std::string>{path};
  const std::string folder = path.ends_with('/') ? path : path + "/";
  Result<std::vector<std::string>> names = os::list_dir(path);
  if (!names && names.error().code() == ENOTDIR) return std::vector<std::string>{path};
  if (!names) return std::unexpected(std::move(names).error());
  std::vector<std::string> out;
  for (const std::string& name : *names)
    if (is_dockerfile(name)) out.push_back(path == "." ? name : folder + name);
  if (out.empty())
    return fail(0, fmt::format("no Dockerfile in {}", path),
                "name the file itself, or - for stdin");
  return out;
}

Result<void> write_source(const SourceFile& file, std::string_view text) {
  SUIT_LET(const struct stat before, os::stat_at(os::FdRef::cwd(), file.path));
  if (S_ISLNK(before.st_mode))
    return fail(0, fmt::format("{} is a symbolic link", file.path),
                "name the file that it points to");
  SUIT_TRY(os::replace_file(file.path, text, before.st_mode & 07777));
  // Only root has to do this, and may.
  if (before.st_uid != ::geteuid() &&
      ::lchown(file.path.c_str(), before.st_uid, before.st_gid) != 0)
    return fail(errno, fmt::format("lchown({}, {}, {})", file.path, before.st_uid, before.st_gid));
  return {};
}

Result<SourceContext> read_context(const SourceFile& file, const std::string& context) {
  SourceContext out;
  if (file.is_stdin() && context.empty()) return out;
  const std::string folder = context.empty() ? folder_of(file.path) : context;
  SUIT_LET(out.facts.names, os::list_dir(folder));
  if (out.facts.names.size() > kMostNames) out.facts.names.resize(kMostNames);
  out.facts.known = true;
  Result<std::string> text = read_ignore_text(file, folder);
  if (!text && text.error().code() == ENOENT) return out;
  if (!text) return wrap(std::move(text).error(), "read the .dockerignore");
  out.facts.has_ignore_file = true;
  SUIT_LET(const std::vector<std::string> patterns, dockerfile::read_ignore_file(*text));
  SUIT_LET(out.ignore, dockerfile::IgnoreMatcher::create(patterns));
  return out;
}

}  // namespace suit::cli
