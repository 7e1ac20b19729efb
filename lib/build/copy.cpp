#include "build/copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>

#include <fmt/format.h>

#include "os/file.h"

namespace suit::build {

namespace {

constexpr int kMaxSymlinks = 40;  // as the kernel, path_resolution(7)

std::vector<std::string> split_reversed(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = path.rfind('/');
    const std::string_view part = slash == std::string_view::npos ? path : path.substr(slash + 1);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
    if (!part.empty() && part != ".") parts.emplace_back(part);
  }
  return parts;
}

std::string parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : std::string(path.substr(0, slash));
}

std::string name_of(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

std::string below(std::string_view directory, std::string_view name) {
  return directory == "/" ? fmt::format("/{}", name) : fmt::format("{}/{}", directory, name);
}

/// A call on a path of the image failed.
std::unexpected<Error> failed(std::string_view call, std::string_view path, int code = errno) {
  return fail(code, fmt::format("{} \"{}\" in the image", call, path));
}

/// Puts entries into one destination root.
class Placer {
 public:
  Placer(const os::Root& root, const CopyOptions& options) : root_(root), options_(options) {}

  Result<void> make_directories(std::string_view path) {
    SUIT_LET(const std::string real, resolve_in(root_, path));
    SUIT_LET(os::Fd current, root_.open_in("/", O_PATH | O_DIRECTORY));
    std::vector<std::string> parts = split_reversed(real);
    std::string walked;
    for (; !parts.empty(); parts.pop_back()) {
      const std::string& name = parts.back();
      walked = fmt::format("{}/{}", walked, name);
      if (::mkdirat(current.raw(), name.c_str(), 0755) == 0) {
        SUIT_TRY(set_attributes(current, name, walked, new_directory()));
      } else if (errno != EEXIST) {
        return failed("mkdir", walked);
      }
      Result<os::Fd> next = os::open_at(current, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      if (!next) {
        if (next.error().code() == ENOTDIR) {
          return fail(0, fmt::format("cannot copy to non-directory: {}", walked));
        }
        return std::unexpected(std::move(next).error());
      }
      current = std::move(*next);
    }
    return {};
  }

  /// Places \p entry at \p path, whose parent exists. \p nested: not the destination itself.
  Result<void> place(const os::Root& source, const FileEntry& entry, const std::string& path) {
    SUIT_LET(const os::Fd parent, root_.open_in(parent_of(path), O_PATH | O_DIRECTORY));
    const std::string name = name_of(path);
    if (entry.kind == FileKind::Directory) return place_directory(parent, name, entry, path);
    SUIT_TRY(clear(parent, name, path));
    switch (entry.kind) {
      case FileKind::Symlink:
        if (::symlinkat(entry.link.c_str(), parent.raw(), name.c_str()) < 0) {
          return failed("symlink", path);
        }
        break;
      case FileKind::Fifo:
        if (::mkfifoat(parent.raw(), name.c_str(), 0600) < 0) return failed("mkfifo", path);
        break;
      case FileKind::Device: {
        const mode_t type = entry.device_type == 'b' ? S_IFBLK : S_IFCHR;
        if (::mknodat(parent.raw(), name.c_str(), type | 0600U, entry.device) < 0) {
          return failed("mknod", path);
        }
        break;
      }
      default: {
        SUIT_LET(const bool linked, place_link(entry, parent, name, path));
        if (linked) return {};
        SUIT_TRY(place_file(source, entry, parent, name, path));
      }
    }
    return set_attributes(parent, name, path, entry);
  }

  Result<void> place_text(const dockerfile::InlineFile& file, const std::string& path) {
    SUIT_LET(const os::Fd parent, root_.open_in(parent_of(path), O_PATH | O_DIRECTORY));
    const std::string name = name_of(path);
    SUIT_TRY(clear(parent, name, path));
    SUIT_LET(const os::Fd out,
             os::open_at(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    SUIT_TRY(os::FdWriter(out).write(bytes_of(file.content)));
    FileEntry entry;
    entry.mtime.tv_nsec = UTIME_NOW;
    return set_attributes(parent, name, path, entry);
  }

  /// Directories get their times last: filling them would change them.
  Result<void> finish() {
    for (auto it = times_.rbegin(); it != times_.rend(); ++it) {
      SUIT_LET(const os::Fd fd, root_.open_in(it->first, O_RDONLY | O_DIRECTORY));
      const std::array<timespec, 2> times{timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, it->second};
      if (::futimens(fd.raw(), times.data()) < 0) return failed("utimensat", it->first);
    }
    times_.clear();
    return {};
  }

 private:
  static FileEntry new_directory() {
    FileEntry entry;
    entry.kind = FileKind::Directory;
    entry.mode = 0755;
    entry.mtime.tv_nsec = UTIME_OMIT;
    return entry;
  }

  /// Makes room for something that is not a directory.
  static Result<void> clear(const os::Fd& parent, const std::string& name,
                            const std::string& path) {
    if (::unlinkat(parent.raw(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno == EISDIR) {
      return fail(0, fmt::format("cannot replace the directory {} with a file", path),
                  "end the destination with / to copy into the directory");
    }
    return failed("unlink", path);
  }

  Result<void> place_directory(const os::Fd& parent, const std::string& name,
                               const FileEntry& entry, const std::string& path) {
    if (::mkdirat(parent.raw(), name.c_str(), 0755) < 0) {
      if (errno != EEXIST) return failed("mkdir", path);
      SUIT_LET(const struct stat status, os::stat_at(parent, name));
      if (!S_ISDIR(status.st_mode)) {
        const Result<os::Fd> followed = root_.open_in(path, O_PATH | O_DIRECTORY);
        if (followed) return {};  // a symlink to a directory: its contents are merged there
        return fail(0, fmt::format("cannot copy to non-directory: {}", path));
      }
    }
    times_.emplace_back(path, entry.mtime);
    return set_attributes(parent, name, path, entry);
  }

  /// A further name of a file that is there already.
  Result<bool> place_link(const FileEntry& entry, const os::Fd& parent, const std::string& name,
                          const std::string& path) {
    if (entry.inode == std::pair<dev_t, ino_t>{}) return false;
    const auto [first, is_first] = links_.emplace(entry.inode, path);
    if (is_first) return false;
    SUIT_LET(const os::Fd other, root_.open_in(parent_of(first->second), O_PATH | O_DIRECTORY));
    if (::linkat(other.raw(), name_of(first->second).c_str(), parent.raw(), name.c_str(), 0) < 0) {
      return failed("link", path);
    }
    return true;
  }

  static Result<void> place_file(const os::Root& source, const FileEntry& entry,
                                 const os::Fd& parent, const std::string& name,
                                 const std::string& path) {
    SUIT_LET(const os::Fd out,
             os::open_at(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    if (entry.empty_socket) return {};
    SUIT_LET(os::Fd in, source.open_in(entry.source, O_RDONLY | O_NONBLOCK));
    struct stat status{};
    if (::fstat(in.raw(), &status) < 0 || !S_ISREG(status.st_mode)) {
      return fail(
          0, fmt::format("\"{}\" changed while it was copied: it is no file now", entry.source));
    }
    std::uint64_t copied = 0;
    while (true) {  // in the kernel: no copy through our memory, and a reflink where there are any
      const ssize_t count = ::copy_file_range(in.raw(), nullptr, out.raw(), nullptr, 1U << 30, 0);
      if (count == 0) return {};
      if (count > 0) {
        copied += static_cast<std::uint64_t>(count);
        continue;
      }
      if (errno == EINTR) continue;
      if (copied == 0 &&
          (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) {
        break;
      }
      return failed("copy_file_range", path);
    }
    os::FdReader reader(std::move(in));
    os::FdWriter writer(out);
    SUIT_LET(const std::uint64_t total, copy(reader, writer));
    static_cast<void>(total);
    return {};
  }

  Result<void> set_attributes(const os::Fd& parent, const std::string& name,
                              const std::string& path, const FileEntry& entry) const {
    const Owner owner = options_.owner.value_or(Owner{.uid = entry.uid, .gid = entry.gid});
    if (::fchownat(parent.raw(), name.c_str(), owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) < 0) {
      const bool unmapped = errno == EINVAL || errno == EPERM;
      if (!(options_.squash_owners && unmapped)) return failed("chown", path);
    }
    // A parent's link in /proc: neither fchmodat nor setxattr has a form for a directory
    // descriptor.
    const std::string proc = fmt::format("/proc/self/fd/{}/{}", parent.raw(), name);
    if (entry.kind != FileKind::Symlink) {
      // After chown, which clears setuid and setgid.
      mode_t mode = entry.mode;
      if (options_.mode) mode = options_.mode->apply(mode, entry.kind == FileKind::Directory);
      if (::fchmodat(parent.raw(), name.c_str(), mode, 0) < 0) return failed("chmod", path);
      for (const auto& [key, value] : entry.xattrs) {
        if (::lsetxattr(proc.c_str(), key.c_str(), value.data(), value.size(), 0) < 0 &&
            errno != EOPNOTSUPP && errno != EPERM) {
          return failed("setxattr", path);
        }
      }
    }
    const std::array<timespec, 2> times{timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, entry.mtime};
    if (::utimensat(parent.raw(), name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) < 0) {
      return failed("utimensat", path);
    }
    return {};
  }

  const os::Root& root_;
  const CopyOptions& options_;
  std::vector<std::pair<std::string, timespec>> times_;
  std::map<std::pair<dev_t, ino_t>, std::string> links_;
};

/// The directory or file that a source of this kind goes to, its parents made.
Result<std::string> prepare(const os::Root& root, Placer& placer, const CopyOptions& options,
                            bool directory_source, std::string_view name) {
  SUIT_LET(const std::string real, resolve_in(root, options.destination));
  if (directory_source) {
    SUIT_TRY(placer.make_directories(real));
    return real;
  }
  const Result<struct stat> status = root.lstat(real);
  const bool is_directory = options.destination.ends_with('/') || options.several || real == "/" ||
                            (status && S_ISDIR(status->st_mode));
  SUIT_TRY(placer.make_directories(is_directory ? real : parent_of(real)));
  return is_directory ? below(real, name) : real;
}

Result<mode_t> parse_octal(std::string_view text) {
  mode_t mode = 0;
  for (const char c : text) {
    if (c < '0' || c > '7' || mode > 07777) {
      mode = 010000;
      break;
    }
    mode = mode * 8 + static_cast<mode_t>(c - '0');
  }
  if (text.empty() || mode > 07777) {
    return fail(0,
                fmt::format("invalid chmod parameter: '{}'. it should be octal string and between "
                            "0 and 07777",
                            text));
  }
  return mode;
}

}  // namespace

Result<std::string> resolve_in(const os::Root& root, std::string_view path) {
  std::vector<std::string> todo = split_reversed(path);
  std::vector<std::string> done;
  int links = 0;
  const auto joined = [&] {
    std::string text;
    for (const std::string& part : done)
      text += "/" + part;
    return text.empty() ? std::string("/") : text;
  };
  while (!todo.empty()) {
    const std::string part = std::move(todo.back());
    todo.pop_back();
    if (part == "..") {
      if (!done.empty()) done.pop_back();
      continue;
    }
    done.push_back(part);
    const std::string here = joined();
    const Result<struct stat> status = root.lstat(here);
    if (!status || !S_ISLNK(status->st_mode)) continue;
    if (++links > kMaxSymlinks)
      return fail(ELOOP, fmt::format("resolve \"{}\" in the image", path));
    done.pop_back();
    SUIT_LET(const os::Fd parent, root.open_in(joined(), O_PATH | O_DIRECTORY));
    SUIT_LET(const std::string target, os::read_link(parent, part));
    if (target.starts_with('/')) done.clear();
    for (std::string& next : split_reversed(target))
      todo.push_back(std::move(next));
  }
  return joined();
}

Result<void> make_directories(const os::Root& root, std::string_view path,
                              const CopyOptions& options) {
  return Placer(root, options).make_directories(path);
}

Result<void> copy_into(const os::Root& source, const std::vector<Match>& matches,
                       const os::Root& destination, const CopyOptions& options) {
  Placer placer(destination, options);
  for (const Match& match : matches) {
    const std::string name = match.is_directory ? "" : match.entries.front().target;
    SUIT_LET(const std::string path,
             prepare(destination, placer, options, match.is_directory, name));
    for (const FileEntry& entry : match.entries) {
      SUIT_TRY(placer.place(source, entry, match.is_directory ? below(path, entry.target) : path));
    }
  }
  return placer.finish();
}

Result<void> write_into(const std::vector<dockerfile::InlineFile>& files,
                        const os::Root& destination, const CopyOptions& options) {
  Placer placer(destination, options);
  for (const dockerfile::InlineFile& file : files) {
    SUIT_LET(const std::string path, prepare(destination, placer, options, false, file.name));
    SUIT_TRY(placer.place_text(file, path));
  }
  return placer.finish();
}

Result<ModeChange> ModeChange::parse(std::string_view text) {
  ModeChange change;
  if (text.empty() || (text.front() >= '0' && text.front() <= '9')) {
    SUIT_LET(change.absolute_, parse_octal(text));
    return change;
  }
  const auto invalid = [&] {
    return fail(
        0,
        fmt::format("invalid chmod parameter: '{}'. it should be octal string and between 0 "
                    "and 07777",
                    text),
        "or a symbolic change such as u=rwX,go=rX");
  };
  std::size_t i = 0;
  while (i < text.size()) {
    mode_t who = 0;
    for (; i < text.size() && std::string_view("ugoa").find(text[i]) != std::string_view::npos;
         ++i) {
      who |= text[i] == 'u' ? 04700U : text[i] == 'g' ? 02070U : text[i] == 'o' ? 01007U : 07777U;
    }
    if (who == 0) who = 07777;
    if (i >= text.size()) return invalid();
    bool any = false;
    while (i < text.size() && (text[i] == '+' || text[i] == '-' || text[i] == '=')) {
      Clause clause{.who = who, .op = text[i++], .bits = 0, .execute_if = false, .special = 0};
      for (; i < text.size() && std::string_view("rwxXst").find(text[i]) != std::string_view::npos;
           ++i) {
        switch (text[i]) {
          case 'r':
            clause.bits |= 0444;
            break;
          case 'w':
            clause.bits |= 0222;
            break;
          case 'x':
            clause.bits |= 0111;
            break;
          case 'X':
            clause.execute_if = true;
            break;
          case 's':
            clause.special |= 06000;
            break;
          default:
            clause.special |= 01000;
            break;
        }
      }
      change.clauses_.push_back(clause);
      any = true;
    }
    if (!any || (i < text.size() && text[i] != ',')) return invalid();
    if (i < text.size() && ++i == text.size()) return invalid();
  }
  return change;
}

mode_t ModeChange::apply(mode_t mode, bool is_directory) const {
  if (absolute_) return *absolute_;
  for (const Clause& clause : clauses_) {
    mode_t bits = clause.bits | clause.special;
    if (clause.execute_if && (is_directory || (mode & 0111U) != 0)) bits |= 0111U;
    bits &= clause.who;
    if (clause.op == '+') mode |= bits;
    if (clause.op == '-') mode &= ~bits;
    if (clause.op == '=') mode = (mode & ~clause.who) | bits;
  }
  return mode & 07777U;
}

}  // namespace suit::build
