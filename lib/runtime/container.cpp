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

}  // namespace

Container::Container(Container&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      cgroup2_dir_(std::exchange(other.cgroup2_dir_, {})),
      timeline_(std::move(other.timeline_)) {}

Container& Container::operator=(Container&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(cgroup2_dir_, other.cgroup2_dir_);
  std::swap(timeline_, other.timeline_);
  return *this;
}

Container::~Container() {
  // A destructor has nobody to tell; what stays behind is found again by its cgroup's name.
  if (pidfd_.valid()) {
    auto killed = kill(SIGKILL);
    auto ended = os::wait_pidfd(pidfd_);
  }
  if (!cgroup2_dir_.empty()) auto removed = end_cgroup(cgroup2_dir_);
}

Result<void> Container::kill(int signal) const { return os::pidfd_send_signal(pidfd_, signal); }

Result<ExitStatus> Container::wait() {
  SUIT_LET(os::WaitStatus status, os::wait_pidfd(pidfd_));
  pidfd_.reset();
  // A cgroup that stays is untidy; an exit code that is lost would be wrong.
  if (!cgroup2_dir_.empty())
    if (auto removed = end_cgroup(std::exchange(cgroup2_dir_, {})); !removed)
      SUIT_LOG(Warn, "{}", removed.error().message());
  return ExitStatus{status.code, status.signal};
}

void Container::release() {
  pidfd_.reset();
  cgroup2_dir_.clear();
}

Result<void> remove_cgroup(const HostFacts& facts, std::string_view id) {
  if (facts.cgroup2_dir.empty()) return {};
  return end_cgroup(fmt::format("{}/spacesuit/{}", facts.cgroup2_dir, id));
}

}  // namespace suit::runtime
