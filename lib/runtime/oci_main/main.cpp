/// \file
/// suit-oci: an OCI runtime with runc's command line, for podman, conmon, containerd, dockerd,
/// buildah and people.
///
///     suit-oci spec                     writes a config.json to start from
///     suit-oci run [-b BUNDLE] ID       runs it in the foreground, exits with its code
///     suit-oci create | start | state | kill | delete | exec | list | ps
///     suit-oci pause | resume | update | events | features
///
/// Exit codes are Docker's: 125 the start failed, 126 not executable, 127 not found.

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"
#include "base/suggest.h"
#include "base/time.h"
#include "oci/json.h"
#include "os/file.h"
#include "runtime/oci_main/commands.h"

namespace suit::oci_main {
namespace {

// Where messages go beside stderr: --log and --log-format. A sink is a plain function, so this is
// the program's one variable.
struct LogFile {
  os::Fd file;
  bool is_json = false;
};
LogFile& log_file() {
  static LogFile log;
  return log;
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t size = ::write(fd, text.data(), text.size());
    // Nothing can be done about a closed stdout or stderr.
    if (size < 0 && errno != EINTR) return;
    if (size > 0) text.remove_prefix(static_cast<std::size_t>(size));
  }
}

std::string_view level_name(log::Level level) {
  constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};
  return kNames.at(static_cast<std::size_t>(level));
}

void log_to_file(std::string_view level, std::string_view line) {
  if (!log_file().file.valid()) return;
  std::string time = to_rfc3339(now_ns());
  if (log_file().is_json) {
    oci::Json out = oci::Json::object();
    out.set("level", level).set("msg", line).set("time", time);
    write_all(log_file().file.raw(), out.dump() + "\n");
  } else {
    write_all(log_file().file.raw(),
              fmt::format("time=\"{}\" level={} msg={}\n", time, level, oci::Json(line).dump()));
  }
}

void log_sink(log::Level level, std::string_view line) {
  log_to_file(level_name(level), line);
  write_all(STDERR_FILENO, fmt::format("suit-oci: {}\n", line));
}

// The message in words that callers look for: those of Go, which spells errors in lower case.
std::string message_for_callers(const Error& error) {
  std::string text = error.what();
  if (error.step() == "exec" && error.code() == ENOENT) text += ": executable file not found";
  if (error.code() != 0) {
    std::string reason = ::strerrordesc_np(error.code());
    reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
    text += ": " + reason;
  }
  return error.hint().empty() ? text : fmt::format("{} ({})", text, error.hint());
}

int report(const Error& error) {
  log_to_file("error", message_for_callers(error));
  std::string text = fmt::format("suit-oci: {}\n", error.message());
  if (!error.hint().empty()) text += fmt::format("hint: {}\n", error.hint());
  write_all(STDERR_FILENO, text);
  if (error.step() != "exec") return 125;
  return error.code() == ENOENT ? 127 : 126;
}

using Handler = Result<int> (*)(const Session&, const Arguments&);
struct Entry {
  std::string_view name;
  Handler handler;
};
constexpr std::array kHandlers = std::to_array<Entry>({{"create", create},
                                                       {"start", start},
                                                       {"run", run},
                                                       {"exec", exec},
                                                       {"state", state},
                                                       {"kill", kill},
                                                       {"delete", remove},
                                                       {"list", list},
                                                       {"ps", ps},
                                                       {"pause", pause},
                                                       {"resume", resume},
                                                       {"update", update},
                                                       {"events", events},
                                                       {"features", features},
                                                       {"spec", write_spec}});

Result<void> open_log(const Arguments& globals) {
  std::string format = globals.text("log-format", "text");
  if (format != "text" && format != "json")
    return fail(0, fmt::format("--log-format: \"{}\" is neither text nor json", format));
  log_file().is_json = format == "json";
  if (globals.has("log")) {
    SUIT_LET(log_file().file, os::open_at(os::FdRef::cwd(), globals.text("log"),
                                          O_WRONLY | O_CREAT | O_APPEND, 0644));
  }
  bool is_debug = globals.has("debug") || globals.text("log-level") == "debug";
  log::set_sink(log_sink, is_debug ? log::Level::Debug : log::Level::Warn);
  return {};
}

Result<Session> session_of(const Arguments& globals) {
  std::string manager = globals.text("cgroup-manager", "cgroupfs");
  if (globals.has("systemd-cgroup") || manager == "systemd")
    return fail(0, "cgroups by systemd are not supported: this runtime makes them directly",
                "set the caller's cgroup manager to cgroupfs");
  if (manager != "cgroupfs" && manager != "disabled")
    return fail(0, fmt::format("--cgroup-manager: \"{}\" is unknown", manager),
                "use cgroupfs or disabled");
  std::string root = globals.text("root", runtime::StateStore::default_root());
  return Session{runtime::StateStore(root), manager != "disabled"};
}

Result<int> run_command(const Arguments& globals, const Command& command,
                        std::span<const std::string> words) {
  auto args = parse_arguments(words, command.options, command.stop);
  if (!args) return wrap(std::move(args).error(), command.name);
  if (args->has("help")) {
    print(usage(command));
    return 0;
  }
  std::size_t count = args->positional.size();
  if (count < command.least || count > command.most)
    return fail(0,
                fmt::format("{}: {} arguments are {}", command.name, count,
                            count < command.least ? "too few" : "too many"),
                fmt::format("suit-oci {} {}", command.name, command.synopsis));
  SUIT_LET(Session session, session_of(globals));
  for (const Entry& entry : kHandlers)
    if (entry.name == command.name) return entry.handler(session, *args);
  return fail(0, fmt::format("{}: checkpoints are not supported", command.name),
              "they need CRIU, which this runtime does not drive");
}

Result<int> dispatch(const std::vector<std::string>& words) {
  std::size_t at = 0;
  // Global options end at the command.
  while (at < words.size() && words[at].starts_with('-')) {
    bool is_pair = words[at].find('=') == std::string::npos && at + 1 < words.size();
    std::string_view name = std::string_view(words[at]).substr(words[at].starts_with("--") ? 2 : 1);
    for (const Option& option : global_options())
      if (option.name == name && option.has_value && is_pair) ++at;
    ++at;
  }
  SUIT_LET(Arguments globals, parse_arguments(std::span(words).first(std::min(at, words.size())),
                                              global_options(), Stop::AtFirst));
  SUIT_TRY(open_log(globals));
  if (globals.has("version")) {
    print("suit-oci version 0.1.0\nspec: 1.2.0\n");
    return 0;
  }
  if (globals.has("help") || (at < words.size() && words[at] == "help")) {
    print(usage());
    return 0;
  }
  if (at >= words.size()) return fail(0, "no command is given", usage());
  const Command* command = find_command(words[at]);
  if (command) return run_command(globals, *command, std::span(words).subspan(at + 1));
  std::vector<std::string_view> names;
  for (const Command& known : all_commands())
    names.push_back(known.name);
  return fail(0,
              fmt::format("unknown command \"{}\"{}", words[at], did_you_mean(words[at], names)));
}

}  // namespace

void print(std::string_view text) { write_all(STDOUT_FILENO, text); }

}  // namespace suit::oci_main

int main(int argc, char** argv) {
  // A closed stdin must not become the number of a descriptor of ours.
  for (int fd = 0; fd < 3; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd) return 125;
  suit::log::set_sink(suit::oci_main::log_sink, suit::log::Level::Warn);
  std::vector<std::string> words(argv + 1, argv + argc);
  auto code = suit::oci_main::dispatch(words);
  return code ? *code : suit::oci_main::report(code.error());
}
