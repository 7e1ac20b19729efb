/// \file
/// Acting on a container from outside: signals, waiting, removal.

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include <fmt/format.h>

#include "engine/engine.h"
#include "engine/process_internal.h"

namespace suit::engine {
namespace {

Result<void> send(os::FdRef pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.raw(), signal, nullptr, 0) == 0) return {};
  return fail(errno, fmt::format("pidfd_send_signal({}, {})", pidfd.raw(), signal));
}

// True when the process ended within `timeout`.
bool ends_within(os::FdRef pidfd, std::chrono::milliseconds timeout) {
  auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{pidfd.raw(), POLLIN, 0};
    int ready = ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

}  // namespace

Result<void> Engine::kill(const Status& container, int signal) {
  if (container.state.phase != State::Phase::Running)
    return fail(ESRCH, fmt::format("cannot kill container {}: it is not running", container.record.name));
  auto process = open_container_process(container.state);
  if (!process)
    return wrap(std::move(process).error(), fmt::format("cannot kill container {}", container.record.name));
  return send(*process, signal);
}

Result<void> Engine::stop(const Status& container, std::chrono::seconds timeout) {
  if (container.state.phase != State::Phase::Running) return {};
  SUIT_LET(int signal, parse_signal(container.record.stop_signal));
  auto process = open_container_process(container.state);
  if (process) {
    SUIT_TRY(send(*process, signal));
    // At most a day: beyond that poll(2)'s int of milliseconds would not hold it.
    std::chrono::seconds bounded = std::min<std::chrono::seconds>(timeout, std::chrono::hours(24));
    if (!ends_within(*process, bounded)) SUIT_TRY(send(*process, SIGKILL));
  }
  // Stopped means recorded: the monitor writes the exit and lets go.
  return wait_for_monitor(container.record.id);
}

Result<int> Engine::wait(const Status& container) {
  SUIT_TRY(wait_for_monitor(container.record.id));
  auto after = read_status(container.record.id);
  if (after) return after->state.exit_code;
  return fail(ENOENT, fmt::format("container {} was removed; its exit code went with it",
                                  container.record.name));
}

Result<Held> Engine::hold(const Status& container) {
  SUIT_LET(std::optional<os::Lock> lock, try_lock(container.record.id));
  if (!lock) return fail(EBUSY, fmt::format("container {} is already running", container.record.name));
  auto now = read_status(container.record.id);
  if (now) return Held{std::move(now->record), *std::move(lock)};
  unlock(container.record.id, *std::move(lock));
  return fail(ENOENT, fmt::format("container {} has just been removed", container.record.name));
}

void Engine::release(Held held) { unlock(held.record.id, std::move(held.lock)); }

// The record goes first: from then on the rest is remains, which the next sweep would finish.
Result<void> Engine::remove_held(const Record& record) const {
  std::string dir = container_dir(record.id);
  ::unlink((dir + "/container.json").c_str());
  auto owner = os::read_link(os::FdRef::cwd(), name_path(record.name));
  if (owner && *owner == record.id) ::unlink(name_path(record.name).c_str());
  return os::remove_tree(dir);
}

Result<void> Engine::remove(const Status& container, Force force) {
  const Record& record = container.record;
  if (container.state.phase == State::Phase::Running) {
    if (force == Force::No)
      return fail(EBUSY,
                  fmt::format("cannot remove container \"{}\": it is running", record.name),
                  fmt::format("stop it first (suit stop {0}), or force it (suit rm -f {0})", record.name));
    if (auto process = open_container_process(container.state)) SUIT_TRY(send(*process, SIGKILL));
    SUIT_TRY(wait_for_monitor(record.id));
  }
  SUIT_LET(std::optional<os::Lock> lock, try_lock(record.id));
  if (!lock)
    return fail(EBUSY, fmt::format("cannot remove container \"{}\": it has just been started", record.name));
  auto removed = remove_held(record);
  unlock(record.id, *std::move(lock));
  return removed;
}

}  // namespace suit::engine
