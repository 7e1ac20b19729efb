#include "runtime/hooks.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

#include <fmt/format.h>

#include "os/process.h"
#include "runtime/caps.h"

namespace suit::runtime {
namespace {

constexpr std::size_t kMaxSaidBytes = 2000;  // of a failed hook's output, in the error

std::vector<std::string> arguments(const oci::Hook& hook) {
  return hook.args.empty() ? std::vector<std::string>{hook.path} : hook.args;
}

std::string place(std::string_view kind, std::size_t i, const oci::Hook& hook) {
  return fmt::format("/hooks/{}/{}: \"{}\"", kind, i, hook.path);
}

Result<void> judge(const std::string& place, int code, int signal, std::string_view said) {
  if (code == 0 && signal == 0) return {};
  std::string how = signal != 0 ? fmt::format("was killed by signal {}", signal)
                                : fmt::format("ended with {}", code);
  while (said.ends_with('\n'))
    said.remove_suffix(1);
  if (said.size() > kMaxSaidBytes) said = said.substr(said.size() - kMaxSaidBytes);
  return fail(0, fmt::format("{} {}{}{}", place, how, said.empty() ? "" : ": ", said));
}

Result<void> run_hook(const std::string& place, const oci::Hook& hook, const std::string& input,
                      const std::string& directory) {
  os::SpawnOptions options;
  options.program = hook.path;
  options.env = hook.env;
  options.directory = directory;
  os::CaptureLimits limits;
  // Without a timeout of its own a hook may take long, but not for ever.
  limits.time = hook.timeout_s ? std::chrono::seconds(*hook.timeout_s) : std::chrono::hours(24);
  auto ran = os::run_and_capture(arguments(hook), input, options, limits);
  if (!ran) return wrap(std::move(ran).error(), place);
  return judge(place, ran->status.code, ran->status.signal, ran->err);
}

Result<os::Fd> memory_file(std::string_view text) {
  os::Fd file(::memfd_create("hook", MFD_CLOEXEC));
  if (!file.valid()) return fail(errno, "memfd_create(\"hook\")");
  SUIT_TRY(os::FdWriter(file).write(std::as_bytes(std::span(text))));
  ::lseek(file.raw(), 0, SEEK_SET);
  return file;
}

std::string content(const os::Fd& file) {
  std::string text(kMaxSaidBytes, '\0');
  ssize_t size = ::pread(file.raw(), text.data(), text.size(), 0);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

struct Inside {
  const oci::Spec& spec;
  const HostFacts& facts;
  const ExecTarget& target;
  const os::Fd& pidfd;
  const os::Fd& root;
};

Result<void> run_inside(const std::string& place, const oci::Hook& hook, const std::string& input,
                        const Inside& in) {
  oci::Spec spec = in.spec;
  spec.process.terminal = false;
  spec.process.args = arguments(hook);
  spec.process.env = hook.env;
  spec.process.cwd = "/";
  SUIT_LET(LaunchPlan plan, plan_exec(spec, in.facts, in.target, {.program = hook.path}));
  SUIT_LET(os::Fd in_file, memory_file(input));
  SUIT_LET(os::Fd out_file, memory_file(""));
  LaunchInputs inputs{in.root, in_file, out_file, out_file, true};
  inputs.target = in.pidfd;
  auto started = launch(plan, inputs);
  if (!started) return wrap(std::move(started).error(), place);
  pollfd wait{started->pidfd().raw(), POLLIN, 0};
  int timeout_ms =
      hook.timeout_s
          ? static_cast<int>(std::min<std::uint32_t>(*hook.timeout_s, INT32_MAX / 1000)) * 1000
          : -1;
  int ready = 0;
  do {
    ready = ::poll(&wait, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) return fail(ETIMEDOUT, place);  // it is killed with this scope
  SUIT_LET(ExitStatus status, started->wait());
  return judge(place, status.code, status.signal, content(out_file));
}

}  // namespace

Result<void> run_hooks(std::string_view kind, const std::vector<oci::Hook>& hooks,
                       const ContainerState& state, Status status) {
  if (hooks.empty()) return {};
  std::string input = oci_state(state, status).dump();
  for (std::size_t i = 0; i < hooks.size(); ++i)
    SUIT_TRY(run_hook(place(kind, i, hooks[i]), hooks[i], input, state.bundle));
  return {};
}

Result<void> run_hooks_inside(std::string_view kind, const std::vector<oci::Hook>& hooks,
                              const ContainerState& state, Status status, const oci::Spec& spec,
                              const HostFacts& facts, const ExecTarget& target) {
  if (hooks.empty()) return {};
  std::string input = oci_state(state, status).dump();
  SUIT_LET(os::Fd pidfd, open_process(state.init));
  SUIT_LET(os::Fd root, os::open_at(os::FdRef::cwd(), fmt::format("/proc/{}/root", state.init.pid),
                                    O_PATH | O_DIRECTORY));
  oci::Spec hosting = spec;
  if (target.is_before_pivot) {
    // Of the runtime, but inside: the container's user and limits are not there yet.
    hosting.process = {};
    std::vector<std::string> all;
    for (unsigned number = 0; number <= facts.last_capability; ++number)
      if ((facts.bounding >> number & 1) != 0 && !capability_name(number).empty())
        all.emplace_back(capability_name(number));
    hosting.process.capabilities = {all, all, {}, all, {}};
  }
  Inside inside{hosting, facts, target, pidfd, root};
  for (std::size_t i = 0; i < hooks.size(); ++i)
    SUIT_TRY(run_inside(place(kind, i, hooks[i]), hooks[i], input, inside));
  return {};
}

}  // namespace suit::runtime
