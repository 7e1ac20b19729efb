// start, kill, delete, exec.

#include "runtime/lifecycle.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "base/log.h"
#include "os/process.h"
#include "runtime/builder_internal.h"
#include "runtime/cgroup.h"
#include "runtime/failure_internal.h"
#include "runtime/hooks.h"
#include "runtime/lifecycle_internal.h"

namespace suit::runtime {
namespace {

constexpr auto kDeathWait = std::chrono::seconds(10);  // after SIGKILL: a disk may be slow

Error not_running(std::string_view id, Status status) {
  // Callers look for these words.
  return Error(0, fmt::format("container not running: \"{}\" is {}", id, status_name(status)));
}

// The error that the program's start left in the report: the op is one of the container's plan.
Error start_error(const ContainerState& state, const oci::Spec& spec, const Failure& failure) {
  auto facts = probe_host();
  if (!facts) return std::move(facts).error();
  if (cgroups_of(state).empty()) forget_cgroups(*facts);
  PlanOptions options{.waits_for_start = true,
                      .has_pivot = state.has_pivot,
                      .new_keyring = state.new_keyring,
                      .program = {},
                      .preserved_fds = state.preserved_fds};
  auto plan = plan_launch(spec, *facts, state.id, options);
  auto rootfs = os::open_at(os::FdRef::cwd(), state.rootfs, O_PATH | O_DIRECTORY);
  if (!plan || !rootfs || failure.op >= plan->container.size())
    return Error(failure.error, fmt::format("start \"{}\"", state.id)).with_step("exec");
  std::array<int, kSlotCount> slots;
  slots.fill(-1);
  return describe_failure(*plan, failure, *rootfs, slots);
}

// Waits for the report's end-of-file, which the exec makes, or for a record.
Result<Failure> await_report(const os::Fd& report) {
  Failure failure;
  while (true) {
    pollfd wait{report.raw(), POLLIN, 0};
    if (::poll(&wait, 1, -1) < 0 && errno != EINTR) return fail(errno, "poll(report)");
    ssize_t size = ::read(report.raw(), &failure, sizeof failure);
    if (size == static_cast<ssize_t>(sizeof failure)) return failure;
    if (size == 0) return Failure{};
    if (size > 0) return fail(EIO, "a record of the start was cut off");
    if (errno != EAGAIN && errno != EINTR) return fail(errno, "read(report)");
  }
}

// Lets the waiting program go, and learns how that went.
Result<Failure> release_program(const StateStore& store, std::string_view id) {
  std::string directory = store.directory(id);
  SUIT_LET(os::Fd report,
           os::open_at(os::FdRef::cwd(), directory + "/report", O_RDONLY | O_NONBLOCK));
  SUIT_LET(os::Fd start,
           os::open_at(os::FdRef::cwd(), directory + "/start", O_WRONLY | O_NONBLOCK));
  if (::write(start.raw(), "s", 1) != 1) return fail(errno, "write(start)");
  // From now on it counts as running: a second start is refused.
  if (::unlink((directory + "/start").c_str()) != 0) return fail(errno, "unlink(start)");
  return await_report(report);
}

// Each by descriptor: a number may be another process by now.
Result<void> kill_all(const ContainerState& state, int signal) {
  SUIT_LET(std::vector<pid_t> pids, container_pids(state));
  for (pid_t pid : pids) {
    auto pidfd = os::pidfd_open(pid);
    if (!pidfd) continue;
    auto sent = os::pidfd_send_signal(*pidfd, signal);
    if (!sent && sent.error().code() != ESRCH) return sent;
  }
  return {};
}

void kill_and_wait(const ContainerState& state) {
  auto pidfd = open_process(state.init);
  if (!pidfd) return;
  if (auto killed = os::pidfd_send_signal(*pidfd, SIGKILL); !killed) return;
  if (is_frozen(cgroups_of(state)))
    if (auto thawed = thaw_cgroups(cgroups_of(state)); !thawed)
      SUIT_LOG(Warn, "{}", thawed.error().message());
  pollfd wait{pidfd->raw(), POLLIN, 0};
  ::poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(kDeathWait).count()));
}

}  // namespace

Result<std::vector<pid_t>> container_pids(const ContainerState& state) {
  CgroupDirs dirs = cgroups_of(state);
  if (dirs.empty()) return std::vector<pid_t>{state.init.pid};
  return cgroup_pids(dirs);
}

Result<oci::Spec> container_spec(const StateStore& store, const ContainerState& state) {
  SUIT_LET(std::string text, store.load_config(state.id));
  return bundle_spec(text, state.bundle);
}

