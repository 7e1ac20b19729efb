#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>

#include "os/file.h"
#include "os/raw.h"
#include "runtime/runtime.h"

namespace suit::runtime {
namespace {

#ifndef STATX_ATTR_MOUNT_ROOT
constexpr std::uint64_t STATX_ATTR_MOUNT_ROOT = 0x2000;
#endif

bool is_cgroup2(const char* path) {
  struct statfs info{};
  return ::statfs(path, &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC;
}

// The mount point of a cgroup2 file system from mountinfo: for hosts that put it elsewhere.
std::string find_cgroup2_mount() {
  auto text = os::read_file("/proc/self/mountinfo");
  if (!text) return "";
  std::string_view rest = *text;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.find(" - cgroup2 ") == std::string_view::npos) continue;
    // Fields: id, parent, device, root, mount point.
    for (int field = 0; field < 4; ++field)
      line.remove_prefix(std::min(line.size(), line.find(' ') + 1));
    return std::string(line.substr(0, line.find(' ')));
  }
  return "";
}

std::string cgroup2_dir() {
  std::string found;
  // Unified and hybrid hosts keep it here; asking is cheaper than reading the mount table.
  for (const char* usual : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"})
    if (found.empty() && is_cgroup2(usual)) found = usual;
  if (found.empty()) found = find_cgroup2_mount();
  if (found.empty() || ::access(found.c_str(), W_OK) != 0) return "";
  return found;
}

// The devices controller of cgroup v1 has its usual place, or the host is another one than we know.
std::string devices_cgroup_dir() {
  const char* usual = "/sys/fs/cgroup/devices";
  struct statfs info{};
  bool is_v1 = ::statfs(usual, &info) == 0 && info.f_type == CGROUP_SUPER_MAGIC;
  return is_v1 && ::access(usual, W_OK) == 0 ? usual : "";
}

// How many ids from 0 a map file maps without a gap; all when it is the initial one.
std::uint32_t mapped_from_zero(std::string_view map) {
  std::uint64_t next = 0;
  bool grew = true;
  while (grew) {
    grew = false;
    std::string_view rest = map;
    while (!rest.empty()) {
      std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      std::array<std::uint64_t, 3> fields{};
      for (std::uint64_t& field : fields) {
        line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ')));
        auto [end, code] = std::from_chars(line.data(), line.data() + line.size(), field);
        line.remove_prefix(static_cast<std::size_t>(end - line.data()));
      }
      if (fields[2] == 0 || fields[0] != next) continue;
      next = fields[0] + fields[2];
      grew = true;
    }
  }
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(next, UINT32_MAX));
}

bool has_capability(unsigned number) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (os::raw::call(SYS_capget, &header, data.data()) < 0) return false;
  return (data[number / 32].effective >> (number % 32) & 1) != 0;
}

void probe_capabilities(HostFacts& facts) {
  facts.bounding = 0;
  for (unsigned number = 0; number < 64; ++number) {
    int present = ::prctl(PR_CAPBSET_READ, number, 0, 0, 0);
    if (present < 0) break;
    facts.last_capability = number;
    if (present == 1) facts.bounding |= std::uint64_t{1} << number;
  }
}

void probe_limits(HostFacts& facts) {
  // In a user namespace the capability is there, and is not the one that counts.
  if (!facts.in_user_namespace && has_capability(CAP_SYS_RESOURCE)) return;
  for (unsigned resource = 0; resource < facts.rlimits_hard.size(); ++resource) {
    rlimit limit{};
    if (::prlimit(0, static_cast<__rlimit_resource>(resource), nullptr, &limit) == 0)
      facts.rlimits_hard[resource] = limit.rlim_max;
  }
}

void probe_signals(HostFacts& facts) {
  for (int signal = 1; signal < 32; ++signal) {
    struct sigaction action{};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN)
      facts.ignored_signals |= std::uint64_t{1} << (signal - 1);
  }
}

}  // namespace

Result<HostFacts> probe_host() {
  HostFacts facts;
  SUIT_LET(std::string uid_map, os::read_file("/proc/self/uid_map"));
  facts.in_user_namespace = mapped_from_zero(uid_map) != UINT32_MAX;
  if (facts.in_user_namespace) {
    auto setgroups = os::read_file("/proc/self/setgroups");
    facts.setgroups_denied = setgroups && setgroups->starts_with("deny");
    auto gid_map = os::read_file("/proc/self/gid_map");
    facts.mapped_gids = gid_map ? mapped_from_zero(*gid_map) : 1;
  }
  struct statx info{};
  if (::statx(AT_FDCWD, "/", 0, STATX_TYPE, &info) == 0 &&
      (info.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0)
    facts.root_is_mount = (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  // Cgroups of a user namespace belong to whoever delegated them: not ours to make.
  if (!facts.in_user_namespace) {
    facts.cgroup2_dir = cgroup2_dir();
    facts.devices_cgroup_dir = devices_cgroup_dir();
  }
  probe_capabilities(facts);
  probe_limits(facts);
  probe_signals(facts);
  return facts;
}

}  // namespace suit::runtime
