/// \file
/// Acting on a container from outside: signals, waiting, removal.

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include <fmt/format.h>

#include "engine/engine.h"
#include "engine/process_internal.h"
#include "os/process.h"

namespace suit::engine {
namespace {

// ESRCH: it has ended in the meantime, which is what was wanted.
Result<void> send_to_end(os::FdRef pidfd, int signal, const Record& record) {
  auto sent = os::pidfd_send_signal(pidfd, signal);
  if (sent || sent.error().code() == ESRCH) return {};
  return wrap(std::move(sent).error(), fmt::format("stop container {}", record.name));
}

// True when the process ended within `timeout`.
bool ends_within(os::FdRef pidfd, std::chrono::milliseconds timeout) {
  auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{pidfd.raw(), POLLIN, 0};
    int ready = ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

}  // namespace

Result<void> Engine::kill(const Status& container, int signal) {
  if (container.state.phase != State::Phase::Running)
    return fail(ESRCH,
                fmt::format("cannot kill container {}: it is not running", container.record.name));
  auto process = open_container_process(container.state);
  if (!process)
    return wrap(std::move(process).error(),
                fmt::format("cannot kill container {}", container.record.name));
  auto sent = os::pidfd_send_signal(*process, signal);
  if (sent) return sent;
  return wrap(std::move(sent).error(),
              fmt::format("cannot kill container {}", container.record.name));
}

Result<void> Engine::stop(const Status& container, std::chrono::seconds timeout) {
  if (container.state.phase != State::Phase::Running) return {};
  SUIT_LET(int signal, parse_signal(container.record.stop_signal));
  auto process = open_container_process(container.state);
  if (process) {
    SUIT_TRY(send_to_end(*process, signal, container.record));
    // At most a day: beyond that poll(2)'s int of milliseconds would not hold it.
    std::chrono::seconds bounded = std::min<std::chrono::seconds>(timeout, std::chrono::hours(24));
    if (!ends_within(*process, bounded)) SUIT_TRY(send_to_end(*process, SIGKILL, container.record));
  }
  // Stopped means recorded: the monitor writes the exit and lets go.
  return wait_for_monitor(container.record.id);
}

Result<int> Engine::wait(const Status& container) {
  const Record& record = container.record;
  // More than once: the lock is free for a moment when a monitor was killed, before the state says
  // how it ended, and another command may be the one that writes it.
  constexpr int kAttempts = 3;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    SUIT_TRY(wait_for_monitor(record.id));
    auto now = find(record.id);
    if (!now)
      return fail(ENOENT,
                  fmt::format("container {} was removed; its exit code went with it", record.name));
    if (now->state.phase != State::Phase::Running) return now->state.exit_code;
    sweep();
  }
  return fail(0, fmt::format("container {} runs, and its monitor holds no lock in {}/locks",
                             record.name, paths_.data));
}

Result<Held> Engine::hold(const Status& container) {
  SUIT_LET(std::optional<os::Lock> lock, try_lock(container.record.id));
  if (!lock)
    return fail(EBUSY, fmt::format("container {} is already running", container.record.name));
  auto now = read_status(container.record.id);
  if (now && now->state.phase == State::Phase::Dead) {
    unlock(container.record.id, *std::move(lock));
    return fail(0, fmt::format("cannot start container {}: {}", now->record.name, now->state.error),
                fmt::format("it can only be removed: suit rm {}", now->record.name));
  }
  // Its monitor died a moment ago.
  if (now && now->state.phase == State::Phase::Running) record_end(*now);
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
      return fail(
          EBUSY, fmt::format("cannot remove container \"{}\": it is running", record.name),
          fmt::format("stop it first (suit stop {0}), or force it (suit rm -f {0})", record.name));
    if (auto process = open_container_process(container.state))
      SUIT_TRY(send_to_end(*process, SIGKILL, record));
    SUIT_TRY(wait_for_monitor(record.id));
  }
  SUIT_LET(std::optional<os::Lock> lock, try_lock(record.id));
  if (!lock)
    return fail(EBUSY, fmt::format("cannot remove container \"{}\": it has just been started",
                                   record.name));
  auto removed = remove_held(record);
  unlock(record.id, *std::move(lock));
  return removed;
}

}  // namespace suit::engine
