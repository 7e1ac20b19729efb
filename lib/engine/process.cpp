#include "os/process.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>

#include <fmt/format.h>

#include "engine/process_internal.h"
#include "os/file.h"

namespace suit::engine {

Result<std::uint64_t> start_ticks(pid_t pid) {
  SUIT_LET(std::string text, os::read_file(fmt::format("/proc/{}/stat", pid), 4096));
  // The second field is the command in parentheses and may hold anything: count from its end.
  std::size_t at = text.rfind(')');
  for (int field = 2; at != std::string::npos && field < 22; ++field)
    at = text.find(' ', at + 1);
  std::uint64_t ticks = 0;
  if (at != std::string::npos) {
    auto [end, error] = std::from_chars(text.data() + at + 1, text.data() + text.size(), ticks);
    if (error == std::errc()) return ticks;
  }
  return fail(0, fmt::format("/proc/{}/stat has no field 22", pid));
}

Result<void> write_holder(const os::Lock& lock) {
  SUIT_LET(std::uint64_t ticks, start_ticks(::getpid()));
  std::string text = fmt::format("{} {}", ::getpid(), ticks);
  int fd = lock.fd().raw();
  if (::ftruncate(fd, 0) == 0 && ::pwrite(fd, text.data(), text.size(), 0) > 0) return {};
  return fail(errno, "write the holder of a container's lock");
}

Result<os::Fd> open_container_process(const State& state) {
  SUIT_LET(std::string boot, os::boot_id());
  if (state.pid <= 0 || boot != state.boot_id)
    return fail(ESRCH, "the container's process ended with the last boot");
  SUIT_LET(os::Fd pidfd, os::pidfd_open(state.pid));
  // Compared after the open: if the number is still the container's now, it was so then.
  auto ticks = start_ticks(state.pid);
  if (!ticks || *ticks != state.pid_start_ticks)
    return fail(ESRCH, fmt::format("process {} is another one now", state.pid));
  return pidfd;
}

}  // namespace suit::engine
