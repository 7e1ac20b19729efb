#include "store/ingest.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/stream.h"
#include "store/layout.h"

namespace suit::store {
namespace {

// Whether \p path still names what \p fd has open: a sweeper may have come between open and flock.
bool still_there(const std::string& path, os::FdRef fd) {
  struct stat named{};
  struct stat opened{};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(fd.raw(), &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

Result<void> lock_exclusive(os::FdRef fd, const std::string& path) {
  while (::flock(fd.raw(), LOCK_EX) != 0)
    if (errno != EINTR) return fail(errno, fmt::format("flock(\"{}\")", path));
  return {};
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// Removes the entry unless somebody holds it. The lock is kept until it is gone: its maker may be
// between open and flock, and must then find that the name has vanished.
Result<void> remove_abandoned(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return {};
  os::Fd fd;
  // Nothing of ours is a link, a fifo or a device, so nobody can be writing to one.
  if (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) {
    auto opened = os::open_at(os::FdRef::cwd(), path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!opened && opened.error().code() == ENOENT) return {};
    if (!opened) return std::unexpected(std::move(opened).error());
    fd = *std::move(opened);
    if (::flock(fd.raw(), LOCK_EX | LOCK_NB) != 0) return {};
  }
  SUIT_LOG(Debug, "sweep {}", path);
  return os::remove_tree(path);
}

}  // namespace

Ingest::Ingest(std::string path, os::Fd fd)
    : path_(std::move(path)), fd_(std::move(fd)), owner_(::getpid()) {}

Ingest::Ingest(Ingest&& other) noexcept
    : path_(std::exchange(other.path_, {})), fd_(std::move(other.fd_)), owner_(other.owner_) {}

Ingest::~Ingest() {
  if (path_.empty() || owner_ != ::getpid()) return;
  // What cannot be removed now, the next open sweeps.
  if (auto removed = os::remove_tree(path_); !removed)
    SUIT_LOG(Warn, "{}", removed.error().message());
}

Result<Ingest> Ingest::create(const std::string& store_root, bool directory) {
  while (true) {
    std::string path = ingest_dir(store_root) + "/" + os::random_hex(12);
    if (directory && ::mkdir(path.c_str(), 0700) != 0)
      return fail(errno, fmt::format("mkdir(\"{}\")", path));
    int flags = directory ? O_RDONLY | O_DIRECTORY | O_NOFOLLOW : O_RDWR | O_CREAT | O_EXCL;
    auto fd = os::open_at(os::FdRef::cwd(), path, flags, 0600);
    if (!fd && directory && fd.error().code() == ENOENT) continue;  // swept already
    if (!fd) return std::unexpected(std::move(fd).error());
    SUIT_TRY(lock_exclusive(*fd, path));
    if (still_there(path, *fd)) return Ingest(std::move(path), *std::move(fd));
  }
}

Result<Ingest> Ingest::create_file(const std::string& store_root) {
  return create(store_root, false);
}

Result<Ingest> Ingest::create_dir(const std::string& store_root) {
  return create(store_root, true);
}

Result<void> Ingest::move_to(const std::string& target) {
  SUIT_TRY(os::rename(path_, target));
  path_.clear();
  return os::fsync_dir(folder_of(target));
}

Result<void> replace_durably(const std::string& store_root, const std::string& target,
                             std::string_view text, mode_t mode) {
  SUIT_LET(Ingest entry, Ingest::create_file(store_root));
  os::FdWriter writer(entry.fd());
  SUIT_TRY(writer.write(bytes_of(text)));
  if (::fchmod(entry.fd().raw(), mode) != 0)
    return fail(errno, fmt::format("fchmod(\"{}\", {:o})", entry.path(), mode));
  if (::fdatasync(entry.fd().raw()) != 0)
    return fail(errno, fmt::format("fdatasync(\"{}\")", entry.path()));
  return entry.move_to(target);
}

Result<void> sweep_ingest(const std::string& store_root) {
  SUIT_LET(auto names, os::list_dir(ingest_dir(store_root)));
  for (const std::string& name : names)
    if (auto removed = remove_abandoned(ingest_dir(store_root) + "/" + name); !removed)
      SUIT_LOG(Warn, "{}", removed.error().message());
  return {};
}

Result<Turn> Turn::wait(const std::string& store_root, std::string_view name) {
  std::string path = fmt::format("{}/{}", ingest_dir(store_root), name);
  while (true) {
    SUIT_LET(os::Fd fd,
             os::open_at(os::FdRef::cwd(), path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600));
    SUIT_TRY(lock_exclusive(fd, path));
    if (still_there(path, fd)) return Turn(std::move(path), std::move(fd));
  }
}

Turn::~Turn() {
  // Only the holder of the lock may unlink the name: whoever waits sees that it is gone and
  // retries.
  if (fd_.valid()) ::unlink(path_.c_str());
}

}  // namespace suit::store
