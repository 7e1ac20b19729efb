#include "engine/freeze.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "engine/process_internal.h"
#include "os/file.h"
#include "runtime/cgroup.h"

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

}  // namespace

Result<std::vector<pid_t>> processes_of(const State& state) {
  SUIT_LET([[maybe_unused]] os::Fd pinned, open_container_process(state));
  if (state.cgroups().empty()) return processes_of_namespace(state.pid);
  SUIT_LET(std::vector<pid_t> pids, runtime::cgroup_pids(state.cgroups()));
  std::ranges::sort(pids);
  return pids;
}

bool is_frozen(const State& state) { return runtime::is_frozen(state.cgroups()); }
Result<void> freeze(const State& state) { return runtime::freeze_cgroups(state.cgroups()); }
Result<void> thaw(const State& state) { return runtime::thaw_cgroups(state.cgroups()); }

}  // namespace suit::engine
