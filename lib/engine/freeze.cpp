#include "engine/freeze.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <string_view>

#include <fmt/format.h>

#include "base/split.h"
#include "engine/process_internal.h"
#include "os/file.h"

namespace suit::engine {
namespace {

std::optional<pid_t> number(std::string_view text) {
  pid_t pid = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size() || pid <= 0) return std::nullopt;
  return pid;
}

// The inode names the namespace: namespaces(7).
std::optional<ino_t> pid_namespace(pid_t pid) {
  struct stat info{};
  if (::stat(fmt::format("/proc/{}/ns/pid", pid).c_str(), &info) != 0) return std::nullopt;
  return info.st_ino;
}

// Without a cgroup: all that share the first process's pid namespace. Those of namespaces made
// inside are not found this way.
Result<std::vector<pid_t>> processes_of_namespace(pid_t first) {
  auto wanted = pid_namespace(first);
  if (!wanted) return fail(ESRCH, fmt::format("stat(\"/proc/{}/ns/pid\")", first));
  SUIT_LET(std::vector<std::string> names, os::list_dir("/proc"));
  std::vector<pid_t> pids;
  for (const std::string& name : names) {
    auto pid = number(name);
    if (pid && pid_namespace(*pid) == wanted) pids.push_back(*pid);
  }
  return pids;
}

Result<std::string> cgroup_of(const State& state) {
  if (!state.cgroup_dir.empty()) return state.cgroup_dir;
  return fail(ENOTSUP, "the container has no cgroup of its own to freeze",
              "without root the host would have to delegate one; containers of root have one");
}

Result<bool> says_frozen(os::FdRef events) {
  std::array<char, 256> text{};
  ssize_t size = ::pread(events.raw(), text.data(), text.size() - 1, 0);
  if (size < 0) return fail(errno, "read cgroup.events");
  return std::string_view(text.data()).find("frozen 1") != std::string_view::npos;
}

// cgroup.events announces a change as a priority event: cgroups(7).
Result<void> set_frozen(const State& state, bool frozen) {
  SUIT_LET(std::string dir, cgroup_of(state));
  SUIT_LET(os::Fd events, os::open_at(os::FdRef::cwd(), dir + "/cgroup.events", O_RDONLY));
  SUIT_TRY(os::write_file(dir + "/cgroup.freeze", frozen ? "1" : "0"));
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (true) {
    SUIT_LET(bool now, says_frozen(events));
    if (now == frozen) return {};
    if (std::chrono::steady_clock::now() > deadline) break;
    constexpr int kWaitMs = 50;
    pollfd wait{events.raw(), POLLPRI, 0};
    ::poll(&wait, 1, kWaitMs);
  }
  if (frozen) (void)os::write_file(dir + "/cgroup.freeze", "0");  // the reason below is the one
  return fail(ETIMEDOUT, "some of its processes do not stand still",
              "one that sleeps uninterruptibly in a system call cannot be frozen");
}

}  // namespace

Result<std::vector<pid_t>> processes_of(const State& state) {
  SUIT_LET([[maybe_unused]] os::Fd pinned, open_container_process(state));
  if (state.cgroup_dir.empty()) return processes_of_namespace(state.pid);
  SUIT_LET(std::string text, os::read_file(state.cgroup_dir + "/cgroup.procs"));
  std::vector<pid_t> pids;
  for (std::string_view line : split(text, '\n'))
    if (auto pid = number(line)) pids.push_back(*pid);
  std::ranges::sort(pids);
  return pids;
}

bool is_frozen(const State& state) {
  if (state.cgroup_dir.empty()) return false;
  auto text = os::read_file(state.cgroup_dir + "/cgroup.freeze", 16);
  return text && text->starts_with('1');
}

Result<void> freeze(const State& state) { return set_frozen(state, true); }
Result<void> thaw(const State& state) { return set_frozen(state, false); }

}  // namespace suit::engine
