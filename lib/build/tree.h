/// \file
/// Which files a COPY takes, and what is in them: the content half of its cache key.
///
///     COPY src/*.py lib /app/          source        target       line of the text
///       src/a.py  (file)          ──>  src/a.py      a.py         f 644 0 0 <sha256> a.py
///       lib       (directory)     ──>  lib/x/y.py    x/y.py       f 644 0 0 <sha256> x/y.py
///
/// A directory gives its contents, a file itself. Modification times are not part of the text: a
/// fresh checkout of the same files is the same selection.

#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "build/stat_index.h"
#include "dockerfile/ignore.h"
#include "os/root.h"

namespace suit::build {

enum class FileKind { Regular, Directory, Symlink, Fifo, Device };

/// One file system object that is to be copied.
struct FileEntry {
  std::string source;  ///< path in the source root, no leading `/`; "" is the root itself
  std::string target;  ///< path below the destination; "" is the destination itself
  FileKind kind = FileKind::Regular;
  mode_t mode = 0644;  ///< permission bits with setuid, setgid and sticky
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t size_bytes = 0;
  timespec mtime{};
  dev_t device = 0;  ///< major and minor, of a device
  char device_type = 'c';
  std::string link;           ///< of a symlink
  std::string sha256;         ///< hex, of a regular file; empty until `hash_selection`
  FileStamp stamp;            ///< of a regular file: what tells it from a changed one
  bool empty_socket = false;  ///< a socket, taken as an empty regular file
  /// Device and inode of a file with several names; entries that share it are hard links. No part
  /// of the text: an image without them has the same files.
  std::pair<dev_t, ino_t> inode{};
  std::vector<std::pair<std::string, std::string>> xattrs;  ///< `security.capability`, `user.*`
};

/// What one source of a COPY matched.
struct Match {
  std::string path;                ///< in the source root; what the entries come from
  bool is_directory = false;       ///< its contents were taken
  std::vector<FileEntry> entries;  ///< parents before children, sorted by target
};

/// How files are taken.
struct SelectOptions {
  const dockerfile::IgnoreMatcher* ignore =
      nullptr;  ///< .dockerignore, by path from the source root
  const dockerfile::IgnoreMatcher* exclude =
      nullptr;                  ///< `--exclude`, by path from the matched directory
  StatIndex* index = nullptr;   ///< hashes of files that did not change since they were taken
  bool as_root = false;         ///< owner 0:0, as files of a context get
  bool refuse_special = false;  ///< fifos and devices are errors: a context has none to give
};

/// Finds what \p pattern names in \p root. No match is no error: the list is empty.
Result<std::vector<Match>> select_files(const os::Root& root, std::string_view pattern,
                                        const SelectOptions& options);

/// Fills in the hashes of the regular files that have none yet, and notes them in \p index.
Result<void> hash_selection(const os::Root& root, std::vector<Match>& matches,
                            StatIndex* index = nullptr);

/// One line an entry, sorted: same selection, same text.
std::string tree_text(const std::vector<Match>& matches);

/// Lines of two tree texts compared: `M src/main.py`, `A src/util.py`, `D old.py`.
struct TreeDiff {
  std::size_t total = 0;             ///< entries of the new text
  std::vector<std::string> changes;  ///< sorted by path
};
TreeDiff diff_trees(std::string_view before, std::string_view after);

}  // namespace suit::build
