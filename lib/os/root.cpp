#include "os/root.h"

#include <fcntl.h>
#include <linux/openat2.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "os/file.h"
#include "os/raw.h"

namespace suit::os {
namespace {

// "" is not a path to openat2, and "/" is: the root itself.
std::string in_root(std::string_view path) { return path.empty() ? "/" : std::string(path); }

}  // namespace

Result<Root> Root::open(const std::string& host_path) {
  SUIT_LET(Fd directory, open_at(FdRef::cwd(), host_path, O_PATH | O_DIRECTORY));
  return Root(std::move(directory));
}

Result<Fd> Root::open_in(std::string_view path, int flags, mode_t mode) const {
  open_how how{};
  how.flags = static_cast<unsigned>(flags) | O_CLOEXEC;
  how.mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode : 0;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  std::string text = in_root(path);
  if (text.find('\0') != std::string::npos) return fail(EINVAL, "path holds a NUL byte");
  int fd = raw::openat2(directory_.raw(), text.c_str(), &how);
  if (fd < 0) return fail(-fd, fmt::format("openat2(\"{}\")", text));
  return Fd(fd);
}

Result<std::string> Root::read(std::string_view path, std::size_t limit_bytes) const {
  // O_NONBLOCK: opening a fifo that the image carries must not wait for a writer.
  SUIT_LET(Fd fd, open_in(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  SUIT_LET(struct stat info, stat_at(fd, ""));
  if (!S_ISREG(info.st_mode))
    return fail(EINVAL, fmt::format("\"{}\" is not a regular file", path));
  FdReader reader(std::move(fd));
  auto text = read_all(reader, limit_bytes);
  if (!text) return wrap(std::move(text).error(), fmt::format("read \"{}\"", path));
  return text;
}

Result<struct stat> Root::stat(std::string_view path) const {
  SUIT_LET(Fd fd, open_in(path, O_PATH));
  return stat_at(fd, "");
}

Result<struct stat> Root::lstat(std::string_view path) const {
  SUIT_LET(Fd fd, open_in(path, O_PATH | O_NOFOLLOW));
  return stat_at(fd, "");
}

Result<Fd> Root::make_dirs(std::string_view path, mode_t mode) const {
  auto opened = open_in(path, O_PATH | O_DIRECTORY);
  if (opened || opened.error().code() != ENOENT) return opened;
  // Lexical prefixes grow one component at a time, so every missing one is made in a parent that
  // the kernel has just resolved inside the root.
  std::size_t end = 0;
  Fd current;
  while (end < path.size()) {
    std::size_t start = path.find_first_not_of('/', end);
    if (start == std::string_view::npos) break;
    end = std::min(path.find('/', start), path.size());
    std::string prefix(path.substr(0, end));
    std::string name(path.substr(start, end - start));
    auto next = open_in(prefix, O_PATH | O_DIRECTORY);
    if (!next && next.error().code() == ENOENT) {
      SUIT_LET(Fd parent, open_in(path.substr(0, start), O_PATH | O_DIRECTORY));
      if (::mkdirat(parent.raw(), name.c_str(), mode) != 0 && errno != EEXIST)
        return fail(errno, fmt::format("mkdirat(\"{}\")", prefix));
      next = open_in(prefix, O_PATH | O_DIRECTORY);
    }
    if (!next) return next;
    current = *std::move(next);
  }
  return current;
}

}  // namespace suit::os
