/// \file
/// Secrets as files that are on no disk: a tmpfs in this process's own mount table.
///
/// No other process of the host sees the mount; a container is given a bind of the one file that it
/// asked for, and keeps it when this mount has gone.
/// \see tmpfs(5), mount_namespaces(7)

#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "secrets/secret_bytes.h"

namespace suit::secrets {

/// Unmounted, and with it wiped, at the end of the scope.
class [[nodiscard]] SecretFiles {
 public:
  /// Mounts on \p dir, an existing directory. The first call moves this process into a mount
  /// namespace of its own, so it must come before any other thread is started.
  static Result<SecretFiles> create(const std::string& dir);
  SecretFiles(SecretFiles&& other) noexcept;
  SecretFiles& operator=(SecretFiles&& other) noexcept;
  SecretFiles(const SecretFiles&) = delete;
  SecretFiles& operator=(const SecretFiles&) = delete;
  ~SecretFiles();

  /// Writes a file and returns its path, good in this process only.
  /// \param mode permission bits, octal
  Result<std::string> add(const SecretBytes& secret, mode_t mode, uid_t uid, gid_t gid);

 private:
  explicit SecretFiles(std::string dir) : dir_(std::move(dir)) {}
  std::string dir_;
  int files_ = 0;
};

}  // namespace suit::secrets
