#include "os/leased_dir.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"

namespace suit::os {
namespace {

constexpr std::string_view kLockSuffix = ".lock";

// Removed while still held, so that nobody can own a file that is about to go.
void end_lease(const std::string& path) {
  auto removed = remove_tree(path);
  if (!removed) SUIT_LOG(Warn, "{}", removed.error().message());
  ::unlink((path + std::string(kLockSuffix)).c_str());
}

}  // namespace

Result<std::optional<Lock>> try_own(const std::string& lock_path, Wait wait) {
  while (true) {
    auto lock = Lock::acquire(lock_path, LockMode::Exclusive, wait);
    if (!lock && lock.error().code() == EWOULDBLOCK) return std::optional<Lock>();
    if (!lock) return std::unexpected(std::move(lock).error());
    SUIT_LET(struct stat info, stat_at(lock->fd(), ""));
    // Its last owner removed the file between our open and our lock: what we hold is nothing.
    if (info.st_nlink > 0) return std::optional(*std::move(lock));
  }
}

Result<LeasedDir> LeasedDir::create(const std::string& parent) {
  std::string id = random_hex(8);
  std::string path = fmt::format("{}/{}", parent, id);
  // Waits only for a sweeper that has seen the file before it was locked.
  SUIT_LET(std::optional<Lock> lock, try_own(path + std::string(kLockSuffix), Wait::Yes));
  if (::mkdir(path.c_str(), 0700) == 0)
    return LeasedDir(std::move(id), std::move(path), *std::move(lock));
  int error = errno;
  ::unlink((path + std::string(kLockSuffix)).c_str());
  return fail(error, fmt::format("mkdir(\"{}\")", path));
}

LeasedDir::~LeasedDir() {
  if (lock_ && !path_.empty()) end_lease(path_);
}

void sweep_leases(const std::string& parent,
                  const std::function<void(const std::string& id)>& clear) {
  for (const std::string& entry : list_dir(parent).value_or(std::vector<std::string>())) {
    if (!entry.ends_with(kLockSuffix)) continue;
    auto lock = try_own(fmt::format("{}/{}", parent, entry));
    if (!lock || !*lock) continue;
    std::string id = entry.substr(0, entry.size() - kLockSuffix.size());
    clear(id);
    end_lease(fmt::format("{}/{}", parent, id));
  }
}

}  // namespace suit::os
