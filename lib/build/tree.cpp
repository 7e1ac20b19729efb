#include "build/tree.h"

#include <fcntl.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "dockerfile/glob.h"
#include "hash/sha256.h"
#include "os/file.h"

namespace suit::build {

namespace {

constexpr std::size_t kMaxDepth = 1000;  // a path of 4096 bytes has no more useful levels
constexpr std::size_t kMaxEntries = 10'000'000;
constexpr std::size_t kMaxXattrBytes = 64U << 10;  // XATTR_SIZE_MAX, xattr(7)

std::string join(std::string_view directory, std::string_view name) {
  if (directory.empty()) return std::string(name);
  if (name.empty()) return std::string(directory);
  return fmt::format("{}/{}", directory, name);
}

/// The path's components as seen from the root: `..` never leaves it.
std::vector<std::string> components(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.emplace_back(part);
    }
  }
  return parts;
}

/// Reads the attributes that a copy keeps.
std::vector<std::pair<std::string, std::string>> read_xattrs(const std::string& path) {
  std::vector<std::pair<std::string, std::string>> kept;
  std::array<char, 4096> names{};
  const ssize_t length = ::llistxattr(path.c_str(), names.data(), names.size());
  if (length <= 0) return kept;
  std::string_view rest(names.data(), static_cast<std::size_t>(length));
  while (!rest.empty()) {
    const std::string name(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    if (name != "security.capability" && !name.starts_with("user.")) continue;
    std::string value(kMaxXattrBytes, '\0');
    const ssize_t size = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    if (size < 0) continue;
    value.resize(static_cast<std::size_t>(size));
    kept.emplace_back(name, std::move(value));
  }
  std::ranges::sort(kept);
  return kept;
}

/// The kernel's own name of \p fd, as seen from \p root.
std::string path_below(const os::Root& root, const os::Fd& fd) {
  const auto name_of = [](os::FdRef ref) {
    return os::read_link(os::FdRef::cwd(), fmt::format("/proc/self/fd/{}", ref.raw()));
  };
  const Result<std::string> base = name_of(root.fd());
  const Result<std::string> full = name_of(fd);
  if (!base || !full) return {};
  std::string_view below = *full;
  if (*base != "/" && below.starts_with(*base)) below.remove_prefix(base->size());
  while (below.starts_with('/'))
    below.remove_prefix(1);
  return std::string(below);
}

class Selector {
 public:
  Selector(const os::Root& root, const SelectOptions& options) : root_(root), options_(options) {}

  Result<std::vector<Match>> run(std::string_view pattern) {
    std::vector<std::string> found{""};
    for (const std::string& part : components(pattern)) {
      SUIT_LET(found, expand(found, part));
    }
    std::vector<Match> matches;
    for (const std::string& path : found) {
      SUIT_LET(std::optional<Match> match, take(path));
      if (match) matches.push_back(std::move(*match));
    }
    return matches;
  }

 private:
  Result<std::vector<std::string>> expand(const std::vector<std::string>& found,
                                          const std::string& part) const {
    std::vector<std::string> next;
    for (const std::string& directory : found) {
      if (!dockerfile::has_wildcards(part)) {
        next.push_back(join(directory, part));
        continue;
      }
      const Result<os::Fd> fd = root_.open_in(directory, O_RDONLY | O_DIRECTORY);
      if (!fd) continue;
      SUIT_LET(const std::vector<std::string> names, os::list_dir(*fd, "."));
      for (const std::string& name : names) {
        SUIT_LET(const bool matched, dockerfile::glob_match(part, name));
        if (matched) next.push_back(join(directory, name));
      }
    }
    return next;
  }

  /// What stands at \p path, a symlink followed; nullopt when it is not there or ignored.
  Result<std::optional<Match>> take(const std::string& path) {
    Result<os::Fd> fd = root_.open_in(path, O_PATH);
    if (!fd) {
      if (fd.error().code() == ENOENT || fd.error().code() == ENOTDIR) return std::nullopt;
      return std::unexpected(std::move(fd).error());
    }
    SUIT_LET(const struct stat status, root_.stat(path));
    // What is ignored is ignored by whichever of its names it is reached.
    const std::string real = options_.ignore == nullptr ? path : path_below(root_, *fd);
    const bool is_directory = S_ISDIR(status.st_mode);
    const bool ignored = hidden(options_.ignore, path) || hidden(options_.ignore, real);
    if (ignored && !(is_directory && options_.ignore->has_exclusions())) return std::nullopt;
    Match match{.path = path, .is_directory = is_directory, .entries = {}};
    if (is_directory) {
      SUIT_LET(const os::Fd directory, root_.open_in(path, O_RDONLY | O_DIRECTORY));
      Place place{.real = real, .source = path, .target = {}, .ignore = {}, .exclude = {}};
      if (options_.ignore != nullptr) place.ignore = verdicts_on(real);
      SUIT_TRY(walk(directory, place, match.entries));
      if (ignored && match.entries.empty()) return std::nullopt;
      return match;
    }
    const std::string name = path.substr(path.rfind('/') + 1);
    if (hidden(options_.exclude, name)) return std::nullopt;
    SUIT_LET(FileEntry entry, describe(status, path, name));
    if (!is_known(entry)) entry.xattrs = read_xattrs(fmt::format("/proc/self/fd/{}", fd->raw()));
    match.entries.push_back(std::move(entry));
    return match;
  }

  Result<FileEntry> describe(const struct stat& status, const std::string& source,
                             const std::string& target) const {
    FileEntry entry;
    entry.source = source;
    entry.target = target;
    entry.mode = status.st_mode & 07777;
    entry.mtime = status.st_mtim;
    if (!options_.as_root) {
      entry.uid = status.st_uid;
      entry.gid = status.st_gid;
    }
    switch (status.st_mode & S_IFMT) {
      case S_IFREG:
        entry.size_bytes = static_cast<std::uint64_t>(status.st_size);
        entry.stamp = stamp_of(status);
        if (status.st_nlink > 1) entry.inode = {status.st_dev, status.st_ino};
        break;
      case S_IFDIR:
        entry.kind = FileKind::Directory;
        break;
      case S_IFLNK:
        entry.kind = FileKind::Symlink;
        break;
      case S_IFSOCK:  // a socket is nothing without its process: BuildKit sends an empty file too
        entry.empty_socket = true;
        break;
      case S_IFIFO:
        entry.kind = FileKind::Fifo;
        break;
      default:
        entry.kind = FileKind::Device;
        entry.device = status.st_rdev;
        entry.device_type = S_ISBLK(status.st_mode) ? 'b' : 'c';
    }
    const bool special = entry.kind == FileKind::Fifo || entry.kind == FileKind::Device;
    if (special && options_.refuse_special) {
      return fail(0,
                  fmt::format("\"{}\" is a {}, which a build context cannot hold", source,
                              entry.kind == FileKind::Fifo ? "named pipe" : "device"),
                  "remove it, or name it in .dockerignore");
    }
    return entry;
  }

  /// Whether the file is as it was when it was last hashed; its hash is set then.
  bool is_known(FileEntry& entry) const {
    if (options_.index == nullptr || entry.kind != FileKind::Regular || entry.empty_socket) {
      return false;
    }
    entry.sha256 = options_.index->find(entry.source, entry.stamp);
    return !entry.sha256.empty();
  }

  /// A directory on the way down, and what the patterns said of it.
  struct Place {
    std::string real;    ///< path by which .dockerignore knows it
    std::string source;  ///< path by which it was reached
    std::string target;
    dockerfile::IgnoreMatcher::Verdicts ignore;
    dockerfile::IgnoreMatcher::Verdicts exclude;
    std::size_t depth = 0;
  };

  /// What the patterns say of a directory in the middle of the tree: as if we had walked there.
  dockerfile::IgnoreMatcher::Verdicts verdicts_on(std::string_view path) const {
    dockerfile::IgnoreMatcher::Verdicts parent;
    for (std::size_t end = path.find('/'); !path.empty(); end = path.find('/', end + 1)) {
      dockerfile::IgnoreMatcher::Verdicts here;
      static_cast<void>(options_.ignore->matches(path.substr(0, end), parent, here));
      parent = std::move(here);
      if (end == std::string_view::npos) break;
    }
    return parent;
  }

  static bool hidden(const dockerfile::IgnoreMatcher* matcher, const std::string& path) {
    return matcher != nullptr && !path.empty() && matcher->matches(path);
  }
  static bool hidden(const dockerfile::IgnoreMatcher* matcher, const std::string& path,
                     const dockerfile::IgnoreMatcher::Verdicts& parent,
                     dockerfile::IgnoreMatcher::Verdicts& verdicts) {
    return matcher != nullptr && matcher->matches(path, parent, verdicts);
  }

  Result<void> walk(const os::Fd& directory, const Place& place, std::vector<FileEntry>& out) {
    if (place.depth > kMaxDepth) {
      return fail(ELOOP, fmt::format("\"{}\" is nested too deeply", place.source));
    }
    SUIT_LET(const std::vector<std::string> names, os::list_dir(directory, "."));
    for (const std::string& name : names)
      SUIT_TRY(visit(directory, name, place, out));
    return {};
  }

  Result<void> visit(const os::Fd& directory, const std::string& name, const Place& parent,
                     std::vector<FileEntry>& out) {
    if (out.size() >= kMaxEntries) return fail(E2BIG, "more than 10 million files are selected");
    Place here{.real = join(parent.real, name),
               .source = join(parent.source, name),
               .target = join(parent.target, name),
               .ignore = {},
               .exclude = {},
               .depth = parent.depth + 1};
    const bool ignored = hidden(options_.ignore, here.real, parent.ignore, here.ignore);
    const bool excluded = hidden(options_.exclude, here.target, parent.exclude, here.exclude);
    if (ignored && !options_.ignore->has_exclusions()) return {};
    if (excluded && !options_.exclude->has_exclusions()) return {};
    SUIT_LET(const struct stat status, os::stat_at(directory, name));
    const bool left_out = ignored || excluded;
    if (left_out && !S_ISDIR(status.st_mode)) return {};
    if (ignored && !options_.ignore->may_reinclude_below(here.real)) return {};
    if (excluded && !options_.exclude->may_reinclude_below(here.target)) return {};
    SUIT_LET(FileEntry entry, describe(status, here.source, here.target));
    if (entry.kind == FileKind::Symlink) {
      SUIT_LET(entry.link, os::read_link(directory, name));
    } else if (!is_known(entry)) {
      entry.xattrs = read_xattrs(fmt::format("/proc/self/fd/{}/{}", directory.raw(), name));
    }
    const bool is_directory = entry.kind == FileKind::Directory;
    const std::size_t before = out.size();
    out.push_back(std::move(entry));
    if (!is_directory) return {};
    SUIT_LET(const os::Fd child, os::open_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    SUIT_TRY(walk(child, here, out));
    if (left_out && out.size() == before + 1) out.pop_back();  // nothing was let in again below it
    return {};
  }

  const os::Root& root_;
  const SelectOptions& options_;
};

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes)
    out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

/// Everything about an entry but its name.
std::string attributes(const FileEntry& entry) {
  std::string content;
  char kind = 'f';
  switch (entry.kind) {
    case FileKind::Regular:
      content = entry.empty_socket ? "socket" : entry.sha256;
      break;
    case FileKind::Directory:
      kind = 'd';
      content = "-";
      break;
    case FileKind::Symlink:
      kind = 'l';
      content = hash::sha256(entry.link).hex();
      break;
    case FileKind::Fifo:
      kind = 'p';
      content = "-";
      break;
    case FileKind::Device:
      kind = entry.device_type;
      content = fmt::format("{:x}", entry.device);
      break;
  }
  std::string text =
      fmt::format("{} {:o} {} {} {}", kind, entry.mode, entry.uid, entry.gid, content);
  for (const auto& [name, value] : entry.xattrs) {
    text += fmt::format(",{}={}", hex(name), hex(value));
  }
  return text;
}

std::map<std::string_view, std::string_view> lines_by_path(std::string_view text) {
  std::map<std::string_view, std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    std::size_t at = 0;
    for (int space = 0; space < 5 && at != std::string_view::npos; ++space) {
      at = line.find(' ', at == 0 ? 0 : at + 1);
    }
    if (at != std::string_view::npos) lines[line.substr(at + 1)] = line.substr(0, at);
  }
  return lines;
}

}  // namespace

Result<std::vector<Match>> select_files(const os::Root& root, std::string_view pattern,
                                        const SelectOptions& options) {
  return Selector(root, options).run(pattern);
}

std::string tree_text(const std::vector<Match>& matches) {
  std::string text;
  for (const Match& match : matches) {
    for (const FileEntry& entry : match.entries) {
      text += attributes(entry);
      text += ' ';
      text += escape(entry.target);
      text += '\n';
    }
  }
  return text;
}

TreeDiff diff_trees(std::string_view before, std::string_view after) {
  const auto old_lines = lines_by_path(before);
  const auto new_lines = lines_by_path(after);
  std::map<std::string_view, char> changes;
  for (const auto& [path, line] : new_lines) {
    const auto found = old_lines.find(path);
    if (found == old_lines.end()) {
      changes[path] = 'A';
    } else if (found->second != line) {
      changes[path] = 'M';
    }
  }
  for (const auto& [path, line] : old_lines) {
    if (!new_lines.contains(path)) changes[path] = 'D';
  }
  TreeDiff diff{.total = new_lines.size(), .changes = {}};
  for (const auto& [path, kind] : changes)
    diff.changes.push_back(fmt::format("{} {}", kind, path));
  return diff;
}

}  // namespace suit::build
