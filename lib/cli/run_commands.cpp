// run, create, start.

#include <unistd.h>

#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/mounts.h"
#include "cli/settings.h"
#include "os/file.h"
#include "runtime/explain.h"

namespace suit::cli {
namespace {

// What Docker's run and create have and ours have not. Refused by name.
constexpr std::array kUnsupported = std::to_array<std::string_view>(
    {"add-host", "annotation", "a,attach", "blkio-weight", "blkio-weight-device", "cap-add",
     "cap-drop", "cgroup-parent", "cgroupns", "cpu-count", "cpu-percent", "cpu-period", "cpu-quota",
     "cpu-rt-period", "cpu-rt-runtime", "c,cpu-shares", "cpus", "cpuset-cpus", "cpuset-mems",
     "detach-keys", "device", "device-cgroup-rule", "device-read-bps", "device-read-iops",
     "device-write-bps", "device-write-iops", "disable-content-trust", "dns", "dns-option",
     "dns-search", "domainname", "expose", "gpus", "group-add", "health-cmd", "health-interval",
     "health-retries", "health-start-interval", "health-start-period", "health-timeout", "init",
     "io-maxbandwidth", "io-maxiops", "ip", "ip6", "ipc", "isolation", "kernel-memory", "label-file",
     "link", "link-local-ip", "log-driver", "log-opt", "mac-address", "m,memory",
     "memory-reservation", "memory-swap", "memory-swappiness", "network-alias", "no-healthcheck",
     "oom-kill-disable", "oom-score-adj", "pid", "pids-limit", "platform", "privileged", "p,publish",
     "P,publish-all", "pull", "restart", "runtime", "security-opt", "shm-size", "sig-proxy",
     "stop-timeout", "storage-opt", "sysctl", "t,tty", "ulimit", "use-api-socket", "userns", "uts",
     "volume-driver", "volumes-from"});

struct RunFlags {
  engine::CreateOptions options;
  std::vector<std::string> env, env_files, labels, volumes, mounts, tmpfs;
  std::optional<std::string> entrypoint, explain;
  std::string network, cidfile;
  bool detach = false, dry_run = false, quiet = false;
};

void declare(FlagSet& flags, RunFlags& run) {
  engine::CreateOptions& options = run.options;
  flags.add('\0', "cidfile", &run.cidfile, "string", "Write the container ID to the file")
      .add('\0', "entrypoint", &run.entrypoint, "string", "Overwrite the ENTRYPOINT of the image")
      .add('e', "env", &run.env, "list", "Set environment variables: NAME=value, or NAME for ours")
      .add('\0', "env-file", &run.env_files, "list", "Read in a file of environment variables")
      .add('h', "hostname", &options.hostname, "string", "Container host name")
      .toggle('i', "interactive", options.interactive, "Give our standard input to the program")
      .add('l', "label", &run.labels, "list", "Set meta data on a container")
      .add('\0', "mount", &run.mounts, "mount",
           "Attach a filesystem mount: type=bind,source=/a,target=/b,readonly")
      .add('\0', "name", &options.name, "string", "Assign a name to the container")
      .add('\0', "network", &run.network, "string", "Network: 'none' (default) or 'host'")
      .add('\0', "net", &run.network, "string", "The same as --network")
      .toggle('\0', "read-only", options.read_only, "Mount the container's root filesystem as read only")
      .toggle('q', "quiet", run.quiet, "Suppress the pull output (there is none)")
      .toggle('\0', "rm", options.auto_remove, "Automatically remove the container when it exits")
      .add('\0', "stop-signal", &options.stop_signal, "string", "Signal to stop the container")
      .add('\0', "tmpfs", &run.tmpfs, "list", "Mount a tmpfs directory: /run, or /run:size=64m")
      .add('u', "user", &options.user, "string", "Username or UID (format: <name|uid>[:<group|gid>])")
      .add('v', "volume", &run.volumes, "list", "Bind mount a directory of the host: /a:/b[:ro]")
      .add('w', "workdir", &options.working_dir, "string", "Working directory inside the container")
      .unsupported(kUnsupported);
}

Result<oci::SpecMount> tmpfs_mount(const std::string& text) {
  const std::size_t colon = text.find(':');
  oci::SpecMount mount{text.substr(0, colon), "tmpfs", "tmpfs", {"noexec", "nosuid", "nodev"}};
  std::string_view rest;
  if (colon != std::string::npos) rest = std::string_view(text).substr(colon + 1);
  while (!rest.empty()) {
    const std::string_view option = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), option.size() + 1));
    if (!option.empty()) mount.options.emplace_back(option);
  }
  if (!mount.destination.starts_with('/'))
    return fail(0, fmt::format("invalid mount path: '{}' must be an absolute path", mount.destination));
  return mount;
}

Result<void> add_mounts(RunFlags& run) {
  SUIT_LET(const std::string cwd, current_directory());
  for (const std::string& text : run.volumes) {
    SUIT_LET(const MountRequest request, parse_volume(text));
    SUIT_LET(oci::SpecMount mount, to_spec_mount(request, cwd));
    run.options.mounts.push_back(std::move(mount));
  }
  for (const std::string& text : run.mounts) {
    Result<MountRequest> request = parse_mount(text, cwd);
    if (!request) return wrap(std::move(request).error(), fmt::format("--mount {}", text));
    SUIT_LET(oci::SpecMount mount, to_spec_mount(*request, cwd));
    run.options.mounts.push_back(std::move(mount));
  }
  for (const std::string& text : run.tmpfs) {
    SUIT_LET(oci::SpecMount mount, tmpfs_mount(text));
    run.options.mounts.push_back(std::move(mount));
  }
  return {};
}

