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
#include "runtime/runtime.h"

namespace suit::runtime {
namespace {

// Waits until cgroup.events says that no process is left. The kernel announces it as a priority
// event.
void wait_empty(const std::string& directory) {
  auto events = os::open_at(os::FdRef::cwd(), directory + "/cgroup.events", O_RDONLY);
  if (!events) return;
  constexpr int kAttempts = 50, kWaitMs = 20;  // a second in all: SIGKILL has been sent already
  for (int i = 0; i < kAttempts; ++i) {
    std::array<char, 256> text{};
    ssize_t size = ::pread(events->raw(), text.data(), text.size() - 1, 0);
    if (size <= 0 || std::string_view(text.data()).find("populated 0") != std::string_view::npos)
      return;
    pollfd wait{events->raw(), POLLPRI, 0};
    ::poll(&wait, 1, kWaitMs);
  }
}

Result<void> end_cgroup(const std::string& directory) {
  // The usual case first: the pid namespace's end has taken every process with it.
  if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) return {};
  auto killed = os::write_file(directory + "/cgroup.kill", "1");
  wait_empty(directory);
  if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) return {};
  int code = errno;
  if (!killed) return wrap(std::move(killed).error(), "end what is left in the container's cgroup");
  return fail(code, fmt::format("rmdir(\"{}\")", directory));
}

// Version 1 has no kill: whoever was in the group died with the pid namespace, and leaves at once.
Result<void> end_devices_cgroup(const std::string& directory) {
  constexpr int kAttempts = 50, kWaitMs = 20;
  for (int i = 0; i < kAttempts; ++i) {
    if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) return {};
    if (errno != EBUSY) break;
    ::poll(nullptr, 0, kWaitMs);
  }
  return fail(errno, fmt::format("rmdir(\"{}\")", directory));
}

// A cgroup that stays is untidy, no more: what it held is gone.
void end_cgroups(const std::string& cgroup2, const std::string& devices) {
  if (!cgroup2.empty())
    if (auto removed = end_cgroup(cgroup2); !removed)
      SUIT_LOG(Warn, "{}", removed.error().message());
  if (!devices.empty())
    if (auto removed = end_devices_cgroup(devices); !removed)
      SUIT_LOG(Warn, "{}", removed.error().message());
}

}  // namespace

Container::Container(Container&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      cgroup2_dir_(std::exchange(other.cgroup2_dir_, {})),
      devices_dir_(std::exchange(other.devices_dir_, {})),
      timeline_(std::move(other.timeline_)) {}

Container& Container::operator=(Container&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(cgroup2_dir_, other.cgroup2_dir_);
  std::swap(devices_dir_, other.devices_dir_);
  std::swap(timeline_, other.timeline_);
  return *this;
}

Container::~Container() {
  // A destructor has nobody to tell; what stays behind is found again by its cgroup's name.
  if (pidfd_.valid()) {
    auto killed = kill(SIGKILL);
    auto ended = os::wait_pidfd(pidfd_);
  }
  end_cgroups(cgroup2_dir_, devices_dir_);
}

Result<void> Container::kill(int signal) const { return os::pidfd_send_signal(pidfd_, signal); }

Result<ExitStatus> Container::wait() {
  SUIT_LET(os::WaitStatus status, os::wait_pidfd(pidfd_));
  pidfd_.reset();
  end_cgroups(std::exchange(cgroup2_dir_, {}), std::exchange(devices_dir_, {}));
  return ExitStatus{status.code, status.signal};
}

void Container::release() {
  pidfd_.reset();
  cgroup2_dir_.clear();
  devices_dir_.clear();
}

Result<void> remove_cgroup(const HostFacts& facts, std::string_view id) {
  if (!facts.cgroup2_dir.empty())
    SUIT_TRY(end_cgroup(fmt::format("{}/spacesuit/{}", facts.cgroup2_dir, id)));
  if (facts.devices_cgroup_dir.empty()) return {};
  return end_devices_cgroup(fmt::format("{}/spacesuit/{}", facts.devices_cgroup_dir, id));
}

}  // namespace suit::runtime
