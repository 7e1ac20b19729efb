// Where this host has its cgroups.

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/split.h"
#include "os/file.h"
#include "runtime/facts_internal.h"

namespace suit::runtime {
namespace {

bool is_unified_host() {
  struct statfs info{};
  return ::statfs("/sys/fs/cgroup", &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC;
}

bool is_writable(const std::string& path) { return ::access(path.c_str(), W_OK) == 0; }

// Options of a superblock are the hierarchy's controllers, beside others.
constexpr std::array<std::string_view, 13> kControllers = {
    "blkio",  "cpu",     "cpuacct",  "cpuset",     "devices", "freezer", "hugetlb",
    "memory", "net_cls", "net_prio", "perf_event", "pids",    "rdma"};

// Fields of a line: id, parent, device, root, mount point, options, tags, "-", type, source,
// options of the superblock. Spaces in paths are escaped.
void add_mount(CgroupMounts& out, std::string_view line) {
  std::size_t dash = line.find(" - cgroup");
  if (dash == std::string_view::npos) return;
  std::vector<std::string_view> before = split(line.substr(0, dash), ' ');
  std::vector<std::string_view> after = split(line.substr(dash + 3), ' ');
  if (before.size() < 5 || after.size() < 3) return;
  std::string dir(before[4]);
  if (after[0] == "cgroup2") {
    // A container's own read-only view of it may come later: the first is the host's.
    if (out.cgroup2.empty()) out.cgroup2 = dir;
    return;
  }
  if (after[0] != "cgroup") return;
  CgroupHierarchy hierarchy{{}, dir};
  for (std::string_view option : split(after[2], ','))
    if (std::ranges::find(kControllers, option) != kControllers.end())
      hierarchy.controllers.emplace_back(option);
  bool is_known = std::ranges::any_of(out.cgroup1, [&](const CgroupHierarchy& one) {
    return one.controllers == hierarchy.controllers;
  });
  if (!hierarchy.controllers.empty() && !is_known) out.cgroup1.push_back(std::move(hierarchy));
}

std::vector<std::string> controllers_of(const std::string& dir) {
  std::vector<std::string> out;
  const std::string text = os::read_file(dir + "/cgroup.controllers", 4096).value_or("");
  for (std::string_view line : split(text, '\n'))
    for (std::string_view word : split(line, ' '))
      if (!word.empty()) out.emplace_back(word);
  return out;
}

// What has been delegated to us: the topmost group above ours that we may write. Our own has us in
// it, and a group with processes hands no controllers down.
std::string delegated_dir(const std::string& mount) {
  const std::string text = os::read_file("/proc/self/cgroup", 65536).value_or("");
  std::string path;
  for (std::string_view line : split(text, '\n'))
    if (line.starts_with("0::/")) path = line.substr(3);
  std::string found;
  while (!path.empty()) {
    std::string dir = path == "/" ? mount : mount + path;
    if (!is_writable(dir) || !is_writable(dir + "/cgroup.procs")) break;
    found = dir;
    if (path == "/") break;
    path.resize(path.rfind('/'));
  }
  return found;
}

}  // namespace

CgroupMounts parse_cgroup_mounts(std::string_view mountinfo) {
  CgroupMounts out;
  for (std::string_view line : split(mountinfo, '\n'))
    add_mount(out, line);
  return out;
}

void probe_cgroups(HostFacts& facts) {
  CgroupMounts mounts;
  // A unified host has all in one place: asking is cheaper than reading the mount table.
  if (is_unified_host())
    mounts.cgroup2 = "/sys/fs/cgroup";
  else
    mounts = parse_cgroup_mounts(os::read_file("/proc/self/mountinfo").value_or(""));
  if (!facts.in_user_namespace) {
    if (!mounts.cgroup2.empty() && is_writable(mounts.cgroup2)) facts.cgroup2_dir = mounts.cgroup2;
    for (CgroupHierarchy& hierarchy : mounts.cgroup1)
      if (is_writable(hierarchy.dir)) facts.cgroup1.push_back(std::move(hierarchy));
  } else if (!mounts.cgroup2.empty()) {
    // Hierarchies of version 1 are not safe to delegate: cgroups(7).
    facts.cgroup2_dir = delegated_dir(mounts.cgroup2);
  }
  if (!facts.cgroup2_dir.empty()) facts.cgroup2_controllers = controllers_of(facts.cgroup2_dir);
}

}  // namespace suit::runtime
