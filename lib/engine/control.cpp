/// \file
/// Acting on a container from outside: signals, pausing, waiting.

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include <fmt/format.h>

#include "engine/engine.h"
#include "engine/freeze.h"
#include "engine/line_file.h"
#include "engine/marks_internal.h"
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
  const Record& record = container.record;
  auto attempt = [&]() -> Result<void> {
    if (container.state.phase != State::Phase::Running &&
        container.state.phase != State::Phase::Paused)
      return fail(ESRCH, "it is not running");
    SUIT_LET(os::Fd process, open_container_process(container.state));
    SUIT_LET(int stop_signal, parse_signal(record.stop_signal));
    // Docker's rule: whoever sends one of these means the end, and no restart after it.
    if (signal == SIGKILL || signal == stop_signal)
      SUIT_TRY(set_mark(container_dir(record.id), Mark::Stopped));
    SUIT_TRY(os::pidfd_send_signal(process, signal));
    // Who stands still does not hear it: a killed container is not to stay frozen.
    if (signal == SIGKILL && is_frozen(container.state)) return thaw(container.state);
    return {};
  }();
  if (!attempt)
    return wrap(std::move(attempt).error(), fmt::format("cannot kill container {}", record.name));
  tell(record, "kill", {{"signal", std::to_string(signal)}});
  return {};
}

Result<void> Engine::stop(const Status& container, const StopRequest& request) {
  const Record& record = container.record;
  if (!container.state.lives()) return {};
  if (request.keep) SUIT_TRY(set_mark(container_dir(record.id), Mark::Kept));
  // Before the signal: the monitor looks for it when the program has ended.
  SUIT_TRY(set_mark(container_dir(record.id), Mark::Stopped));
  int signal = 0;
  if (request.signal) {
    signal = *request.signal;
  } else {
    SUIT_LET(signal, parse_signal(record.stop_signal));
  }
  auto process = open_container_process(container.state);
  if (process) {
    SUIT_TRY(send_to_end(*process, signal, record));
    tell(record, "kill", {{"signal", std::to_string(signal)}});
    if (is_frozen(container.state)) SUIT_TRY(thaw(container.state));
    // At most a day: beyond that poll(2)'s int of milliseconds would not hold it.
    constexpr std::chrono::seconds kDay = std::chrono::hours(24);
    std::chrono::seconds timeout =
        request.timeout.value_or(std::chrono::seconds(record.stop_timeout_s.value_or(10)));
    if (timeout.count() < 0 || timeout > kDay) timeout = kDay;
    if (!ends_within(*process, timeout)) SUIT_TRY(send_to_end(*process, SIGKILL, record));
  }
  // Stopped means recorded: the monitor writes the exit and lets go.
  SUIT_TRY(wait_for_monitor(record.id));
  tell(record, "stop");
  return {};
}

Result<void> Engine::pause(const Status& container) {
  const Record& record = container.record;
  auto attempt = [&]() -> Result<void> {
    if (container.state.phase == State::Phase::Paused) return fail(0, "it is already paused");
    if (container.state.phase != State::Phase::Running) return fail(0, "it is not running");
    return freeze(container.state);
  }();
  if (!attempt)
    return wrap(std::move(attempt).error(), fmt::format("cannot pause container {}", record.name));
  tell(record, "pause");
  return {};
}

Result<void> Engine::unpause(const Status& container) {
  const Record& record = container.record;
  Result<void> attempt = container.state.phase == State::Phase::Paused
                             ? thaw(container.state)
                             : Result<void>(fail(0, "it is not paused"));
  if (!attempt)
    return wrap(std::move(attempt).error(),
                fmt::format("cannot unpause container {}", record.name));
  tell(record, "unpause");
  return {};
}

Result<int> Engine::wait(const Status& container) {
  const Record& record = container.record;
  // Its monitor lives on after an end: the state tells, not the lock.
  if (record.restart.when != RestartPolicy::When::No) return wait_for_end(container);
  // More than once: the lock is free for a moment when a monitor was killed, before the state says
  // how it ended, and another command may be the one that writes it.
  constexpr int kAttempts = 3;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    SUIT_TRY(wait_for_monitor(record.id));
    auto now = find(record.id);
    if (!now)
      return fail(ENOENT,
                  fmt::format("container {} was removed; its exit code went with it", record.name));
    if (!now->state.lives()) return now->state.exit_code;
    sweep();
  }
  return fail(0, fmt::format("container {} runs, and its monitor holds no lock in {}/locks",
                             record.name, paths_.data));
}

// Until this run of it is over, whatever its policy does then.
Result<int> Engine::wait_for_end(const Status& container) const {
  const std::string id = container.record.id;
  LineWatch changes(container_dir(id) + "/state.json");
  auto monitor = os::pidfd_open(container.state.monitor_pid);
  while (true) {
    auto now = read_status(id);
    if (!now)
      return fail(ENOENT, fmt::format("container {} was removed; its exit code went with it",
                                      container.record.name));
    bool same_run = now->state.started == container.state.started &&
                    now->state.restart_count == container.state.restart_count;
    bool over = !now->state.lives() || now->state.phase == State::Phase::Restarting || !same_run;
    if (over) return now->state.exit_code;
    constexpr int kWaitMs = 1000;  // a monitor that was killed changes no file
    changes.wait(kWaitMs);
    if (monitor && ends_within(*monitor, std::chrono::milliseconds(0))) sweep();
  }
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
  if (now && now->state.lives()) record_end(*now);
  if (now) return Held{std::move(now->record), *std::move(lock)};
  unlock(container.record.id, *std::move(lock));
  return fail(ENOENT, fmt::format("container {} has just been removed", container.record.name));
}

void Engine::release(Held held) { unlock(held.record.id, std::move(held.lock)); }

}  // namespace suit::engine