// From flags and arguments to what the engine is asked for.
Result<void> interpret(RunFlags& run, const std::vector<std::string>& args) {
  engine::CreateOptions& options = run.options;
  options.image = args[0];
  options.command.assign(args.begin() + 1, args.end());
  // Docker: `--entrypoint ""` takes the image's away.
  if (run.entrypoint) options.entrypoint = run.entrypoint->empty()
                                               ? std::vector<std::string>()
                                               : std::vector<std::string>{*run.entrypoint};
  SUIT_LET(options.env, read_environment(run.env_files, run.env));
  SUIT_LET(options.labels, read_labels(run.labels));
  if (run.network == "host") {
    options.network = engine::Network::Host;
  } else if (!run.network.empty() && run.network != "none") {
    return fail(0, fmt::format("network {} is not supported yet", run.network),
                "there are --network none and --network host");
  }
  return add_mounts(run);
}

Result<void> write_cidfile(const std::string& path, const std::string& id) {
  if (path.empty()) return {};
  if (os::exists(path))
    return fail(EEXIST, fmt::format("container ID file \"{}\"", path),
                "remove it, or make sure that the other container is not running");
  return os::replace_file(path, id, 0644);
}

Result<void> check_explain(const RunFlags& run) {
  if (run.explain && *run.explain != "text" && *run.explain != "json")
    return fail(0, fmt::format("invalid argument \"{}\" for \"--explain\" flag: it is text or json",
                               *run.explain));
  if (run.dry_run && run.detach) return fail(0, "--dry-run starts nothing that could be detached");
  if (run.explain && run.detach)
    return fail(0, "--explain tells of a start in the foreground",
                "leave out --detach, or add --dry-run instead");
  if (run.detach && run.options.interactive)
    return fail(0, "--interactive has no standard input to give to a detached container",
                "leave out one of -d and -i");
  return {};
}

void print_plan(Invocation& in, const RunFlags& run, const runtime::LaunchPlan& plan,
                const runtime::Timeline* timeline) {
  const bool json = run.explain == "json";
  const std::string text = json ? runtime::explain_json(plan, timeline).dump(2) + "\n"
                                : runtime::explain_text(plan, timeline);
  // A dry run has nothing else to say on stdout; beside a program's output the story goes to stderr.
  if (run.dry_run) in.console.text(text);
  else in.console.complain(text);
}

Result<int> run_in_foreground(Invocation& in, engine::Engine& engine, engine::Held held,
                              const RunFlags& run) {
  const auto explain = run.explain ? engine::Engine::Explain::Yes : engine::Engine::Explain::No;
  SUIT_LET(const engine::RunResult result, engine.run_attached(std::move(held), explain));
  if (result.explanation)
    print_plan(in, run, result.explanation->plan, &result.explanation->timeline);
  return result.status.shell_code();
}

}  // namespace

Result<int> container_run(Invocation& in) {
  RunFlags run;
  FlagSet flags;
  declare(flags, run);
  flags.toggle('d', "detach", run.detach, "Run container in background and print container ID")
      .toggle('\0', "dry-run", run.dry_run, "Print the plan of the start, execute nothing")
      .optional_text("explain", run.explain, "text",
                     "Tell every step of the start with its reason: text or json");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_TRY(check_explain(run));
  SUIT_TRY(interpret(run, args));
  SUIT_LET(engine::Engine engine, in.open_engine());
  if (run.dry_run) {
    SUIT_LET(const runtime::LaunchPlan plan, engine.plan(run.options));
    print_plan(in, run, plan, nullptr);
    return 0;
  }
  SUIT_LET(engine::Held held, engine.create(run.options));
  const std::string id = held.record.id;
  SUIT_TRY(write_cidfile(run.cidfile, id));
  if (!run.detach) return run_in_foreground(in, engine, std::move(held), run);
  SUIT_TRY(engine.start_detached(std::move(held)));
  in.console.print("{}\n", id);
  return 0;
}

Result<int> container_create(Invocation& in) {
  RunFlags run;
  FlagSet flags;
  declare(flags, run);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_TRY(interpret(run, args));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(engine::Held held, engine.create(run.options));
  const std::string id = held.record.id;
  engine.release(std::move(held));
  SUIT_TRY(write_cidfile(run.cidfile, id));
  in.console.print("{}\n", id);
  return 0;
}

Result<int> container_start(Invocation& in) {
  RunFlags run;
  bool attach = false;
  bool interactive = false;
  constexpr std::array<std::string_view, 3> kMissing = {"checkpoint", "checkpoint-dir", "detach-keys"};
  FlagSet flags;
  flags.toggle('a', "attach", attach, "Attach STDOUT/STDERR and forward signals")
      .toggle('i', "interactive", interactive, "Attach container's STDIN")
      .optional_text("explain", run.explain, "text",
                     "Tell every step of the start with its reason (with -a): text or json")
      .unsupported(kMissing);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  run.detach = !(attach || interactive);
  SUIT_TRY(check_explain(run));
  if (!run.detach && args.size() > 1)
    return fail(0, "you cannot start and attach multiple containers at once");
  SUIT_LET(engine::Engine engine, in.open_engine());
  if (!run.detach) {
    SUIT_LET(const engine::Status container, engine.find(args[0]));
    SUIT_LET(engine::Held held, engine.hold(container));
    held.record.interactive = interactive;
    return run_in_foreground(in, engine, std::move(held), run);
  }
  return for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    SUIT_LET(const engine::Status container, engine.find(name));
    if (container.state.phase != engine::State::Phase::Running) {
      SUIT_LET(engine::Held held, engine.hold(container));
      SUIT_TRY(engine.start_detached(std::move(held)));
    }
    in.console.print("{}\n", name);
    return {};
  });
}

}  // namespace suit::cli
