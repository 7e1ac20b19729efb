// Limits of a container that runs.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>

#include "base/log.h"
#include "os/file.h"
#include "runtime/cgroup.h"

namespace suit::runtime {
namespace {

std::string dir_of(const CgroupWrite& write, const CgroupDirs& dirs, const std::string& path,
                   const HostFacts& facts) {
  if (!write.is_v1) return dirs.v2;
  const CgroupHierarchy* hierarchy = find_hierarchy(facts, write.controller);
  return hierarchy ? hierarchy->dir + path : "";
}

// Processors and memory nodes of the group above: without them nobody may join.
Result<void> fill_cpuset(const std::string& dir) {
  std::string above = dir.substr(0, dir.rfind('/'));
  for (const char* name : {"/cpuset.cpus", "/cpuset.mems"}) {
    SUIT_LET(std::string own, os::read_file(dir + name));
    if (own.find_first_not_of('\n') != std::string::npos) continue;
    SUIT_LET(std::string text, os::read_file(above + name));
    SUIT_TRY(os::write_file(dir + name, text));
  }
  return {};
}

// A hierarchy that the container did without until now: a group there, and everybody into it.
Result<void> join_hierarchy(CgroupDirs& dirs, const CgroupHierarchy& hierarchy,
                            const std::string& path) {
  std::string dir = hierarchy.dir;
  bool is_cpuset =
      std::ranges::find(hierarchy.controllers, "cpuset") != hierarchy.controllers.end();
  for (std::size_t at = 0; at != std::string::npos;) {
    at = path.find('/', at + 1);
    dir = hierarchy.dir + path.substr(0, at);
    if (::mkdir(dir.c_str(), 0755) != 0 && errno != EEXIST)
      return fail(errno, fmt::format("mkdir(\"{}\")", dir));
    if (is_cpuset) SUIT_TRY(fill_cpuset(dir));
  }
  // Those who are born meanwhile are born there, or are in the next list.
  constexpr int kRounds = 10;
  SUIT_LET(os::Fd procs, os::open_at(os::FdRef::cwd(), dir + "/cgroup.procs", O_WRONLY));
  for (int round = 0; round < kRounds; ++round) {
    SUIT_LET(std::vector<pid_t> pids, cgroup_pids(dirs));
    SUIT_LET(std::vector<pid_t> there, cgroup_pids({dir, {}}));
    bool moved = false;
    for (pid_t pid : pids) {
      if (std::ranges::find(there, pid) != there.end()) continue;
      std::string text = std::to_string(pid);
      moved = true;
      if (::write(procs.raw(), text.data(), text.size()) < 0 && errno != ESRCH)
        return fail(errno, fmt::format("write(\"{}/cgroup.procs\", {})", dir, pid));
    }
    if (!moved) break;
  }
  dirs.v1.push_back(dir);
  return {};
}

// Version 2: from the root of the tree down, each group hands the controller to those below it.
Result<void> hand_down(const HostFacts& facts, const std::string& path,
                       const std::string& controller) {
  std::string dir = facts.cgroup2_dir;
  for (std::size_t at = 0; at != std::string::npos;) {
    SUIT_TRY(os::write_file(dir + "/cgroup.subtree_control", "+" + controller));
    at = path.find('/', at + 1);
    dir = facts.cgroup2_dir + path.substr(0, at);
  }
  return {};
}

Result<void> prepare_groups(CgroupDirs& dirs, const std::string& path, const LimitPlan& plan,
                            const HostFacts& facts) {
  for (const CgroupWrite& write : plan.writes) {
    std::string dir = dir_of(write, dirs, path, facts);
    if (write.is_v1 && std::ranges::find(dirs.v1, dir) == dirs.v1.end())
      SUIT_TRY(join_hierarchy(dirs, *find_hierarchy(facts, write.controller), path));
    if (!write.is_v1 && write.controller != "cgroup" && !os::exists(dir + "/" + write.file))
      SUIT_TRY(hand_down(facts, path, write.controller));
  }
  return {};
}

std::uint64_t number_in(const std::string& path) {
  auto text = os::read_file(path, 64);
  std::uint64_t value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

// checkBeforeUpdate: a limit below what is used would make the kernel kill somebody.
Result<void> check_usage(const CgroupWrite& write, const std::string& dir) {
  if (write.file != "memory.max" && write.file != "memory.limit_in_bytes") return {};
  std::uint64_t used =
      std::max(number_in(dir + "/memory.current"), number_in(dir + "/memory.usage_in_bytes"));
  std::uint64_t limit = 0;
  auto [end, code] =
      std::from_chars(write.text.data(), write.text.data() + write.text.size(), limit);
  if (code != std::errc{} || limit >= used) return {};
  return fail(0,
              fmt::format("{}: a limit of {} bytes is below the {} that are in use", write.pointer,
                          limit, used),
              "the kernel would kill in it: leave checkBeforeUpdate out if that is wanted");
}

Result<void> write_limit(const CgroupWrite& write, const std::string& dir) {
  auto written = os::write_file(dir + "/" + write.file, write.text);
  bool is_absent = !written && written.error().code() == ENOENT;
  if (is_absent && !write.other_file.empty())
    written = os::write_file(dir + "/" + write.other_file, write.other_text);
  else if (is_absent && write.may_be_absent)
    return {};
  if (!written) return wrap(std::move(written).error(), write.pointer);
  return {};
}

}  // namespace

Result<void> update_limits(CgroupDirs& dirs, const std::string& path, const LimitPlan& plan,
                           const HostFacts& facts, bool checks_usage) {
  for (const std::string& warning : plan.warnings)
    SUIT_LOG(Warn, "{}", warning);
  if (plan.writes.empty()) return {};
  if (dirs.empty())
    return fail(ENOTSUP, fmt::format("{}: the container has no cgroup to write a limit to",
                                     plan.writes.front().pointer));
  SUIT_TRY(prepare_groups(dirs, path, plan, facts));
  if (checks_usage)
    for (const CgroupWrite& write : plan.writes)
      SUIT_TRY(check_usage(write, dir_of(write, dirs, path, facts)));
  // memory and memory+swap, period and quota: which goes first depends on what holds now. What
  // does not go first goes second.
  std::vector<const CgroupWrite*> refused;
  for (const CgroupWrite& write : plan.writes) {
    auto written = write_limit(write, dir_of(write, dirs, path, facts));
    if (written) continue;
    if (written.error().code() != EINVAL || plan.writes.size() == 1) return written;
    refused.push_back(&write);
  }
  for (const CgroupWrite* write : refused)
    SUIT_TRY(write_limit(*write, dir_of(*write, dirs, path, facts)));
  return {};
}

}  // namespace suit::runtime
