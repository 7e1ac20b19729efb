// What can be done to the cgroups of a container that is there.

#include "runtime/cgroup.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "base/split.h"
#include "os/file.h"
#include "os/process.h"

namespace suit::runtime {
namespace {

constexpr int kWaitMs = 20;
constexpr int kMaxDepth = 32;  // of groups that a container makes below its own
using Clock = std::chrono::steady_clock;

// The group in the hierarchy of version 1 that has `controller`; "" when the container is in none.
// Its file tells: the directory is called as whoever mounted it liked.
std::string dir_with(const CgroupDirs& dirs, std::string_view file) {
  for (const std::string& dir : dirs.v1)
    if (os::exists(fmt::format("{}/{}", dir, file))) return dir;
  return "";
}

std::vector<std::string> below(const std::string& dir) {
  std::vector<std::string> out;
  auto names = os::list_dir(dir);
  if (!names) return out;
  for (const std::string& name : *names) {
    auto info = os::stat_at(os::FdRef::cwd(), dir + "/" + name);
    if (info && S_ISDIR(info->st_mode)) out.push_back(dir + "/" + name);
  }
  return out;
}

Result<void> add_pids(const std::string& dir, int depth, std::vector<pid_t>& pids) {
  auto text = os::read_file(dir + "/cgroup.procs");
  // Gone meanwhile, or a threaded group, whose processes the group above lists.
  if (!text && (text.error().code() == ENOENT || text.error().code() == ENODEV ||
                text.error().code() == EOPNOTSUPP))
    return {};
  if (!text) return std::unexpected(std::move(text).error());
  for (std::string_view line : split(*text, '\n')) {
    pid_t pid = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), pid).ec == std::errc{} && pid > 0)
      pids.push_back(pid);
  }
  if (depth == kMaxDepth) return {};
  for (const std::string& child : below(dir))
    SUIT_TRY(add_pids(child, depth + 1, pids));
  return {};
}

// `frozen 1` of cgroup.events, which the kernel announces as a priority event.
bool event_says(os::FdRef events, std::string_view line) {
  std::array<char, 256> text{};
  ssize_t size = ::pread(events.raw(), text.data(), text.size() - 1, 0);
  return size <= 0 || std::string_view(text.data()).find(line) != std::string_view::npos;
}

Result<bool> wait_for_event(const std::string& dir, std::string_view line,
                            Clock::time_point deadline) {
  SUIT_LET(os::Fd events, os::open_at(os::FdRef::cwd(), dir + "/cgroup.events", O_RDONLY));
  while (!event_says(events, line)) {
    if (Clock::now() > deadline) return false;
    pollfd wait{events.raw(), POLLPRI, 0};
    ::poll(&wait, 1, kWaitMs);
  }
  return true;
}

Error stands_still_not() {
  return Error(ETIMEDOUT, "some of its processes do not stand still")
      .with_hint("one that sleeps uninterruptibly in a system call cannot be frozen");
}

Result<void> freeze_v2(const std::string& dir) {
  constexpr auto kMost = std::chrono::seconds(10);
  SUIT_TRY(os::write_file(dir + "/cgroup.freeze", "1"));
  SUIT_LET(bool done, wait_for_event(dir, "frozen 1", Clock::now() + kMost));
  if (done) return {};
  (void)os::write_file(dir + "/cgroup.freeze", "0");  // the reason below is the one
  return std::unexpected(stands_still_not());
}

// Version 1 freezes in passes: a process that forks meanwhile is FREEZING until the next look.
Result<void> freeze_v1(const std::string& dir) {
  constexpr int kAttempts = 500;
  for (int i = 0; i < kAttempts; ++i) {
    SUIT_TRY(os::write_file(dir + "/freezer.state", "FROZEN"));
    SUIT_LET(std::string state, os::read_file(dir + "/freezer.state", 64));
    if (state.starts_with("FROZEN")) return {};
    // Thawed for a moment now and then: some sleep in a way that a second pass never reaches.
    constexpr int kThawEvery = 25;
    if (i % kThawEvery == kThawEvery - 1)
      SUIT_TRY(os::write_file(dir + "/freezer.state", "THAWED"));
    ::poll(nullptr, 0, kWaitMs);
  }
  (void)os::write_file(dir + "/freezer.state", "THAWED");
  return std::unexpected(stands_still_not());
}

// Version 1 has no kill: each by descriptor, until nobody is left. Frozen ones die when they thaw.
Result<void> kill_each(const CgroupDirs& dirs) {
  constexpr int kRounds = 50;
  std::string freezer = dir_with(dirs, "freezer.state");
  for (int round = 0; round < kRounds; ++round) {
    bool is_frozen = !freezer.empty() && freeze_v1(freezer).has_value();
    auto pids = cgroup_pids(dirs);
    for (pid_t pid : pids.value_or(std::vector<pid_t>()))
      if (auto pidfd = os::pidfd_open(pid)) (void)os::pidfd_send_signal(*pidfd, SIGKILL);
    if (is_frozen) SUIT_TRY(os::write_file(freezer + "/freezer.state", "THAWED"));
    if (!pids) return std::unexpected(std::move(pids).error());
    if (pids->empty()) return {};
    ::poll(nullptr, 0, kWaitMs);
  }
  return {};
}

