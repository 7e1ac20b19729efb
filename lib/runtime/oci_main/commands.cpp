// Commands that change containers.

#include "runtime/oci_main/commands.h"

#include <regex.h>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "os/file.h"
#include "runtime/console.h"
#include "runtime/explain.h"
#include "runtime/lifecycle.h"

namespace suit::oci_main {
namespace {

constexpr unsigned kMostPreserved = 1000;  // descriptors handed on

// Where a terminal goes: to a socket of the caller's, or to us.
struct Console {
  os::Fd socket;  ///< for the launch; none: no terminal
  os::Fd ours;    ///< where it arrives, when we stay
};

Result<Console> make_console(bool has_terminal, const Arguments& args, bool we_stay) {
  Console console;
  std::string path = args.text("console-socket");
  if (!path.empty() && has_terminal) {
    SUIT_LET(console.socket, runtime::connect_console(path));
  } else if (has_terminal && we_stay) {
    SUIT_LET(auto pair, runtime::console_pair());
    console.socket = std::move(pair.first);
    console.ours = std::move(pair.second);
  }
  return console;
}

Result<runtime::CreateOptions> create_options(const Session& session, const Arguments& args) {
  runtime::CreateOptions options;
  options.id = args.positional[0];
  options.pid_file = args.text("pid-file");
  options.has_cgroup = session.has_cgroup;
  options.plan.has_pivot = !args.has("no-pivot");
  SUIT_LET(options.plan.preserved_fds, args.number("preserve-fds", 0, kMostPreserved));
  return options;
}

// Ids that a regular expression names, or the one id.
Result<std::vector<std::string>> matching(const Session& session, const Arguments& args) {
  if (!args.has("regex")) return std::vector<std::string>{args.positional[0]};
  regex_t pattern{};
  if (::regcomp(&pattern, args.positional[0].c_str(), REG_EXTENDED | REG_NOSUB) != 0)
    return fail(0, fmt::format("\"{}\" is not a regular expression", args.positional[0]));
  auto ids = session.store.list();
  if (ids)
    std::erase_if(*ids, [&](const std::string& id) {
      return ::regexec(&pattern, id.c_str(), 0, nullptr, 0) != 0;
    });
  ::regfree(&pattern);
  return ids;
}

Result<std::uint32_t> parse_id(std::string_view option, std::string_view text) {
  std::uint32_t id = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (code != std::errc{} || end != text.data() + text.size() || id == UINT32_MAX)
    return fail(0, fmt::format("--{}: \"{}\" is not an id", option, text),
                "give numbers: UID or UID:GID");
  return id;
}

Result<void> apply_user(const Arguments& args, oci::Process& process) {
  if (args.has("user")) {
    std::string text = args.text("user");
    std::size_t colon = text.find(':');
    SUIT_LET(process.user.uid, parse_id("user", std::string_view(text).substr(0, colon)));
    if (colon != std::string::npos) {
      SUIT_LET(process.user.gid, parse_id("user", std::string_view(text).substr(colon + 1)));
    }
  }
  for (const std::string& text : args.texts("additional-gids")) {
    SUIT_LET(std::uint32_t gid, parse_id("additional-gids", text));
    process.user.additional_gids.push_back(gid);
  }
  return {};
}

void add_capability(oci::Capabilities& sets, const std::string& name) {
  for (auto* set : {&sets.bounding, &sets.effective, &sets.permitted})
    if (std::ranges::find(*set, name) == set->end()) set->push_back(name);
}

// The container's own process, changed by the options; or the one of --process.
Result<oci::Process> exec_process(const Session& session, const Arguments& args) {
  if (args.has("process")) {
    if (args.positional.size() > 1)
      return fail(0, "exec: a program is given twice, by --process and as arguments");
    std::string file = args.text("process");
    SUIT_LET(std::string text, os::read_file(file, 4U << 20));
    auto process = oci::parse_process(text);
    if (!process) return wrap(std::move(process).error(), file);
    if (args.has("tty")) process->terminal = true;
    SUIT_LET(runtime::ContainerState state, session.store.load(args.positional[0]));
    runtime::add_home(*process, state.rootfs);
    return process;
  }
  if (args.positional.size() < 2)
    return fail(0, "exec: the program is missing", "suit-oci exec ID PROGRAM [ARGUMENT...]");
  SUIT_LET(runtime::ContainerState state, session.store.load(args.positional[0]));
  SUIT_LET(oci::Spec spec, runtime::container_spec(session.store, state));
  oci::Process process = std::move(spec.process);
  process.args.assign(args.positional.begin() + 1, args.positional.end());
  process.terminal = args.has("tty");
  process.cwd = args.text("cwd", process.cwd);
  for (const std::string& entry : args.texts("env"))
    process.env.push_back(entry);
  for (const std::string& name : args.texts("cap"))
    add_capability(process.capabilities, name);
  process.apparmor_profile = args.text("apparmor", process.apparmor_profile);
  process.selinux_label = args.text("process-label", process.selinux_label);
  process.no_new_privileges = process.no_new_privileges || args.has("no-new-privs");
  SUIT_TRY(apply_user(args, process));
  if (args.has("user")) {
    std::erase_if(process.env, [](const std::string& entry) { return entry.starts_with("HOME="); });
    runtime::add_home(process, state.rootfs);
  }
  return process;
}

Result<int> stay(runtime::Container& container, Console& console, const os::Fd& signals) {
  console.socket.reset();
  os::Fd terminal;
  if (console.ours.valid()) {
    SUIT_LET(terminal, runtime::receive_terminal(console.ours));
  }
  SUIT_LET(runtime::ExitStatus status, stay_with(container, std::move(terminal), signals));
  return status.shell_code();
}

}  // namespace

Result<int> create(const Session& session, const Arguments& args) {
  SUIT_LET(runtime::CreateOptions options, create_options(session, args));
  options.plan.new_keyring = !args.has("no-new-keyring");
  SUIT_LET(Console console, make_console(args.has("console-socket"), args, false));
  if (console.socket.valid()) options.console = console.socket;
  SUIT_LET(runtime::Bundle bundle,
           runtime::load_bundle(args.text("bundle", "."), args.text("config")));
  SUIT_TRY(runtime::create_container(session.store, std::move(bundle), options));
  return 0;
}

Result<int> start(const Session& session, const Arguments& args) {
  SUIT_TRY(runtime::start_container(session.store, args.positional[0]));
  return 0;
}

Result<int> run(const Session& session, const Arguments& args) {
  SUIT_LET(runtime::CreateOptions options, create_options(session, args));
  bool we_stay = !args.has("detach");
  std::string explain = args.text("explain");
  options.dies_with_parent = we_stay;
  options.is_timed = !explain.empty();
  SUIT_LET(runtime::Bundle bundle,
           runtime::load_bundle(args.text("bundle", "."), args.text("config")));
  SUIT_LET(Console console, make_console(bundle.spec.process.terminal, args, we_stay));
  if (console.socket.valid()) options.console = console.socket;
  // Before the start: a signal that comes early waits.
  SUIT_LET(os::Fd signals, we_stay ? catch_signals() : Result<os::Fd>(os::Fd()));
  SUIT_LET(runtime::Created made,
           runtime::run_container(session.store, std::move(bundle), options));
  if (!explain.empty())
    SUIT_TRY(os::replace_file(
        explain, runtime::explain_json(made.plan, &made.container.timeline()).dump(1), 0644));
  if (!we_stay) {
    made.container.release();
    return 0;
  }
  SUIT_LET(int code, stay(made.container, console, signals));
  if (!args.has("keep")) SUIT_TRY(runtime::end_container(session.store, made.state));
  return code;
}

Result<int> exec(const Session& session, const Arguments& args) {
  runtime::ExecOptions options;
  SUIT_LET(options.process, exec_process(session, args));
  options.pid_file = args.text("pid-file");
  options.cgroup = args.text("cgroup");
  SUIT_LET(options.preserved_fds, args.number("preserve-fds", 0, kMostPreserved));
  bool we_stay = !args.has("detach");
  options.dies_with_parent = we_stay;
  SUIT_LET(Console console, make_console(options.process.terminal, args, we_stay));
  if (console.socket.valid()) options.console = console.socket;
  if (options.process.terminal && !options.console)
    return fail(0, "exec: a terminal needs somebody who holds its other end",
                "give a socket with --console-socket, or leave --detach out");
  SUIT_LET(os::Fd signals, we_stay ? catch_signals() : Result<os::Fd>(os::Fd()));
  SUIT_LET(runtime::Container container,
           runtime::exec_in_container(session.store, args.positional[0], options));
  if (we_stay) return stay(container, console, signals);
  container.release();
  return 0;
}

Result<int> kill(const Session& session, const Arguments& args) {
  SUIT_LET(int signal,
           parse_signal(args.positional.size() > 1 ? args.positional[1] : std::string("TERM")));
  SUIT_LET(std::vector<std::string> ids, matching(session, args));
  for (const std::string& id : ids)
    SUIT_TRY(runtime::kill_container(session.store, id, signal,
                                     args.has("all") ? runtime::Whom::All : runtime::Whom::First));
  return 0;
}

Result<int> remove(const Session& session, const Arguments& args) {
  SUIT_LET(std::vector<std::string> ids, matching(session, args));
  if (!args.has("regex")) ids = args.positional;
  for (const std::string& id : ids)
    SUIT_TRY(runtime::delete_container(
        session.store, id, args.has("force") ? runtime::Force::Yes : runtime::Force::No));
  return 0;
}

}  // namespace suit::oci_main
