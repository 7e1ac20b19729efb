/// \file
/// Files and directories, by descriptor: whole-file reads, replacement by rename, tree removal,
/// locks.
///
/// Paths here are the host's own. Paths that come from an image or a container go through `Root`.

#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "os/fd.h"

namespace suit::os {

/// Whether a replaced file must survive a power cut (fdatasync of it, fsync of its directory), or
/// only never be seen half-written.
enum class Durable { No, Yes };

/// The whole file.
/// \errors those of openat(2) and read(2); EFBIG above \p limit_bytes; the message names \p path.
Result<std::string> read_file(FdRef dir, const std::string& path, std::size_t limit_bytes);
Result<std::string> read_file(const std::string& path, std::size_t limit_bytes = 16U << 20);

/// Writes a temporary file beside \p path and renames it over: readers see the old text or the new.
/// \param mode permission bits of the new file, whatever the umask is.
Result<void> replace_file(FdRef dir, const std::string& path, std::string_view text,
                          mode_t mode = 0600, Durable durable = Durable::No);
Result<void> replace_file(const std::string& path, std::string_view text, mode_t mode = 0600,
                          Durable durable = Durable::No);

/// Writes into an existing file in one write(2), as cgroup and proc files want it.
Result<void> write_file(const std::string& path, std::string_view text);

/// Creates \p path and its missing parents; an existing directory is no error.
Result<void> make_dirs(const std::string& path, mode_t mode = 0700);

/// Removes \p name below \p dir with all that it holds. Never follows a symlink, never crosses into
/// another file system. Nothing there is no error.
Result<void> remove_tree(FdRef dir, const std::string& name);
Result<void> remove_tree(const std::string& path);

/// Names in a directory without `.` and `..`, sorted bytewise.
Result<std::vector<std::string>> list_dir(FdRef dir, const std::string& path);
Result<std::vector<std::string>> list_dir(const std::string& path);

bool exists(const std::string& path);
Result<std::string> read_link(FdRef dir, const std::string& path);
Result<struct stat> stat_at(FdRef dir,
                            const std::string& path);  ///< does not follow a final symlink
Result<void> rename(const std::string& from, const std::string& to);
Result<void> fsync_dir(const std::string& path);

/// Reads from a descriptor, which it owns.
class FdReader final : public Reader {
 public:
  explicit FdReader(Fd fd) : fd_(std::move(fd)) {}
  Result<std::size_t> read(std::span<std::byte> out) override;
  /// Seeks, in a regular file that has as many bytes left.
  Result<bool> skip(std::uint64_t size_bytes) override;
  FdRef fd() const { return fd_; }

 private:
  Fd fd_;
};

/// Writes to a descriptor that it borrows; short writes are continued, EINTR retried.
class FdWriter final : public Writer {
 public:
  explicit FdWriter(FdRef fd) : fd_(fd) {}
  Result<void> write(std::span<const std::byte> bytes) override;

 private:
  FdRef fd_;
};

enum class LockMode { Shared, Exclusive };
enum class Wait { No, Yes };

/// A flock(2) on a file, held until destruction or death: the kernel releases it.
class [[nodiscard]] Lock {
 public:
  /// Creates the file if need be.
  /// \errors EWOULDBLOCK when another process holds it and \p wait is No.
  static Result<Lock> acquire(const std::string& path, LockMode mode, Wait wait = Wait::Yes);
  FdRef fd() const { return fd_; }

 private:
  explicit Lock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

/// A directory of its own, removed with its content at the end of the scope.
class [[nodiscard]] TempDir {
 public:
  /// \param parent an existing directory; \param prefix what the name starts with.
  static Result<TempDir> create(const std::string& parent, std::string_view prefix);
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&& other) noexcept;
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();
  const std::string& path() const noexcept { return path_; }
  /// Gives the directory up: it stays.
  [[nodiscard]] std::string release() { return std::exchange(path_, {}); }

 private:
  explicit TempDir(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// \p count random bytes as lower-case hex, from getrandom(2).
std::string random_hex(std::size_t count);

}  // namespace suit::os
