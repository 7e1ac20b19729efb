// run, create, start.

#include <unistd.h>

#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/images_from_afar.h"
#include "cli/run_options.h"
#include "os/file.h"
#include "runtime/explain.h"

namespace suit::cli {
namespace {

// Looked at before anything is made, so that nothing is left when it is there.
Result<void> check_cidfile(const std::string& path) {
  if (path.empty() || !os::exists(path)) return {};
  return fail(EEXIST, fmt::format("container ID file \"{}\"", path),
              "remove it, or make sure that the other container is not running");
}

Result<void> write_cidfile(const std::string& path, const std::string& id) {
  if (path.empty()) return {};
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
  return {};
}

// How `run` and `start` look on, beside what the container was created with.
void declare_look(FlagSet& flags, engine::Look& look) {
  flags
      .add('\0', "detach-keys", &look.keys, "string",
           "Override the key sequence for detaching a container (default ctrl-p,ctrl-q)")
      .toggle('\0', "sig-proxy", look.sig_proxy, "Proxy received signals to the process");
}

Result<void> check_keys(const std::string& keys) {
  if (keys.empty()) return {};
  SUIT_LET([[maybe_unused]] const engine::DetachKeys checked, engine::DetachKeys::parse(keys));
  return {};
}

void print_plan(Invocation& in, const RunFlags& run, const runtime::LaunchPlan& plan,
                const runtime::Timeline* timeline) {
  const bool json = run.explain == "json";
  const std::string text = json ? runtime::explain_json(plan, timeline).dump(2) + "\n"
                                : runtime::explain_text(plan, timeline);
  // A dry run has nothing else to say on stdout; beside a program's output the story goes to
  // stderr.
  if (run.dry_run)
    in.console.text(text);
  else
    in.console.complain(text);
}

Result<int> run_in_foreground(Invocation& in, engine::Engine& engine, engine::Held held,
                              const RunFlags& run) {
  const auto explain = run.explain ? engine::Engine::Explain::Yes : engine::Engine::Explain::No;
  SUIT_LET(const engine::RunResult result, engine.run_attached(std::move(held), explain, run.look));
  if (result.explanation)
    print_plan(in, run, result.explanation->plan, &result.explanation->timeline);
  if (result.status.oom_killed)
    in.console.complain(fmt::format(
        "suit: out of memory: the kernel killed a program of the container at its limit{}\n",
        run.limits.memory.empty() ? std::string() : " (-m " + run.limits.memory + ")"));
  return result.detached ? 0 : result.status.shell_code();
}

}  // namespace

bool lacks_terminal(Invocation& in, bool is_needed) {
  if (!is_needed || ::isatty(STDIN_FILENO) == 1) return false;
  in.console.complain("the input device is not a TTY\n");
  return true;
}

Result<int> container_run(Invocation& in) {
  RunFlags run;
  FlagSet flags;
  declare_run_flags(flags, run);
  declare_look(flags, run.look);
  flags.toggle('d', "detach", run.detach, "Run container in background and print container ID")
      .toggle('\0', "dry-run", run.dry_run, "Print the plan of the start, execute nothing")
      .optional_text("explain", run.explain, "text",
                     "Tell every step of the start with its reason: text or json");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_TRY(check_explain(run));
  SUIT_TRY(check_keys(run.look.keys));
  if (run.detach && !run.attach.empty())
    return fail(0, "conflicting options: cannot specify both --attach and --detach");
  SUIT_TRY(interpret(run, args));
  if (!run.detach && lacks_terminal(in, run.options.tty && run.options.interactive)) return 1;
  SUIT_LET(const PullPolicy pull, parse_pull_policy(run.pull));
  SUIT_LET(engine::Engine engine, in.open_engine());
  if (run.dry_run) {
    SUIT_LET(const runtime::LaunchPlan plan, engine.plan(run.options));
    print_plan(in, run, plan, nullptr);
    return 0;
  }
  SUIT_TRY(check_cidfile(run.cidfile));
  SUIT_LET(run.options.image, ensure_image(engine, run.options.image, pull, run.quiet));
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
  declare_run_flags(flags, run);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_TRY(interpret(run, args));
  SUIT_LET(const PullPolicy pull, parse_pull_policy(run.pull));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_TRY(check_cidfile(run.cidfile));
  SUIT_LET(run.options.image, ensure_image(engine, run.options.image, pull, run.quiet));
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
  constexpr std::array<std::string_view, 2> kMissing = {"checkpoint", "checkpoint-dir"};
  FlagSet flags;
  declare_look(flags, run.look);
  flags.toggle('a', "attach", attach, "Attach STDOUT/STDERR and forward signals")
      .toggle('i', "interactive", interactive, "Attach container's STDIN")
      .optional_text("explain", run.explain, "text",
                     "Tell every step of the start with its reason (with -a): text or json")
      .unsupported(kMissing);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  run.detach = !(attach || interactive);
  SUIT_TRY(check_explain(run));
  SUIT_TRY(check_keys(run.look.keys));
  if (!run.detach && args.size() > 1)
    return fail(0, "you cannot start and attach multiple containers at once");
  SUIT_LET(engine::Engine engine, in.open_engine());
  if (!run.detach) {
    SUIT_LET(const engine::Status container, engine.find(args[0]));
    SUIT_LET(engine::Held held, engine.hold(container));
    run.look.input = interactive;
    if (lacks_terminal(in, held.record.tty && held.record.interactive && interactive)) {
      engine.release(std::move(held));
      return 1;
    }
    return run_in_foreground(in, engine, std::move(held), run);
  }
  return for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    SUIT_LET(const engine::Status container, engine.find(name));
    if (!container.state.lives()) {
      SUIT_LET(engine::Held held, engine.hold(container));
      SUIT_TRY(engine.start_detached(std::move(held)));
    }
    in.console.print("{}\n", name);
    return {};
  });
}

}  // namespace suit::cli
