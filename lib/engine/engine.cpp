#include "engine/engine.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <set>

#include <fmt/format.h>

#include "base/log.h"
#include "base/suggest.h"
#include "base/time.h"
#include "engine/connection_internal.h"
#include "engine/freeze.h"
#include "engine/process_internal.h"
#include "os/leased_dir.h"
#include "os/process.h"
#include "store/archive.h"

namespace suit::engine {
namespace {

using Names = std::vector<std::string>;

constexpr std::string_view kLockSuffix = ".lock";

std::string environment(const char* name) {
  const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  return value ? value : "";
}

bool is_id(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The kernel's parent-death signal is on its way; make sure, and do not return before the process
// is gone: whoever starts the container next must not share its upper directory with a dying one.
void end_process(const State& state) {
  auto process = open_container_process(state);
  if (!process || !os::pidfd_send_signal(*process, SIGKILL)) return;
  constexpr int kPatienceMs = 5000;  // a process in uninterruptible sleep may take its time
  pollfd waiting{process->raw(), POLLIN, 0};
  ::poll(&waiting, 1, kPatienceMs);
}

}  // namespace

Engine::Paths Engine::default_paths(const std::string& root_flag) {
  std::string chosen = root_flag.empty() ? environment("SUIT_ROOT") : root_flag;
  if (!chosen.empty()) return {chosen, chosen + "/run", ""};
  if (::geteuid() == 0) return {"/var/lib/spacesuit", "/run/spacesuit", ""};
  std::string data = environment("XDG_DATA_HOME");
  if (data.empty()) {
    std::string home = environment("HOME");
    if (home.empty()) return {};  // `open` says what is missing
    data = home + "/.local/share";
  }
  std::string run = environment("XDG_RUNTIME_DIR");
  data += "/spacesuit";
  return {data, run.empty() ? data + "/run" : run + "/spacesuit", ""};
}

Result<Engine> Engine::open(Paths paths) {
  if (paths.data.empty())
    return fail(0, "HOME is not set, so there is no place for the images",
                "set it, or choose a place with --root DIR or SUIT_ROOT");
  SUIT_LET(store::Store store, store::Store::open(paths.data));
  SUIT_TRY(os::make_dirs(paths.data + "/names"));
  SUIT_TRY(os::make_dirs(paths.data + "/containers"));
  SUIT_TRY(os::make_dirs(paths.data + "/locks"));
  SUIT_TRY(os::make_dirs(paths.data + "/work"));
  SUIT_TRY(os::make_dirs(paths.run));
  Engine engine(std::move(paths), std::move(store));
  engine.sweep();
  return engine;
}

Result<store::Image> Engine::image(std::string_view name_or_id) {
  auto found = store_.find_image(name_or_id);
  if (found || found.error().code() != ENOENT || paths_.base_archive.empty()) return found;
  auto wanted = naming::parse_reference(name_or_id);
  if (!wanted || wanted->canonical() != store::kEmbeddedBaseName) return found;
  return store::embedded_base(store_, paths_.base_archive);
}

std::string Engine::container_dir(std::string_view id) const {
  return fmt::format("{}/containers/{}", paths_.data, id);
}
std::string Engine::work_dir() const { return paths_.data + "/work"; }
std::string Engine::log_path(std::string_view id) const { return container_dir(id) + "/log.json"; }
std::string Engine::lock_path(std::string_view id) const {
  return fmt::format("{}/locks/{}{}", paths_.data, id, kLockSuffix);
}
std::string Engine::name_path(std::string_view name) const {
  return fmt::format("{}/names/{}", paths_.data, name);
}

// nullopt: somebody else holds it. The file's text names the holder, for rootless commands that
// must join its user namespace.
Result<std::optional<os::Lock>> Engine::try_lock(std::string_view id, os::Wait wait) const {
  SUIT_LET(std::optional<os::Lock> lock, os::try_own(lock_path(id), wait));
  if (lock) SUIT_TRY(write_holder(*lock));
  return lock;
}

// Removed while still held, so that nobody can lock a file that is about to go.
void Engine::unlock(std::string_view id, os::Lock /*lock*/) const {
  ::unlink(lock_path(id).c_str());
}

Result<void> Engine::wait_for_monitor(std::string_view id) const {
  os::Fd file;
  {
    auto opened = os::open_at(os::FdRef::cwd(), lock_path(id), O_RDONLY);
    if (!opened && opened.error().code() == ENOENT) return {};
    if (!opened) return std::unexpected(std::move(opened).error());
    file = *std::move(opened);
  }
  while (::flock(file.raw(), LOCK_SH) != 0)
    if (errno != EINTR) return fail(errno, fmt::format("flock(\"{}\")", lock_path(id)));
  return {};
}

// Clears away what a dead process left: every lock file whose lock is free, and every directory
// without a record, whose lock file was not on disk yet when the power went.
void Engine::sweep() const {
  std::set<std::string> ids;
  for (const std::string& entry : os::list_dir(paths_.data + "/locks").value_or(Names()))
    if (entry.ends_with(kLockSuffix))
      ids.insert(entry.substr(0, entry.size() - kLockSuffix.size()));
  for (const std::string& id : os::list_dir(paths_.data + "/containers").value_or(Names()))
    if (has_no_record(id)) ids.insert(id);
  os::sweep_leases(work_dir(), [](const std::string& id) {
    if (auto facts = runtime::probe_host()) (void)runtime::remove_cgroup(*facts, id);
  });
  for (const std::string& id : ids) {
    if (!is_id(id)) continue;
    auto lock = try_lock(id);
    if (lock && *lock) sweep_one(id, **std::move(lock));
  }
}

// Only a record that is certainly not there: one that cannot be read now, or not by this version,
// is somebody's container.
bool Engine::has_no_record(const std::string& id) const {
  auto info = os::stat_at(os::FdRef::cwd(), container_dir(id) + "/container.json");
  return !info && info.error().code() == ENOENT;
}

void Engine::sweep_one(const std::string& id, os::Lock lock) const {
  std::optional<Status> status = read_status(id);
  const std::string path = status ? cgroups_path(status->record.limits, id) : "";
  if (auto facts = runtime::probe_host()) (void)runtime::remove_cgroup(*facts, id, path);
  if (!status) {
    // Died while creating: there is no record, so there is no container.
    give_up_name(name_of(id), id);
    auto removed = os::remove_tree(container_dir(id));
    if (!removed) SUIT_LOG(Warn, "sweep {}: {}", id, removed.error().message());
    unlock(id, std::move(lock));
    return;
  }
  if (status->state.lives()) record_end(*status);
  forget_network(*this, id);
  if (status->record.auto_remove) {
    auto removed = remove_held(status->record);
    if (!removed) SUIT_LOG(Warn, "sweep {}: {}", id, removed.error().message());
    remove_anonymous_volumes(status->record);
  }
  unlock(id, std::move(lock));
}

// The end of a container whose monitor is dead: never a false 0.
void Engine::record_end(Status& status) const {
  State& state = status.state;
  bool same_boot = os::boot_id().value_or("") == state.boot_id;
  if (same_boot) end_process(state);
  state.phase = State::Phase::Exited;
  state.exit_code = same_boot ? 137 : 255;  // 128 + SIGKILL: it was killed with its monitor
  state.error = same_boot ? "its monitor was killed" : "the host restarted";
  state.finished = to_rfc3339(now_ns());
  auto written = os::replace_file(container_dir(status.record.id) + "/state.json", to_json(state));
  if (!written) SUIT_LOG(Warn, "sweep {}: {}", status.record.id, written.error().message());
  tell(status.record, "die", {{"exitCode", std::to_string(state.exit_code)}});
}

// nullopt only where there is no container. One whose record cannot be read is dead, not invisible:
// it still takes room and a name, and `rm` must reach it.
std::optional<Status> Engine::read_status(const std::string& id) const {
  if (!is_id(id) || has_no_record(id)) return std::nullopt;
  auto record = [&]() -> Result<Record> {
    SUIT_LET(std::string text, os::read_file(container_dir(id) + "/container.json"));
    return parse_record(text);
  }();
  if (!record || record->id != id) {
    std::string reason = record ? "it has another container's id" : record.error().message();
    Status dead;
    dead.record.id = id;
    dead.record.name = name_of(id);
    dead.state.phase = State::Phase::Dead;
    dead.state.error = fmt::format("containers/{}/container.json is damaged: {}", id, reason);
    return dead;
  }
  State state;
  if (auto state_text = os::read_file(container_dir(id) + "/state.json")) {
    auto parsed = parse_state(*state_text);
    if (parsed) state = *std::move(parsed);
  }
  if (state.phase == State::Phase::Running && is_frozen(state)) state.phase = State::Phase::Paused;
  NetworkState network;
  if (state.lives()) network = network_state(id);
  return Status{*std::move(record), std::move(state), std::move(network)};
}

std::string Engine::name_of(const std::string& id) const {
  for (const std::string& name : os::list_dir(paths_.data + "/names").value_or(Names())) {
    auto target = os::read_link(os::FdRef::cwd(), name_path(name));
    if (target && *target == id) return name;
  }
  return id.substr(0, 12);
}

std::vector<Status> Engine::list(Which which) const {
  std::vector<Status> found;
  auto ids = os::list_dir(paths_.data + "/containers");
  if (!ids) return found;
  for (const std::string& id : *ids) {
    auto status = read_status(id);
    if (!status) continue;
    if (which == Which::All || status->state.lives()) found.push_back(*std::move(status));
  }
  // Newest first, as Docker lists.
  std::ranges::sort(
      found, [](const Status& a, const Status& b) { return a.record.created > b.record.created; });
  return found;
}

Result<Status> Engine::find(std::string_view name_or_id) const {
  std::string_view wanted = name_or_id.starts_with('/') ? name_or_id.substr(1) : name_or_id;
  // A name leads straight to its container.
  if (check_name(wanted))
    if (auto id = os::read_link(os::FdRef::cwd(), name_path(wanted)))
      if (auto named = read_status(*id); named && named->record.name == wanted)
        return *std::move(named);
  std::vector<Status> all = list(Which::All);
  std::vector<Status> by_prefix;
  std::vector<std::string> names;
  for (Status& status : all) {
    if (status.record.name == wanted || status.record.id == wanted) return std::move(status);
    names.push_back(status.record.name);
    if (!wanted.empty() && status.record.id.starts_with(wanted)) by_prefix.push_back(status);
  }
  if (by_prefix.size() == 1) return std::move(by_prefix.front());
  if (by_prefix.size() > 1)
    return fail(0,
                fmt::format("container id prefix \"{}\" is shared by {} containers", wanted,
                            by_prefix.size()),
                "give more of its digits");
  return fail(
      ENOENT,
      fmt::format("no such container: {}{}", wanted.substr(0, 128), did_you_mean(wanted, names)),
      "`suit ps -a` lists the containers");
}

std::vector<digest::Digest> Engine::images_in_use() const {
  std::vector<digest::Digest> ids;
  for (const Status& status : list(Which::All))
    ids.push_back(status.record.image_id);
  return ids;
}

}  // namespace suit::engine
