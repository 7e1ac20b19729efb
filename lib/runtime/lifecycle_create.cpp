// create, and run.

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/time.h"
#include "runtime/hooks.h"
#include "runtime/lifecycle_internal.h"

namespace suit::runtime {
namespace {

// Gives the name back, unless the container came to be.
class Claim {
 public:
  Claim(const StateStore& store, std::string id) : store_(store), id_(std::move(id)) {}
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;
  ~Claim() {
    if (id_.empty()) return;
    if (auto removed = store_.remove(id_); !removed)
      SUIT_LOG(Warn, "{}", removed.error().message());
  }
  void keep() { id_.clear(); }

 private:
  const StateStore& store_;
  std::string id_;
};

// The ends of the two fifos that a created container waits and reports on.
struct StartFifos {
  os::Fd start, report_read, report_write;
};

Result<StartFifos> make_fifos(const std::string& directory) {
  for (const char* name : {"/start", "/report"})
    if (::mkfifo((directory + name).c_str(), 0600) != 0)
      return fail(errno, fmt::format("mkfifo(\"{}{}\")", directory, name));
  StartFifos fifos;
  // Both directions: it never sees an end-of-file, and waits for the byte of `start`.
  SUIT_LET(fifos.start, os::open_at(os::FdRef::cwd(), directory + "/start", O_RDWR));
  SUIT_LET(fifos.report_read,
           os::open_at(os::FdRef::cwd(), directory + "/report", O_RDONLY | O_NONBLOCK));
  SUIT_LET(fifos.report_write, os::open_at(os::FdRef::cwd(), directory + "/report", O_WRONLY));
  return fifos;
}

ContainerState new_state(const CreateOptions& options, const Bundle& bundle,
                         const LaunchPlan& plan) {
  ContainerState state;
  state.id = options.id;
  state.bundle = bundle.path;
  state.rootfs = bundle.spec.root_path;
  state.created = to_rfc3339(now_ns());
  state.owner = ::geteuid();
  state.annotations = bundle.spec.annotations;
  state.cgroup_dir = plan.cgroup_dir;
  for (const Cgroup1Dir& dir : plan.cgroup1_dirs)
    state.cgroup1_dirs.push_back(dir.path);
  state.cgroup_path = plan.cgroup_path;
  state.has_pivot = options.plan.has_pivot;
  state.new_keyring = options.plan.new_keyring;
  state.preserved_fds = options.plan.preserved_fds;
  return state;
}

// Before the root is switched: hooks of the runtime, then those inside.
Result<void> create_hooks(const Bundle& bundle, const HostFacts& facts, ContainerState state,
                          pid_t pid) {
  const oci::Hooks& hooks = bundle.spec.hooks;
  SUIT_LET(state.init, pid_ref(pid));
  SUIT_TRY(run_hooks("prestart", hooks.prestart, state, Status::Creating));
  SUIT_TRY(run_hooks("createRuntime", hooks.create_runtime, state, Status::Creating));
  ExecTarget target = exec_target(state, bundle.spec);
  target.is_before_pivot = true;
  return run_hooks_inside("createContainer", hooks.create_container, state, Status::Creating,
                          bundle.spec, facts, target);
}

Result<void> check_terminal(const oci::Process& process, const CreateOptions& options) {
  if (process.args.empty())
    return fail(0, "/process: is required to create a container",
                "a config.json without a process has nothing to start");
  if (process.terminal && !options.console)
    return fail(0, "/process/terminal: a terminal needs somebody who holds its other end",
                "give a socket with --console-socket, or run in the foreground");
  if (!process.terminal && options.console)
    return fail(0, "--console-socket: the process asks for no terminal",
                "set /process/terminal, or leave the socket out");
  return {};
}

// What failed on the way is not there any more: hooks that clean up after it run.
void after_failure(const Bundle& bundle, const ContainerState& state) {
  auto ran = run_hooks("poststop", bundle.spec.hooks.poststop, state, Status::Stopped);
  if (!ran) SUIT_LOG(Warn, "{}", ran.error().message());
}

Result<Container> launch_container(const StateStore& store, const CreateOptions& options,
                                   Created& made) {
  SUIT_LET(os::Fd rootfs,
           clone_tree(made.bundle.spec.root_path, made.bundle.spec.linux_.rootfs_propagation));
  SUIT_LET(Stdio stdio, own_stdio());
  StartFifos fifos;
  LaunchInputs inputs{rootfs,          stdio.in, stdio.out, stdio.err, options.dies_with_parent,
                      options.is_timed};
  inputs.console = options.console;
  if (options.plan.waits_for_start) {
    SUIT_LET(fifos, make_fifos(store.directory(options.id)));
    inputs.start = fifos.start;
    inputs.report_read = fifos.report_read;
    inputs.report_write = fifos.report_write;
  }
  inputs.at_rendezvous = [&](pid_t pid) {
    return create_hooks(made.bundle, made.facts, made.state, pid);
  };
  auto launched = launch(made.plan, inputs);
  if (!launched) after_failure(made.bundle, made.state);
  return launched;
}

Result<void> record(const StateStore& store, const CreateOptions& options, Created& made) {
  SUIT_LET(made.state.init, pid_ref(made.container.pid()));
  SUIT_TRY(store.save_config(options.id, made.bundle.text));
  SUIT_TRY(store.save(made.state));
  return write_pid_file(options.pid_file, made.container.pid());
}

Result<Created> make_container(const StateStore& store, Bundle bundle,
                               const CreateOptions& options) {
  SUIT_TRY(check_terminal(bundle.spec.process, options));
  SUIT_LET(HostFacts facts, probe_host());
  if (!options.has_cgroup) forget_cgroups(facts);
  SUIT_LET(LaunchPlan plan, plan_launch(bundle.spec, facts, options.id, options.plan));
  SUIT_TRY(store.claim(options.id));
  Claim claim(store, options.id);
  ContainerState state = new_state(options, bundle, plan);
  Created made{std::move(bundle), std::move(facts), std::move(plan), std::move(state), {}};
  if (options.plan.waits_for_start) {
    // Seen as "creating", and as an orphan when we die.
    SUIT_LET(made.state.creator, pid_ref(::getpid()));
    SUIT_TRY(store.save(made.state));
  }
  auto launched = launch_container(store, options, made);
  if (!launched) return std::unexpected(std::move(launched).error());
  made.container = *std::move(launched);
  SUIT_TRY(record(store, options, made));
  claim.keep();
  return made;
}

}  // namespace

Result<Stdio> own_stdio() {
  Stdio out;
  os::Fd* fds[] = {&out.in, &out.out, &out.err};
  for (int i = 0; i < 3; ++i) {
    int copy = ::fcntl(i, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) return fail(errno, fmt::format("fcntl({}, F_DUPFD_CLOEXEC)", i));
    fds[i]->reset(copy);
  }
  return out;
}

void forget_cgroups(HostFacts& facts) {
  facts.cgroup2_dir.clear();
  facts.cgroup2_controllers.clear();
  facts.cgroup1.clear();
}

ExecTarget exec_target(const ContainerState& state, const oci::Spec& spec) {
  return {state.id, namespaces_of(spec), state.cgroup_dir, state.cgroup1_dirs, false};
}

Result<void> write_pid_file(const std::string& path, pid_t pid) {
  if (path.empty()) return {};
  return os::replace_file(path, std::to_string(pid), 0644);
}

Result<void> create_container(const StateStore& store, Bundle bundle, CreateOptions options) {
  options.plan.waits_for_start = true;
  SUIT_LET(Created made, make_container(store, std::move(bundle), options));
  made.container.release();
  return {};
}

Result<Created> run_container(const StateStore& store, Bundle bundle, CreateOptions options) {
  // Hooks that run inside, once all is ready, need the two steps.
  options.plan.waits_for_start = !bundle.spec.hooks.start_container.empty();
  SUIT_LET(Created made, make_container(store, std::move(bundle), options));
  if (options.plan.waits_for_start) {
    SUIT_TRY(start_container(store, options.id));
    return made;
  }
  auto ran = run_hooks("poststart", made.bundle.spec.hooks.poststart, made.state, Status::Running);
  if (ran) return made;
  SUIT_TRY(made.container.kill(SIGKILL));
  SUIT_LET(ExitStatus ended, made.container.wait());
  (void)ended;
  SUIT_TRY(end_container(store, made.state));
  return std::unexpected(std::move(ran).error());
}

}  // namespace suit::runtime
