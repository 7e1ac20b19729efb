/// \file
/// suit-oci: the runtime alone, with runc's command line.
///
///     suit-oci spec                     writes a config.json to start from
///     suit-oci run [-b BUNDLE] ID       runs it in the foreground, exits with its code
///
/// Exit codes are Docker's: 125 the start failed, 126 not executable, 127 not found.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"
#include "base/suggest.h"
#include "oci/spec.h"
#include "os/file.h"
#include "os/user.h"
#include "runtime/explain.h"
#include "runtime/plan.h"
#include "runtime/runtime.h"

namespace {

using suit::fail;
using suit::Result;
namespace oci = suit::oci;
namespace os = suit::os;
namespace runtime = suit::runtime;

constexpr std::string_view kUsage =
    "usage: suit-oci run [-b BUNDLE] [--explain FILE] ID\n"
    "       suit-oci spec [-b BUNDLE]\n"
    "       suit-oci --version\n";
// What runc has and this does not: refused by name, so that nobody waits for an effect.
constexpr std::array<std::string_view, 14> kRefused = {
    "create", "start",  "state", "kill", "delete", "exec",     "pause",
    "resume", "update", "ps",    "list", "events", "features", "checkpoint"};

struct Options {
  std::string command;
  std::string bundle = ".";
  std::string explain;  // file for the explanation as JSON; empty: none
  std::string id;
};

void say(std::string_view text) {
  // Nothing can be done about a closed stderr.
  [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

void log_sink(suit::log::Level, std::string_view line) { say(fmt::format("suit-oci: {}\n", line)); }

int report(const suit::Error& error) {
  std::string text = fmt::format("suit-oci: {}\n", error.message());
  if (!error.hint().empty()) text += fmt::format("hint: {}\n", error.hint());
  say(text);
  if (error.step() != "exec") return 125;
  return error.code() == ENOENT ? 127 : 126;
}

Result<Options> parse_options(const std::vector<std::string>& args) {
  Options options;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    bool is_bundle = arg == "-b" || arg == "--bundle";
    if (is_bundle || arg == "--explain") {
      if (i + 1 == args.size()) return fail(0, arg + " needs a value");
      (is_bundle ? options.bundle : options.explain) = args[++i];
    } else if (arg.starts_with('-') && arg.size() > 1) {
      return fail(0, fmt::format("unknown option {}", arg),
                  "options are -b BUNDLE and --explain FILE");
    } else if (options.command.empty()) {
      options.command = arg;
    } else if (options.id.empty()) {
      options.id = arg;
    } else {
      return fail(0, fmt::format("unexpected argument \"{}\"", arg));
    }
  }
  return options;
}

std::string absolute(const std::string& bundle, const std::string& path) {
  if (path.starts_with('/')) return path;
  return bundle + "/" + path;
}

// HOME of the user's entry, where the spec leaves it open.
void add_home(oci::Spec& spec, const std::string& rootfs) {
  for (const std::string& entry : spec.process.env)
    if (entry.starts_with("HOME=")) return;
  auto root = os::Root::open(rootfs);
  if (!root) return;
  auto user = os::resolve_user(*root, std::to_string(spec.process.user.uid));
  spec.process.env.push_back("HOME=" + (user && !user->home.empty() ? user->home : "/"));
}

// config.json of the bundle, with its paths made absolute.
Result<oci::Spec> load_spec(const std::string& bundle) {
  SUIT_LET(std::string text, os::read_file(bundle + "/config.json", 4U << 20));
  auto spec = oci::parse_spec(text);
  if (!spec) return suit::wrap(std::move(spec).error(), bundle + "/config.json");
  spec->root_path = absolute(bundle, spec->root_path);
  for (oci::SpecMount& mount : spec->mounts) {
    bool is_bind = mount.type == "bind";
    for (const std::string& option : mount.options)
      is_bind = is_bind || option == "bind" || option == "rbind";
    if (is_bind) mount.source = absolute(bundle, mount.source);
  }
  add_home(*spec, spec->root_path);
  return spec;
}

// Waits for the container, passing on the signals that come to us.
Result<runtime::ExitStatus> supervise(runtime::Container& container, const os::Fd& signals) {
  while (true) {
    std::array<pollfd, 2> waits = {
        {{container.pidfd().raw(), POLLIN, 0}, {signals.raw(), POLLIN, 0}}};
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return fail(errno, "poll()");
    if (waits[0].revents != 0) return container.wait();
    signalfd_siginfo info{};
    if (waits[1].revents == 0 || ::read(signals.raw(), &info, sizeof info) != sizeof info) continue;
    // A container that is just ending is no error.
    auto sent = container.kill(static_cast<int>(info.ssi_signo));
  }
}

// Signals that a caller may send us; SIGCHLD is our own, the rest cannot be passed on.
Result<os::Fd> catch_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (int signal :
       {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGALRM})
    ::sigaddset(&set, signal);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  int fd = ::signalfd(-1, &set, SFD_CLOEXEC);
  if (fd < 0) return fail(errno, "signalfd()");
  return os::Fd(fd);
}

Result<int> run(const Options& options) {
  if (options.id.empty())
    return fail(0, "run: the container's id is missing", "suit-oci run [-b BUNDLE] ID");
  SUIT_LET(oci::Spec spec, load_spec(options.bundle));
  SUIT_LET(runtime::HostFacts facts, runtime::probe_host());
  SUIT_LET(runtime::LaunchPlan plan, runtime::plan_launch(spec, facts, options.id));
  SUIT_LET(os::Fd rootfs, runtime::clone_tree(spec.root_path));
  std::array<os::Fd, 3> stdio;
  for (int i = 0; i < 3; ++i)
    stdio[static_cast<std::size_t>(i)] = os::Fd(::fcntl(i, F_DUPFD_CLOEXEC, 3));
  SUIT_LET(os::Fd signals, catch_signals());
  runtime::LaunchInputs inputs{rootfs,   stdio[0], stdio[1],
                               stdio[2], true,     !options.explain.empty()};
  SUIT_LET(runtime::Container container, runtime::launch(plan, inputs));
  if (!options.explain.empty())
    SUIT_TRY(os::replace_file(options.explain,
                              runtime::explain_json(plan, &container.timeline()).dump(1), 0644));
  SUIT_LET(runtime::ExitStatus status, supervise(container, signals));
  return status.shell_code();
}

Result<int> write_spec(const Options& options) {
  std::string path = options.bundle + "/config.json";
  if (os::exists(path)) return fail(EEXIST, path, "remove it first: it is not overwritten");
  oci::Spec spec = oci::default_spec();
  spec.process.args = {"sh"};
  spec.process.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  spec.hostname = "spacesuit";
  SUIT_TRY(os::replace_file(path, oci::to_json(spec), 0644));
  return 0;
}

Result<int> dispatch(const std::vector<std::string>& args) {
  if (!args.empty() && (args[0] == "--version" || args[0] == "-v")) {
    std::fputs("suit-oci version 0.1.0\nspec: 1.2.0\n", stdout);
    return 0;
  }
  SUIT_LET(Options options, parse_options(args));
  if (options.command == "run") return run(options);
  if (options.command == "spec") return write_spec(options);
  for (std::string_view refused : kRefused)
    if (options.command == refused)
      return fail(0, fmt::format("{}: not supported yet", refused), "suit-oci has run and spec");
  constexpr std::array<std::string_view, 2> kCommands = {"run", "spec"};
  if (options.command.empty()) return fail(0, std::string(kUsage));
  return fail(0, fmt::format("unknown command \"{}\"{}", options.command,
                             suit::did_you_mean(options.command, kCommands)));
}

}  // namespace

int main(int argc, char** argv) {
  suit::log::set_sink(log_sink, suit::log::Level::Warn);
  std::vector<std::string> args(argv + 1, argv + argc);
  auto code = dispatch(args);
  return code ? *code : report(code.error());
}