Result<void> start_container(const StateStore& store, std::string_view id) {
  SUIT_LET(os::Lock lock, store.lock(id));
  SUIT_LET(ContainerState state, store.load(id));
  if (Status status = store.status(state); status != Status::Created)
    return fail(0, fmt::format("cannot start container \"{}\": it is {}, not created", id,
                               status_name(status)));
  SUIT_LET(oci::Spec spec, container_spec(store, state));
  Result<void> hooked;
  if (!spec.hooks.start_container.empty()) {
    SUIT_LET(HostFacts facts, probe_host());
    hooked = run_hooks_inside("startContainer", spec.hooks.start_container, state, Status::Created,
                              spec, facts, exec_target(state, spec));
  }
  if (!hooked) {
    kill_and_wait(state);
    return hooked;
  }
  SUIT_LET(Failure failure, release_program(store, id));
  if (failure.error != 0) return std::unexpected(start_error(state, spec, failure));
  auto after = run_hooks("poststart", spec.hooks.poststart, state, Status::Running);
  if (!after) kill_and_wait(state);
  return after;
}

Result<void> kill_container(const StateStore& store, std::string_view id, int signal, Whom whom) {
  SUIT_LET(ContainerState state, store.load(id));
  Status status = store.status(state);
  // Also of one that has stopped, where others may have been left in a shared pid namespace.
  if (whom == Whom::All && signal == SIGKILL && !cgroups_of(state).empty())
    return kill_cgroups(cgroups_of(state));
  auto pidfd = open_process(state.init);
  if (!pidfd || status == Status::Stopped)
    return whom == Whom::All ? Result<void>() : std::unexpected(not_running(id, Status::Stopped));
  if (whom == Whom::All) return kill_all(state, signal);
  SUIT_TRY(os::pidfd_send_signal(*pidfd, signal));
  // Version 1 lets nobody die who is frozen.
  bool must_die = signal == SIGKILL && status == Status::Paused;
  return must_die ? thaw_cgroups(cgroups_of(state)) : Result<void>();
}

Result<void> end_container(const StateStore& store, const ContainerState& state) {
  SUIT_TRY(remove_cgroups(cgroups_of(state)));
  auto spec = container_spec(store, state);
  SUIT_TRY(store.remove(state.id));
  if (!spec || spec->hooks.poststop.empty()) return {};
  // A failure of these is a warning, and the next one runs.
  for (const oci::Hook& hook : spec->hooks.poststop)
    if (auto ran = run_hooks("poststop", {hook}, state, Status::Stopped); !ran)
      SUIT_LOG(Warn, "{}", ran.error().message());
  return {};
}

Result<void> delete_container(const StateStore& store, std::string_view id, Force force) {
  auto lock = store.lock(id);
  if (!lock && force == Force::Yes && lock.error().code() == ENOENT) return {};
  if (!lock) return std::unexpected(std::move(lock).error());
  auto state = store.load(id);
  // A directory without a state is the rest of a creation that was killed at its start.
  if (!state && force == Force::Yes && state.error().code() == ENOENT) return store.remove(id);
  if (!state) return std::unexpected(std::move(state).error());
  Status status = store.status(*state);
  bool is_idle = status == Status::Stopped || status == Status::Created;
  if (!is_idle && force == Force::No)
    return fail(0,
                fmt::format("cannot delete container \"{}\" that is not stopped: {}", id,
                            status_name(status)),
                "kill it first, or delete it with --force");
  if (status != Status::Stopped) kill_and_wait(*state);
  return end_container(store, *state);
}

Result<Container> exec_in_container(const StateStore& store, std::string_view id,
                                    const ExecOptions& options) {
  SUIT_LET(ContainerState state, store.load(id));
  Status status = store.status(state);
  if (status == Status::Paused)
    return fail(0, fmt::format("cannot exec in container \"{}\": it is paused", id),
                "resume it first");
  if (status != Status::Running && status != Status::Created)
    return std::unexpected(not_running(id, status));
  SUIT_LET(os::Fd pidfd, open_process(state.init));
  SUIT_LET(oci::Spec spec, container_spec(store, state));
  spec.process = options.process;
  SUIT_LET(HostFacts facts, probe_host());
  ExecTarget target = exec_target(state, spec);
  if (!options.cgroup.empty()) {
    if (target.cgroup_dir.empty())
      return fail(0, "--cgroup: the container has no cgroup of version 2");
    // "..": out of it. A path that is clean has none, and starts where the container's ends.
    target.cgroup_dir += clean_path(options.cgroup);
  }
  SUIT_LET(LaunchPlan plan,
           plan_exec(spec, facts, target, {.preserved_fds = options.preserved_fds}));
  SUIT_LET(os::Fd root, os::open_at(os::FdRef::cwd(), fmt::format("/proc/{}/root", state.init.pid),
                                    O_PATH | O_DIRECTORY));
  SUIT_LET(Stdio stdio, own_stdio());
  LaunchInputs inputs{root, stdio.in, stdio.out, stdio.err, options.dies_with_parent};
  inputs.target = pidfd;
  inputs.console = options.console;
  SUIT_LET(Container container, launch(plan, inputs));
  SUIT_TRY(write_pid_file(options.pid_file, container.pid()));
  return container;
}

}  // namespace suit::runtime
