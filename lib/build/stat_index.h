/// \file
/// What the files of a context were when they were last hashed, so that an unchanged file is not
/// read again: what git does with its index.
///
///     path -> device, inode, size, mtime, ctime, SHA-256      <store>/cache/context-<hash>.index
///
/// A file is unchanged when all five are what they were. The kernel sets the change time (ctime) of
/// whoever writes to a file, sets its times back or renames another over it, and nobody can choose
/// it.
///
/// One case remains, which git calls racy: a file written twice within one tick of the clock,
/// hashed in between. So a file is noted only when it was at rest for two seconds before it was
/// read.
/// \source git, Documentation/technical/racy-git.txt

#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

namespace suit::build {

/// What tells a file from a changed one, nanoseconds since 1970.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
FileStamp stamp_of(const struct stat& info);

/// Not thread-safe.
class StatIndex {
 public:
  /// The index in the file \p path; empty when there is none, or none that is whole.
  static StatIndex load(std::string path);

  /// SHA-256 in hex of the file \p source, if it is as it was; "" when it must be read. A file that
  /// is in the index has no extended attributes.
  std::string_view find(std::string_view source, const FileStamp& stamp);
  /// Notes a hash, unless the file is too young.
  /// \param stamp from before the file was read
  /// \param read_ns when the reading began, nanoseconds since 1970
  void put(std::string_view source, const FileStamp& stamp, std::string_view sha256,
           std::int64_t read_ns);
  /// Writes the index, if it changed. What was not asked for since `load` is left out.
  Result<void> save();

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    FileStamp stamp;
    std::string sha256;
    bool used = false;
  };
  std::string path_;
  std::unordered_map<std::string, Entry> entries_;
  bool changed_ = false;
};

}  // namespace suit::build
