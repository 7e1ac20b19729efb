#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace suit::os {
namespace {

struct DirCloser {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using Dir = std::unique_ptr<DIR, DirCloser>;

Result<Dir> open_dir(FdRef at, const std::string& path) {
  SUIT_LET(Fd fd, open_at(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  Dir dir(::fdopendir(fd.raw()));
  if (!dir) return fail(errno, fmt::format("fdopendir(\"{}\")", path));
  [[maybe_unused]] int owned_by_dir = fd.release();
  return dir;
}

// The next entry's name, "" at the end.
Result<std::string> next_name(DIR* dir, const std::string& path) {
  while (true) {
    errno = 0;
    const dirent* entry =
        ::readdir(dir);  // NOLINT(concurrency-mt-unsafe): the stream is ours alone
    if (!entry) {
      if (errno != 0) return fail(errno, fmt::format("readdir(\"{}\")", path));
      return std::string();
    }
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") return std::string(name);
  }
}

std::string parent_of(const std::string& path) {
  std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Removes a tree with a bounded number of descriptors, however deep a container has made it: what
// lies `kOpenLevels` below the top is moved up beside the top's own entries, and met there later.
class TreeRemover {
 public:
  Result<void> remove(FdRef dir, const std::string& name, int depth) {
    if (::unlinkat(dir.raw(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR && errno != EPERM && errno != ENOTEMPTY)
      return fail(errno, fmt::format("unlinkat(\"{}\")", name));
    SUIT_LET(Dir self, enter(dir, name));
    if (depth == kOpenLevels) return move_up(dir, name);
    if (depth == 0) top_ = ::dirfd(self.get());
    do {
      moved_up_ = moved_up_ && depth > 0;
      ::rewinddir(self.get());
      SUIT_TRY(remove_children(self.get(), name, depth));
    } while (depth == 0 && moved_up_);
    if (::unlinkat(dir.raw(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
    return fail(errno, fmt::format("unlinkat(\"{}\", AT_REMOVEDIR)", name));
  }

 private:
  static constexpr int kOpenLevels = 64;  // far below the smallest usual RLIMIT_NOFILE, 1024

  // Opens a directory so that its entries can be removed: a container may have taken its own
  // permissions away, and that must not stop its removal.
  Result<Dir> enter(FdRef at, const std::string& name) {
    auto opened = open_dir(at, name);
    if (!opened && opened.error().code() == EACCES &&
        ::fchmodat(at.raw(), name.c_str(), 0700, 0) == 0)
      opened = open_dir(at, name);
    if (!opened) return opened;
    int fd = ::dirfd(opened->get());
    struct stat self{};
    if (::fstat(fd, &self) != 0) return fail(errno, fmt::format("fstat(\"{}\")", name));
    if (device_ != 0 && self.st_dev != device_)
      return fail(EXDEV, fmt::format("\"{}\" is a mount point", name));
    device_ = self.st_dev;
    if ((self.st_mode & 0700) != 0700) [[maybe_unused]]
      int best_effort = ::fchmod(fd, 0700);
    return opened;
  }

  Result<void> remove_children(DIR* dir, const std::string& path, int depth) {
    while (true) {
      SUIT_LET(std::string name, next_name(dir, path));
      if (name.empty()) return {};
      SUIT_TRY(remove(FdRef::borrow(::dirfd(dir)), name, depth + 1));
    }
  }

  Result<void> move_up(FdRef dir, const std::string& name) {
    std::string unused = ".removing-" + random_hex(8);
    if (::renameat(dir.raw(), name.c_str(), top_, unused.c_str()) != 0)
      return fail(errno, fmt::format("renameat(\"{}\")", name));
    moved_up_ = true;
    return {};
  }

  dev_t device_ = 0;  // of the whole tree; 0 until the top is open
  int top_ = -1;
  bool moved_up_ = false;
};

}  // namespace

Result<std::string> read_file(FdRef dir, const std::string& path, std::size_t limit_bytes) {
  SUIT_LET(Fd fd, open_at(dir, path, O_RDONLY));
  FdReader reader(std::move(fd));
  auto text = read_all(reader, limit_bytes);
  if (!text) return wrap(std::move(text).error(), fmt::format("read \"{}\"", path));
  return text;
}

Result<std::string> read_file(const std::string& path, std::size_t limit_bytes) {
  return read_file(FdRef::cwd(), path, limit_bytes);
}

Result<void> replace_file(FdRef dir, const std::string& path, std::string_view text, mode_t mode,
                          Durable durable) {
  std::string temporary = fmt::format("{}.{}.tmp", path, random_hex(6));
  SUIT_LET(Fd fd, open_at(dir, temporary, O_WRONLY | O_CREAT | O_EXCL, mode));
  auto written = [&]() -> Result<void> {
    FdWriter writer(fd);
    SUIT_TRY(writer.write(bytes_of(text)));
    if (::fchmod(fd.raw(), mode) != 0) return fail(errno, "fchmod");
    if (durable == Durable::Yes && ::fdatasync(fd.raw()) != 0) return fail(errno, "fdatasync");
    SUIT_TRY(fd.close());
    if (::renameat(dir.raw(), temporary.c_str(), dir.raw(), path.c_str()) != 0)
      return fail(errno, "rename");
    return {};
  }();
  if (!written) {
    ::unlinkat(dir.raw(), temporary.c_str(), 0);
    return wrap(std::move(written).error(), fmt::format("replace \"{}\"", path));
  }
  if (durable == Durable::No) return {};
  SUIT_LET(Fd parent, open_at(dir, parent_of(path), O_RDONLY | O_DIRECTORY));
  if (::fsync(parent.raw()) != 0)
    return fail(errno, fmt::format("fsync of the directory of \"{}\"", path));
  return {};
}

Result<void> replace_file(const std::string& path, std::string_view text, mode_t mode,
                          Durable durable) {
  return replace_file(FdRef::cwd(), path, text, mode, durable);
}

Result<void> write_file(const std::string& path, std::string_view text) {
  SUIT_LET(Fd fd, open_at(FdRef::cwd(), path, O_WRONLY));
  ssize_t count = ::write(fd.raw(), text.data(), text.size());
  if (count < 0) return fail(errno, fmt::format("write(\"{}\", \"{}\")", path, text));
  if (static_cast<std::size_t>(count) != text.size())
    return fail(EIO, fmt::format("write(\"{}\") took {} of {} bytes", path, count, text.size()));
  return {};
}

Result<void> make_dirs(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) return {};
  if (errno == ENOENT && path.find('/') != std::string::npos && parent_of(path) != path) {
    SUIT_TRY(make_dirs(parent_of(path), mode));
    if (::mkdir(path.c_str(), mode) == 0) return {};
  }
  int error = errno;
  struct stat info{};
  if (error == EEXIST && ::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return {};
    error = ENOTDIR;
  }
  return fail(error, fmt::format("mkdir(\"{}\")", path));
}

Result<void> remove_tree(FdRef dir, const std::string& name) {
  auto removed = TreeRemover().remove(dir, name, 0);
  if (!removed) return wrap(std::move(removed).error(), fmt::format("remove \"{}\"", name));
  return {};
}

Result<void> remove_tree(const std::string& path) { return remove_tree(FdRef::cwd(), path); }

Result<std::vector<std::string>> list_dir(FdRef at, const std::string& path) {
  SUIT_LET(Dir dir, open_dir(at, path));
  std::vector<std::string> names;
  while (true) {
    SUIT_LET(std::string name, next_name(dir.get(), path));
    if (name.empty()) break;
    names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

Result<std::vector<std::string>> list_dir(const std::string& path) {
  return list_dir(FdRef::cwd(), path);
}

bool exists(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0;
}

Result<std::string> read_link(FdRef dir, const std::string& path) {
  std::array<char, 4096> buffer{};  // PATH_MAX: the longest target the kernel stores
  ssize_t count = ::readlinkat(dir.raw(), path.c_str(), buffer.data(), buffer.size());
  if (count < 0) return fail(errno, fmt::format("readlinkat(\"{}\")", path));
  return std::string(buffer.data(), static_cast<std::size_t>(count));
}

Result<struct stat> stat_at(FdRef dir, const std::string& path) {
  struct stat info{};
  int flags = AT_SYMLINK_NOFOLLOW | (path.empty() ? AT_EMPTY_PATH : 0);
  if (::fstatat(dir.raw(), path.c_str(), &info, flags) != 0)
    return fail(errno, fmt::format("fstatat(\"{}\")", path));
  return info;
}

Result<void> rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  return fail(errno, fmt::format("rename(\"{}\", \"{}\")", from, to));
}

Result<void> fsync_dir(const std::string& path) {
  SUIT_LET(Fd dir, open_at(FdRef::cwd(), path, O_RDONLY | O_DIRECTORY));
  if (::fsync(dir.raw()) != 0) return fail(errno, fmt::format("fsync(\"{}\")", path));
  return {};
}

Result<std::size_t> FdReader::read(std::span<std::byte> out) {
  while (true) {
    ssize_t count = ::read(fd_.raw(), out.data(), out.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return fail(errno, fmt::format("read({})", fd_.raw()));
  }
}

Result<bool> FdReader::skip(std::uint64_t size_bytes) {
  struct stat info{};
  if (::fstat(fd_.raw(), &info) != 0) return fail(errno, fmt::format("fstat({})", fd_.raw()));
  off_t here = S_ISREG(info.st_mode) ? ::lseek(fd_.raw(), 0, SEEK_CUR) : -1;
  if (here < 0 || here > info.st_size) return false;
  // Beyond the end a seek succeeds too; reading is what finds out that the file is cut off.
  if (size_bytes > static_cast<std::uint64_t>(info.st_size - here)) return false;
  return ::lseek(fd_.raw(), static_cast<off_t>(size_bytes), SEEK_CUR) >= 0;
}

Result<void> FdWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(fd_.raw(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(errno, fmt::format("write({})", fd_.raw()));
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<Lock> Lock::acquire(const std::string& path, LockMode mode, Wait wait) {
  SUIT_LET(Fd fd, open_at(FdRef::cwd(), path, O_RDWR | O_CREAT, 0600));
  int operation = (mode == LockMode::Shared ? LOCK_SH : LOCK_EX) | (wait == Wait::No ? LOCK_NB : 0);
  while (::flock(fd.raw(), operation) != 0)
    if (errno != EINTR) return fail(errno, fmt::format("flock(\"{}\")", path));
  return Lock(std::move(fd));
}

Result<TempDir> TempDir::create(const std::string& parent, std::string_view prefix) {
  std::string path = fmt::format("{}/{}XXXXXX", parent, prefix);
  if (!::mkdtemp(path.data())) return fail(errno, fmt::format("mkdtemp(\"{}\")", path));
  return TempDir(std::move(path));
}

TempDir::TempDir(TempDir&& other) noexcept : path_(other.release()) {}

TempDir& TempDir::operator=(TempDir&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

TempDir::~TempDir() {
  // Nobody is left to hear of a failure; what stays lies in a temporary folder.
  if (!path_.empty()) [[maybe_unused]]
    auto nobody_hears = remove_tree(path_);
}

std::string random_hex(std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    ssize_t got = ::getrandom(bytes.data() + have, count - have, 0);
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  std::string hex;
  for (char byte : bytes)
    hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}

}  // namespace suit::os
