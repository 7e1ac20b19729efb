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
#include "runtime/facts_internal.h"
#include "runtime/runtime.h"

namespace suit::runtime {
namespace {

#ifndef STATX_ATTR_MOUNT_ROOT
constexpr std::uint64_t STATX_ATTR_MOUNT_ROOT = 0x2000;
#endif

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
  probe_cgroups(facts);
  probe_capabilities(facts);
  probe_limits(facts);
  probe_signals(facts);
  return facts;
}

}  // namespace suit::runtime
