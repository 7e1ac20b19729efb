/// \file
/// Another program in a running container: planned as its first one was, joined by one setns(2).
///
/// Nobody records it: it is a child of this process, and lives on when this process leaves.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "engine/copy.h"
#include "engine/process_internal.h"
#include "engine/supervise_internal.h"
#include "runtime/caps.h"
#include "runtime/console.h"
#include "runtime/seccomp.h"

namespace suit::engine {
namespace {

Result<void> check_runs(const Status& container) {
  if (container.state.phase == State::Phase::Running) return {};
  if (container.state.phase == State::Phase::Paused)
    return fail(0, fmt::format("Container {} is paused, unpause the container before exec",
                               container.record.name));
  if (container.state.phase == State::Phase::Restarting)
    return fail(0, fmt::format("Container {} is restarting, wait until the container is running",
                               container.record.id));
  return fail(0, fmt::format("Container {} is not running", container.record.id),
              fmt::format("start it first: suit start {}", container.record.name));
}

// The container's record, as if it had been made for this program.
Record record_for(const Status& container, const ExecRequest& request) {
  Record record = container.record;
  record.args = request.args;
  record.tty = request.tty;
  if (!request.user.empty()) record.user = request.user;
  if (!request.working_dir.empty()) record.working_dir = request.working_dir;
  for (const std::string& entry : request.env) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos)
      oci::set_env(record.env, entry.substr(0, equals), entry.substr(equals + 1));
  }
  return record;
}

void give_all_capabilities(oci::Capabilities& capabilities) {
  std::vector<std::string> all;
  for (unsigned number = 0; !runtime::capability_name(number).empty(); ++number)
    all.emplace_back(runtime::capability_name(number));
  capabilities.bounding = capabilities.effective = capabilities.permitted = all;
}

// A program in the container, running.
struct Joined {
  runtime::Container container;
  Pump pump;
};

Result<Joined> join(Engine& engine, const Status& container, const ExecRequest& request,
                    bool input) {
  SUIT_TRY(check_runs(container));
  const Record record = record_for(container, request);
  SUIT_LET(const runtime::HostFacts facts, runtime::probe_host());
  os::User user;
  SUIT_TRY(with_root(engine, container, [&](const os::Root& root) -> Result<void> {
    SUIT_LET(user, os::resolve_user(root, record.user.empty() ? "0" : record.user));
    return {};
  }));
  oci::Spec spec = oci::default_spec();
  spec.process = make_process(record, user, facts);
  if (request.privileged) give_all_capabilities(spec.process.capabilities);
  if (record.host_network)
    std::erase_if(spec.linux_.namespaces, [](const auto& one) { return one.type == "network"; });
  const runtime::ExecTarget target{record.id, runtime::namespaces_of(spec),
                                   container.state.cgroup_dir, container.state.cgroup1_dirs, false};
  SUIT_LET(const runtime::SeccompFilter filter, runtime::default_filter(spec.process.capabilities));
  SUIT_LET(
      const runtime::LaunchPlan plan,
      runtime::plan_exec(spec, facts, target, {.filter = request.privileged ? nullptr : &filter}));
  SUIT_LET(const os::Fd pidfd, open_container_process(container.state));
  SUIT_LET(const os::Fd root,
           os::open_at(os::FdRef::cwd(), fmt::format("/proc/{}/root", container.state.pid),
                       O_PATH | O_DIRECTORY));
  SUIT_LET(Streams streams, Streams::create(request.tty, input));
  runtime::LaunchInputs inputs = streams.inputs(root);
  inputs.target = pidfd;
  SUIT_LET(runtime::Container joined, runtime::launch(plan, inputs));
  SUIT_LET(Pump pump, streams.pump(std::nullopt));
  engine.tell(container.record, "exec_start: " + fmt::format("{}", request.args[0]));
  return Joined{std::move(joined), std::move(pump)};
}

// The caller has typed the keys and goes; a copy of this process reads on, so that the program does
// not find its terminal closed.
void stay_in_our_place(Joined& joined, const SignalQueue& signals) {
  if (::fork() != 0) return;
  ::setsid();
  const os::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd : {0, 1, 2})
    ::dup2(null.raw(), fd);
  joined.pump.run(joined.container, signals);
  ::_exit(0);
}

}  // namespace

Result<RunResult> Engine::exec(const Status& container, const ExecRequest& request) {
  SUIT_LET(const SignalQueue signals, SignalQueue::create());
  SUIT_LET(Joined joined, join(*this, container, request, request.interactive));
  const runtime::RawMode raw(request.tty && request.interactive ? STDIN_FILENO : -1);
  Onlooking caller;
  caller.is_caller = true;
  caller.out[0].fd = STDOUT_FILENO;
  caller.out[1].fd = STDERR_FILENO;
  if (request.interactive) caller.in = STDIN_FILENO;
  if (request.tty) caller.window = STDIN_FILENO;
  if (request.tty) caller.keys = request.keys;
  joined.pump.add(std::move(caller));
  bool detached = false;
  joined.pump.on_detach([&] {
    detached = true;
    joined.pump.stop();
  });
  joined.pump.run(joined.container, signals);
  if (detached) {
    stay_in_our_place(joined, signals);
    joined.container.release();
    return RunResult{{}, std::nullopt, true};
  }
  SUIT_LET(const runtime::ExitStatus status, joined.container.wait());
  if (status.shell_code() == 0) SUIT_TRY(joined.pump.delivered());
  return RunResult{status, std::nullopt, false};
}

Result<void> Engine::exec_detached(const Status& container, const ExecRequest& request) {
  SUIT_LET(const SignalQueue signals, SignalQueue::create());
  SUIT_LET(Joined joined, join(*this, container, request, false));
  // Its output goes nowhere, but is read: a full pipe would stop it.
  stay_in_our_place(joined, signals);
  joined.container.release();
  return {};
}

}  // namespace suit::engine
