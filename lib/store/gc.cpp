#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <thread>

#include <fmt/format.h>

#include "store/ingest.h"
#include "store/layout.h"
#include "store/mark.h"
#include "store/partial.h"
#include "store/store.h"

namespace suit::store {
namespace {

// Unpacking an image takes seconds; a collection can wait for that, not for a whole build.
constexpr std::chrono::milliseconds kPatience{2000};

Result<os::Lock> lock_out_everybody(const std::string& root) {
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    auto lock = os::Lock::acquire(root + "/lock", os::LockMode::Exclusive, os::Wait::No);
    if (lock || lock.error().code() != EWOULDBLOCK) return lock;
    if (std::chrono::steady_clock::now() > deadline)
      return fail(EWOULDBLOCK, fmt::format("collect garbage: the store at {} is in use", root),
                  "a build or a start is under way: try again when it has ended");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// Whether the entry came here longer than `grace` ago. A rename sets the change time, not the
// modification time, so it is the one that tells.
bool is_old(const std::string& path, std::chrono::seconds grace) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return false;
  return grace.count() == 0 || std::time(nullptr) - info.st_ctime >= grace.count();
}

Result<std::set<digest::Digest>> old_entries(const std::string& folder,
                                             std::chrono::seconds grace) {
  SUIT_LET(auto names, os::list_dir(folder));
  std::set<digest::Digest> out;
  for (const std::string& name : names)
    if (is_sha256_hex(name) && is_old(folder + "/" + name, grace))
      out.insert(digest::Digest::sha256(name));
  return out;
}

}  // namespace

Result<std::uint64_t> Store::collect_garbage(std::chrono::seconds grace) {
  SUIT_LET([[maybe_unused]] auto lock, lock_out_everybody(root_));
  SUIT_LET(Marks marked, mark(*this));
  Marks candidates;
  SUIT_LET(candidates.blobs, old_entries(blobs_dir(root_), grace));
  SUIT_LET(candidates.snapshots, old_entries(snapshots_dir(root_), grace));
  SUIT_LET(std::uint64_t freed, sweep_unmarked(*this, candidates, marked));
  SUIT_TRY(sweep_ingest(root_));
  SUIT_TRY(sweep_partial(root_, grace));
  return freed;
}

}  // namespace suit::store
