/// \file
/// Starting a container: attached to the caller, or under a monitor of its own.
///
/// The monitor is a fork of this process in a session of its own, with no terminal and no
/// descriptor but the container's lock and one pipe, on which it says that the program runs, or why
/// it does not.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "engine/engine.h"
#include "engine/supervise_internal.h"
#include "oci/json.h"

namespace suit::engine {
namespace {

constexpr std::size_t kReportBytes = 64 * 1024;
constexpr std::string_view kRuns = "+";  // the report of a success; an error is a JSON object

// An error on its way through a pipe.
std::string pack(const Error& error) {
  oci::Json object = oci::Json::object();
  object.set("code", error.code()).set("what", error.what()).set("hint", error.hint());
  object.set("step", error.step());
  return object.dump();
}

Error unpack(std::string_view text) {
  auto object = oci::parse_json(text);
  if (!object) return Error(EPIPE, "the monitor ended before the program ran");
  const oci::Json* code = object->find("code");
  return Error(static_cast<int>(code ? code->as_int().value_or(0) : 0), object->string_or("what"))
      .with_hint(object->string_or("hint"))
      .with_step(object->string_or("step"));
}

// Leaves the caller's terminal and files behind; keeps only the two descriptors that it needs.
void detach(int report, int lock) {
  ::setsid();
  if (::chdir("/") != 0) ::_exit(1);
  int null = ::open("/dev/null", O_RDWR);  // NOLINT(android-cloexec-open): becomes 0, 1, 2
  for (int fd : {0, 1, 2})
    if (::dup2(null, fd) < 0) ::_exit(1);
  auto [low, high] = std::minmax(report, lock);
  auto close_between = [](int from, int to) {
    if (from <= to) ::close_range(static_cast<unsigned>(from), static_cast<unsigned>(to), 0);
  };
  close_between(3, low - 1);
  close_between(low + 1, high - 1);
  ::close_range(static_cast<unsigned>(high) + 1, ~0U, 0);
}

}  // namespace

Result<RunResult> Engine::run_attached(Held held, Explain explain) {
  Onlooker onlooker = explain == Explain::Yes ? Onlooker::CallerExplained : Onlooker::Caller;
  return Supervisor(*this).run(std::move(held), onlooker, []() -> Result<void> { return {}; });
}

Result<void> Engine::start_detached(Held held) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(errno, "pipe2");
  os::Fd from_monitor(ends[0]);
  os::Fd to_caller(ends[1]);
  pid_t monitor = ::fork();
  if (monitor < 0) return fail(errno, "fork");
  if (monitor == 0) {
    detach(to_caller.raw(), held.lock.fd().raw());
    std::string pid = std::to_string(::getpid());
    // The lock's text names its holder: that is us now.
    bool named = ::ftruncate(held.lock.fd().raw(), 0) == 0 &&
                 ::pwrite(held.lock.fd().raw(), pid.data(), pid.size(), 0) > 0;
    auto result = Supervisor(*this).run(std::move(held), Onlooker::None, [&]() -> Result<void> {
      os::FdWriter writer(to_caller);
      (void)writer.write(bytes_of(kRuns));  // the caller may be gone
      to_caller.reset();
      return {};
    });
    if (!result && to_caller.valid()) {
      os::FdWriter writer(to_caller);
      (void)writer.write(bytes_of(pack(result.error())));  // the caller may be gone
    }
    ::_exit(named && result ? 0 : 1);
  }
  to_caller.reset();
  os::FdReader reader(std::move(from_monitor));
  SUIT_LET(std::string report, read_all(reader, kReportBytes));
  if (report == kRuns) return {};
  while (::waitpid(monitor, nullptr, 0) < 0 && errno == EINTR)
    continue;
  if (report.empty()) return fail(EPIPE, "the container's monitor ended before the program ran");
  return std::unexpected(unpack(report));
}

}  // namespace suit::engine