// Children first. Whoever was in it leaves it only once it is reaped or the kernel has its books
// in order: EBUSY for a moment.
Result<void> remove_dir(const std::string& dir, int depth, Clock::time_point deadline) {
  while (true) {
    if (::rmdir(dir.c_str()) == 0 || errno == ENOENT) return {};
    int code = errno;
    if (code == EBUSY && depth < kMaxDepth)
      for (const std::string& child : below(dir))
        SUIT_TRY(remove_dir(child, depth + 1, deadline));
    if (code != EBUSY || Clock::now() > deadline)
      return fail(code, fmt::format("rmdir(\"{}\")", dir));
    if (::rmdir(dir.c_str()) == 0 || errno == ENOENT) return {};
    ::poll(nullptr, 0, 1);
  }
}

bool all_removed(const CgroupDirs& dirs) {
  bool all = dirs.v2.empty() || ::rmdir(dirs.v2.c_str()) == 0 || errno == ENOENT;
  for (const std::string& dir : dirs.v1)
    all = (::rmdir(dir.c_str()) == 0 || errno == ENOENT) && all;
  return all;
}

}  // namespace

Result<std::vector<pid_t>> cgroup_pids(const CgroupDirs& dirs) {
  std::vector<pid_t> pids;
  if (dirs.empty()) return pids;
  SUIT_TRY(add_pids(dirs.v2.empty() ? dirs.v1.front() : dirs.v2, 0, pids));
  return pids;
}

bool is_frozen(const CgroupDirs& dirs) {
  if (!dirs.v2.empty()) {
    auto text = os::read_file(dirs.v2 + "/cgroup.freeze", 16);
    if (text && text->starts_with('1')) return true;
  }
  std::string freezer = dir_with(dirs, "freezer.state");
  if (freezer.empty()) return false;
  auto text = os::read_file(freezer + "/freezer.state", 64);
  return text && !text->starts_with("THAWED");
}

Result<void> freeze_cgroups(const CgroupDirs& dirs) {
  if (!dirs.v2.empty()) return freeze_v2(dirs.v2);
  std::string freezer = dir_with(dirs, "freezer.state");
  if (!freezer.empty()) return freeze_v1(freezer);
  return fail(ENOTSUP, "the container has no cgroup of its own to freeze",
              "without root the host would have to delegate one; containers of root have one");
}

// Whoever froze it: podman does so by hand in version 1, where we would not have.
Result<void> thaw_cgroups(const CgroupDirs& dirs) {
  std::string freezer = dir_with(dirs, "freezer.state");
  if (dirs.v2.empty() && freezer.empty())
    return fail(ENOTSUP, "the container has no cgroup of its own to thaw");
  if (!freezer.empty()) SUIT_TRY(os::write_file(freezer + "/freezer.state", "THAWED"));
  if (dirs.v2.empty()) return {};
  SUIT_TRY(os::write_file(dirs.v2 + "/cgroup.freeze", "0"));
  constexpr auto kMost = std::chrono::seconds(10);
  SUIT_LET(bool done, wait_for_event(dirs.v2, "frozen 0", Clock::now() + kMost));
  return done ? Result<void>() : fail(ETIMEDOUT, "thaw the container's cgroup");
}

Result<void> kill_cgroups(const CgroupDirs& dirs) {
  if (dirs.v2.empty()) return kill_each(dirs);
  auto killed = os::write_file(dirs.v2 + "/cgroup.kill", "1");
  if (killed || killed.error().code() == ENOENT || killed.error().code() == ENODEV) {
    // Frozen by version 1 they would never die.
    std::string freezer = dir_with(dirs, "freezer.state");
    if (!freezer.empty()) (void)os::write_file(freezer + "/freezer.state", "THAWED");
    return os::exists(dirs.v2 + "/cgroup.kill") || !os::exists(dirs.v2) ? Result<void>()
                                                                        : kill_each(dirs);
  }
  return kill_each(dirs);
}

Result<void> remove_cgroups(const CgroupDirs& dirs) {
  // The usual case first: the pid namespace's end has taken every process with it.
  if (all_removed(dirs)) return {};
  constexpr auto kMost = std::chrono::seconds(2);  // SIGKILL has been sent: a disk may be slow
  SUIT_TRY(kill_cgroups(dirs));
  Clock::time_point deadline = Clock::now() + kMost;
  if (os::exists(dirs.v2 + "/cgroup.events"))
    (void)wait_for_event(dirs.v2, "populated 0", deadline);  // rmdir(2) says it with a reason
  Result<void> out;
  auto remove = [&](const std::string& dir) {
    if (auto removed = remove_dir(dir, 0, deadline); !removed) out = std::move(removed);
  };
  if (!dirs.v2.empty()) remove(dirs.v2);
  for (const std::string& dir : dirs.v1)
    remove(dir);
  return out;
}

bool was_oom_killed(const CgroupDirs& dirs) {
  auto counts = [](const std::string& path) {
    auto text = os::read_file(path, 4096);
    if (!text) return false;
    for (std::string_view line : split(*text, '\n'))
      if (line.starts_with("oom_kill ")) return line != "oom_kill 0";
    return false;
  };
  if (!dirs.v2.empty() && counts(dirs.v2 + "/memory.events")) return true;
  return std::ranges::any_of(
      dirs.v1, [&](const std::string& dir) { return counts(dir + "/memory.oom_control"); });
}

}  // namespace suit::runtime
