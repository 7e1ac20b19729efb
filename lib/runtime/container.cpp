// The life of a started container, and its cgroup's end.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "os/file.h"
#include "os/process.h"
#include "runtime/cgroup.h"
#include "runtime/runtime.h"

namespace suit::runtime {
namespace {

// A cgroup that stays is untidy, no more: what it held is gone.
void end_cgroups(const CgroupDirs& dirs) {
  if (auto removed = remove_cgroups(dirs); !removed)
    SUIT_LOG(Warn, "{}", removed.error().message());
}

}  // namespace

Container::Container(Container&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      cgroup2_dir_(std::exchange(other.cgroup2_dir_, {})),
      cgroup1_dirs_(std::exchange(other.cgroup1_dirs_, {})),
      timeline_(std::move(other.timeline_)) {}

Container& Container::operator=(Container&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(cgroup2_dir_, other.cgroup2_dir_);
  std::swap(cgroup1_dirs_, other.cgroup1_dirs_);
  std::swap(timeline_, other.timeline_);
  return *this;
}

Container::~Container() {
  // A destructor has nobody to tell; what stays behind is found again by its cgroup's name.
  if (pidfd_.valid()) {
    auto killed = kill(SIGKILL);
    auto ended = os::wait_pidfd(pidfd_);
  }
  CgroupDirs dirs{cgroup2_dir_, cgroup1_dirs_};
  if (!dirs.empty()) end_cgroups(dirs);
}

Result<void> Container::kill(int signal) const { return os::pidfd_send_signal(pidfd_, signal); }

Result<ExitStatus> Container::wait() {
  SUIT_LET(os::WaitStatus status, os::wait_pidfd(pidfd_));
  pidfd_.reset();
  CgroupDirs dirs{std::exchange(cgroup2_dir_, {}), std::exchange(cgroup1_dirs_, {})};
  // The books are closed with the directory.
  bool oom_killed = was_oom_killed(dirs);
  end_cgroups(dirs);
  return ExitStatus{status.code, status.signal, oom_killed};
}

void Container::release() {
  pidfd_.reset();
  cgroup2_dir_.clear();
  cgroup1_dirs_.clear();
}

Result<void> remove_cgroup(const HostFacts& facts, std::string_view id,
                           std::string_view cgroups_path) {
  SUIT_LET(std::string path, cgroup_path(cgroups_path, id));
  CgroupDirs dirs;
  if (!facts.cgroup2_dir.empty()) dirs.v2 = facts.cgroup2_dir + path;
  for (const CgroupHierarchy& hierarchy : facts.cgroup1)
    dirs.v1.push_back(hierarchy.dir + path);
  return remove_cgroups(dirs);
}

}  // namespace suit::runtime
