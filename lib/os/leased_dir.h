/// \file
/// Directories and lock files that belong to one process, and are cleared away after its death.
///
///     <parent>/<id>.lock   held while the owner lives; flock(2) ends with it
///     <parent>/<id>/       what it works in

#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "os/file.h"

namespace suit::os {

/// Becomes the owner of a lock file that owners remove while they hold it: what is locked here is
/// still in its directory. nullopt: somebody else owns it, and \p wait is No.
Result<std::optional<Lock>> try_own(const std::string& lock_path, Wait wait = Wait::No);

/// A directory that its owner removes at the end of the scope, and `sweep_leases` after a crash.
class [[nodiscard]] LeasedDir {
 public:
  /// \param parent an existing directory
  static Result<LeasedDir> create(const std::string& parent);
  LeasedDir(LeasedDir&& other) noexcept = default;
  LeasedDir& operator=(LeasedDir&&) = delete;
  LeasedDir(const LeasedDir&) = delete;
  LeasedDir& operator=(const LeasedDir&) = delete;
  ~LeasedDir();

  const std::string& id() const noexcept { return id_; }  ///< 16 lower-case hex digits
  const std::string& path() const noexcept { return path_; }

 private:
  LeasedDir(std::string id, std::string path, Lock lock)
      : id_(std::move(id)), path_(std::move(path)), lock_(std::move(lock)) {}
  std::string id_;
  std::string path_;
  std::optional<Lock> lock_;
};

/// Removes what dead owners left in \p parent, each after \p clear has put its other remains away.
void sweep_leases(const std::string& parent,
                  const std::function<void(const std::string& id)>& clear);

}  // namespace suit::os
