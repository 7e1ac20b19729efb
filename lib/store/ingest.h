/// \file
/// Content being written: `ingest/<random>`, a file or a folder, held by flock(2) while it is.
///
///     create ──> flock ──> fill ──> fdatasync ──> rename to its place ──> fsync of that folder
///                            │
///                            └ the process dies: the kernel drops the lock, the next open sweeps
///
/// The lock is on the entry itself, so there is no lock file that could outlive it.

#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "digest/digest.h"
#include "os/fd.h"
#include "os/file.h"

namespace suit::store {

/// An entry of ingest/ that is ours. Removed at the end of the scope, unless it was moved out.
class [[nodiscard]] Ingest {
 public:
  static Result<Ingest> create_file(const std::string& store_root);
  static Result<Ingest> create_dir(const std::string& store_root);
  Ingest(Ingest&& other) noexcept;
  Ingest& operator=(Ingest&&) = delete;
  ~Ingest();

  os::FdRef fd() const { return fd_; }
  const std::string& path() const noexcept { return path_; }
  /// Renames the entry to \p target; it is no longer ours then.
  Result<void> move_to(const std::string& target);

 private:
  Ingest(std::string path, os::Fd fd);
  static Result<Ingest> create(const std::string& store_root, bool directory);
  std::string path_;
  os::Fd fd_;
  pid_t owner_;  ///< a forked copy must not remove what its parent still fills
};

/// What becomes of a blob that is there already, with the right size.
enum class Existing { Keep, Replace };

/// Gives the file at \p path (open as \p fd, complete) its place among the blobs: durable,
/// read-only, seen whole or not at all. When the blob there is kept, the file stays where it is.
Result<void> place_blob(const std::string& store_root, os::FdRef fd, const std::string& path,
                        const digest::Digest& digest, Existing existing);

/// Puts \p text at \p target, durable and never seen half-written.
Result<void> replace_durably(const std::string& store_root, const std::string& target,
                             std::string_view text, mode_t mode);

/// Removes the entries whose flock is free. What cannot be removed is logged and left.
Result<void> sweep_ingest(const std::string& store_root);

/// Waits for the entry `ingest/<name>` and owns it: for work that one process shall do for all.
class [[nodiscard]] Turn {
 public:
  static Result<Turn> wait(const std::string& store_root, std::string_view name);
  Turn(Turn&& other) noexcept = default;
  Turn& operator=(Turn&&) = delete;
  ~Turn();

 private:
  Turn(std::string path, os::Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  os::Fd fd_;
};

}  // namespace suit::store
