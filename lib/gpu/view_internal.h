/// \file
/// Looking around below a root where anything may be absent: what cannot be read is empty.

#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "os/root.h"

namespace suit::gpu {

/// Bounded in all directions: a root is an image or a tree that somebody else filled.
class View {
 public:
  explicit View(const os::Root& root) : root_(&root) {}

  /// The file's text; "" when it is absent, no file, or longer than \p limit_bytes.
  std::string text(const std::string& path, std::size_t limit_bytes = 1U << 16) const;
  /// The same, cut at its last line break.
  std::string line(const std::string& path) const;
  /// Names in the directory, sorted, at most 4096.
  std::vector<std::string> names(const std::string& dir) const;
  std::optional<struct stat> info(const std::string& path) const;       ///< follows links
  std::optional<struct stat> link_info(const std::string& path) const;  ///< does not
  bool has(const std::string& path) const { return info(path).has_value(); }
  bool is_dir(const std::string& path) const;
  bool is_file(const std::string& path) const;
  /// What the symlink says; "" when it is none.
  std::string link(const std::string& path) const;
  const os::Root& root() const { return *root_; }

 private:
  const os::Root* root_;
};

/// `/a/b` → `b`.
std::string base_name(const std::string& path);
/// `/a/b` → `/a`; `/b` → ``.
std::string dir_name(const std::string& path);

}  // namespace suit::gpu
