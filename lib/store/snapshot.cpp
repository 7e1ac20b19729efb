#include "store/snapshot.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "os/process.h"
#include "store/layout.h"

namespace suit::store {
namespace {

constexpr std::size_t kBootIdLimit = 64;

// True while the snapshot at `path` was made under another boot and never noted as being on disk.
bool is_stale(const std::string& path) {
  auto boot = read_regular(path + "/boot", kBootIdLimit);
  return boot ? *boot != os::boot_id().value_or("") : boot.error().code() != ENOENT;
}

Result<void> sync_file_system(const std::string& path) {
  SUIT_LET(os::Fd fd, os::open_at(os::FdRef::cwd(), path, O_RDONLY | O_DIRECTORY));
  if (::syncfs(fd.raw()) != 0) return fail(errno, fmt::format("syncfs(\"{}\")", path));
  return {};
}

}  // namespace

struct SnapshotWriter::State {
  std::string root;
  Ingest entry;
  std::string upper;
  std::string work;
};

SnapshotWriter::SnapshotWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
SnapshotWriter::SnapshotWriter(SnapshotWriter&&) noexcept = default;
SnapshotWriter::~SnapshotWriter() = default;
const std::string& SnapshotWriter::upper() const { return state_->upper; }
const std::string& SnapshotWriter::work() const { return state_->work; }

Result<void> place_snapshot(const std::string& store_root, Ingest& entry,
                            const digest::Digest& chain_id) {
  std::string target = snapshot_path(store_root, chain_id);
  // Where it cannot be read, nothing could tell an unsynced snapshot after a power cut.
  std::string boot = os::boot_id().value_or("");
  if (boot.empty()) SUIT_TRY(sync_file_system(entry.path()));
  if (!boot.empty()) SUIT_TRY(os::replace_file(entry.path() + "/boot", boot, 0600));
  SUIT_TRY(os::remove_tree(entry.path() + "/work"));
  if (os::exists(target) && is_stale(target)) {
    // Nobody can be using it: no process is as old as another boot.
    SUIT_LET(Ingest grave, Ingest::create_dir(store_root));
    auto moved = os::rename(target, grave.path() + "/stale");
    if (!moved && moved.error().code() != ENOENT) return moved;
  }
  auto moved = entry.move_to(target);
  bool there = !moved && (moved.error().code() == ENOTEMPTY || moved.error().code() == EEXIST);
  if (!moved && !there)
    return wrap(std::move(moved).error(), fmt::format("commit snapshot {}", chain_id.text()));
  return {};
}

bool Store::has_snapshot(const digest::Digest& chain_id) const {
  std::string path = snapshot_path(root_, chain_id);
  struct stat info{};
  return chain_id.algorithm() == "sha256" && ::lstat((path + "/fs").c_str(), &info) == 0 &&
         S_ISDIR(info.st_mode) && !is_stale(path);
}

std::string Store::snapshot_dir(const digest::Digest& chain_id) const {
  return snapshot_path(root_, chain_id) + "/fs";
}

Result<SnapshotWriter> Store::begin_snapshot() {
  SUIT_LET(Ingest entry, Ingest::create_dir(root_));
  auto state = std::unique_ptr<SnapshotWriter::State>(
      new SnapshotWriter::State{.root = root_, .entry = std::move(entry), .upper = {}, .work = {}});
  state->upper = state->entry.path() + "/fs";
  state->work = state->entry.path() + "/work";
  for (const std::string& path : {state->upper, state->work})
    // 0755 whatever the umask is: the upper's mode is that of `/` in the container.
    if (::mkdir(path.c_str(), 0755) != 0 || ::chmod(path.c_str(), 0755) != 0)
      return fail(errno, fmt::format("mkdir(\"{}\")", path));
  return SnapshotWriter(std::move(state));
}

Result<void> Store::commit_snapshot(SnapshotWriter writer, const digest::Digest& chain_id) {
  if (chain_id.algorithm() != "sha256")
    return fail(0, fmt::format("snapshot {}: only sha256 is stored", chain_id.text()));
  return place_snapshot(root_, writer.state_->entry, chain_id);
}

Result<void> settle_snapshots(const Store& store, std::span<const digest::Digest> chain_ids) {
  std::vector<std::string> unsettled;
  for (const digest::Digest& chain_id : chain_ids) {
    std::string path = snapshot_path(store.root(), chain_id);
    // Another boot's id stays: that content may really be missing.
    if (os::exists(path + "/boot") && !is_stale(path)) unsettled.push_back(path + "/boot");
  }
  if (unsettled.empty()) return {};
  SUIT_TRY(sync_file_system(snapshots_dir(store.root())));
  for (const std::string& path : unsettled)
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return fail(errno, fmt::format("unlink(\"{}\")", path));
  return {};
}

}  // namespace suit::store
