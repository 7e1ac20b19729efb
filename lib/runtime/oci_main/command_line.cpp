#include "runtime/oci_main/command_line.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/suggest.h"

namespace suit::oci_main {
namespace {

constexpr bool kValue = true, kFlag = false;

constexpr std::array kGlobal = std::to_array<Option>({
    {"root", 0, kValue, "where containers are kept (default /run/suit-oci)"},
    {"log", 0, kValue, "file for messages, beside stderr"},
    {"log-format", 0, kValue, "text or json"},
    {"log-level", 0, kValue, "debug, info, warning or error"},
    {"debug", 0, kFlag, "say what is done"},
    {"systemd-cgroup", 0, kFlag, "refused: cgroups are made directly"},
    {"cgroup-manager", 0, kValue, "cgroupfs or disabled"},
    {"rootless", 0, kValue, "accepted: the host tells what we may"},
    {"criu", 0, kValue, "accepted, not used: there is no checkpoint"},
    {"version", 'v', kFlag, "print the version"},
    {"help", 'h', kFlag, "print this"},
});

constexpr std::array kCreate = std::to_array<Option>({
    {"bundle", 'b', kValue, "directory of config.json and root file system (default: here)"},
    {"config", 'f', kValue, "another config.json"},
    {"pid-file", 0, kValue, "gets the pid of the first process"},
    {"console-socket", 0, kValue, "socket that takes the terminal"},
    {"no-pivot", 0, kFlag, "chroot instead of pivot_root: for an initramfs"},
    {"no-new-keyring", 0, kFlag, "keep the caller's session keyring"},
    {"preserve-fds", 0, kValue, "number of descriptors after 2 that the program gets"},
    {"no-subreaper", 0, kFlag, "accepted: there never is one"},
    {"help", 'h', kFlag, "print this"},
});

constexpr std::array kRun = std::to_array<Option>({
    {"bundle", 'b', kValue, "directory of config.json and root file system (default: here)"},
    {"config", 'f', kValue, "another config.json"},
    {"pid-file", 0, kValue, "gets the pid of the first process"},
    {"console-socket", 0, kValue, "socket that takes the terminal"},
    {"no-pivot", 0, kFlag, "chroot instead of pivot_root: for an initramfs"},
    {"no-new-keyring", 0, kFlag, "keep the caller's session keyring"},
    {"preserve-fds", 0, kValue, "number of descriptors after 2 that the program gets"},
    {"no-subreaper", 0, kFlag, "accepted: there never is one"},
    {"detach", 'd', kFlag, "return when the program runs"},
    {"keep", 0, kFlag, "leave the stopped container to delete"},
    {"explain", 0, kValue, "file for the explanation as JSON"},
    {"help", 'h', kFlag, "print this"},
});

constexpr std::array kExec = std::to_array<Option>({
    {"process", 'p', kValue, "file with the process as JSON"},
    {"console-socket", 0, kValue, "socket that takes the terminal"},
    {"pid-file", 0, kValue, "gets the pid of the process"},
    {"detach", 'd', kFlag, "return when the program runs"},
    {"tty", 't', kFlag, "give it a terminal"},
    {"user", 'u', kValue, "UID[:GID]"},
    {"additional-gids", 'g', kValue, "a further group id"},
    {"cwd", 0, kValue, "working directory"},
    {"env", 'e', kValue, "NAME=value"},
    {"cap", 'c', kValue, "a further capability"},
    {"apparmor", 0, kValue, "AppArmor profile"},
    {"process-label", 0, kValue, "SELinux label"},
    {"no-new-privs", 0, kFlag, "forbid new privileges"},
    {"preserve-fds", 0, kValue, "number of descriptors after 2 that the program gets"},
    {"cgroup", 0, kValue, "a group below the container's"},
    {"ignore-paused", 0, kFlag, "wait in a paused container"},
    {"no-subreaper", 0, kFlag, "accepted: there never is one"},
    {"help", 'h', kFlag, "print this"},
});

constexpr std::array kHelp = std::to_array<Option>({{"help", 'h', kFlag, "print this"}});
constexpr std::array kKill = std::to_array<Option>({
    {"all", 'a', kFlag, "all processes, not the first alone"},
    {"regex", 'r', kFlag, "the id is a regular expression"},
    {"help", 'h', kFlag, "print this"},
});
constexpr std::array kDelete = std::to_array<Option>({
    {"force", 'f', kFlag, "kill it first; one that is not there is no error"},
    {"regex", 'r', kFlag, "the id is a regular expression"},
    {"help", 'h', kFlag, "print this"},
});
constexpr std::array kList = std::to_array<Option>({
    {"format", 'f', kValue, "table or json"},
    {"quiet", 'q', kFlag, "ids only"},
    {"help", 'h', kFlag, "print this"},
});
constexpr std::array kPs = std::to_array<Option>({
    {"format", 'f', kValue, "table or json"},
    {"help", 'h', kFlag, "print this"},
});
constexpr std::array kUpdate = std::to_array<Option>({
    {"resources", 'r', kValue, "file with linux.resources as JSON; - is stdin"},
    {"memory", 0, kValue, "bytes, or 64m; -1 is no limit"},
    {"memory-reservation", 0, kValue, "bytes that are kept when memory is short"},
    {"memory-swap", 0, kValue, "memory and swap together; -1 is no limit"},
    {"kernel-memory", 0, kValue, "accepted with a warning: it is counted as memory"},
    {"kernel-memory-tcp", 0, kValue, "bytes for buffers of sockets (cgroup v1)"},
    {"cpu-period", 0, kValue, "microseconds"},
    {"cpu-quota", 0, kValue, "microseconds a period; -1 is no limit"},
    {"cpu-burst", 0, kValue, "microseconds saved up from idle periods"},
    {"cpu-share", 0, kValue, "share of a busy processor: 1024 is usual"},
    {"cpu-shares", 0, kValue, "the same"},
    {"cpu-rt-period", 0, kValue, "microseconds for realtime (cgroup v1)"},
    {"cpu-rt-runtime", 0, kValue, "microseconds of them"},
    {"cpu-idle", 0, kValue, "1: runs when nobody else wants to"},
    {"cpuset-cpus", 0, kValue, "processors, such as 0-3,7"},
    {"cpuset-mems", 0, kValue, "memory nodes"},
    {"pids-limit", 0, kValue, "processes and threads; -1 is no limit"},
    {"blkio-weight", 0, kValue, "10 to 1000"},
    {"l3-cache-schema", 0, kValue, "refused: there is no intelRdt"},
    {"mem-bw-schema", 0, kValue, "refused: there is no intelRdt"},
    {"help", 'h', kFlag, "print this"},
});
constexpr std::array kEvents = std::to_array<Option>({
    {"stats", 0, kFlag, "once, what has been used, and no more"},
    {"interval", 0, kValue, "how often (default 5s)"},
    {"help", 'h', kFlag, "print this"},
});
constexpr std::array kSpec = std::to_array<Option>({
    {"bundle", 'b', kValue, "directory to write config.json to (default: here)"},
    {"config", 'f', kValue, "file to write"},
    {"rootless", 0, kFlag, "for a plain user: a user namespace with one id"},
    {"help", 'h', kFlag, "print this"},
});

constexpr std::array kCommands = std::to_array<Command>({
    {"create", "[-b BUNDLE] ID", "make a container; its program waits for start", kCreate,
     Stop::Never, 1, 1},
    {"start", "ID", "start the program of a created container", kHelp, Stop::Never, 1, 1},
    {"run", "[-b BUNDLE] [-d] ID", "create and start, and wait for the end", kRun, Stop::Never, 1,
     1},
    {"exec", "[-p FILE] ID [PROGRAM [ARGUMENT...]]", "run another program in a container", kExec,
     Stop::AtFirst, 1, SIZE_MAX},
    {"state", "ID", "print the state as JSON", kHelp, Stop::Never, 1, 1},
    {"kill", "[-a] ID [SIGNAL]", "send a signal (default TERM)", kKill, Stop::Never, 1, 2},
    {"delete", "[-f] ID...", "remove a stopped container", kDelete, Stop::Never, 1, SIZE_MAX},
    {"list", "[-q] [-f table|json]", "list the containers", kList, Stop::Never, 0, 0},
    {"ps", "[-f table|json] ID [PS-OPTION...]", "list a container's processes", kPs, Stop::AtFirst,
     1, SIZE_MAX},
    {"pause", "ID", "stop every process where it stands", kHelp, Stop::Never, 1, 1},
    {"resume", "ID", "let them go on", kHelp, Stop::Never, 1, 1},
    {"update", "[-r FILE] ID", "change limits", kUpdate, Stop::Never, 1, 1},
    {"events", "[--stats] ID", "print what is used, and when memory runs out, as JSON", kEvents,
     Stop::Never, 1, 1},
    {"spec", "[-b BUNDLE]", "write a config.json to start from", kSpec, Stop::Never, 0, 0},
    {"features", "", "print what this runtime can as JSON", kHelp, Stop::Never, 0, 0},
    {"checkpoint", "", "refused: there is no checkpoint", {}, Stop::AtFirst, 0, SIZE_MAX},
    {"restore", "", "refused: there is no checkpoint", {}, Stop::AtFirst, 0, SIZE_MAX},
});

const Option* find_option(std::span<const Option> options, std::string_view word) {
  auto found = std::ranges::find_if(options, [&](const Option& option) {
    return option.name == word || (word.size() == 1 && option.letter == word[0]);
  });
  return found == options.end() ? nullptr : &*found;
}

std::string unknown_option(std::span<const Option> options, std::string_view arg,
                           std::string_view word) {
  std::vector<std::string_view> names;
  for (const Option& option : options)
    names.push_back(option.name);
  return fmt::format("unknown option {}{}", arg, did_you_mean(word, names));
}

void append_options(std::string& out, std::span<const Option> options) {
  for (const Option& option : options) {
    std::string letter = option.letter != 0 ? fmt::format("-{}, ", option.letter) : "    ";
    out += fmt::format("  {}--{:<18} {}\n", letter,
                       fmt::format("{}{}", option.name, option.has_value ? " VALUE" : ""),
                       option.help);
  }
}

}  // namespace

std::string Arguments::text(std::string_view name, std::string_view otherwise) const {
  auto found = values_.find(name);
  return found == values_.end() ? std::string(otherwise) : found->second.back();
}

std::vector<std::string> Arguments::texts(std::string_view name) const {
  auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>{} : found->second;
}

Result<unsigned> Arguments::number(std::string_view name, unsigned otherwise, unsigned most) const {
  if (!has(name)) return otherwise;
  std::string value = text(name);
  unsigned number = 0;
  auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (code != std::errc{} || end != value.data() + value.size() || number > most)
    return fail(0, fmt::format("--{}: \"{}\" is not a number up to {}", name, value, most));
  return number;
}

void Arguments::add(std::string_view name, std::string value) {
  values_[std::string(name)].push_back(std::move(value));
}

Result<Arguments> parse_arguments(std::span<const std::string> args,
                                  std::span<const Option> options, Stop stop) {
  Arguments out;
  bool is_over = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (is_over || arg.size() < 2 || arg[0] != '-') {
      out.positional.push_back(arg);
      is_over = is_over || stop == Stop::AtFirst;
      continue;
    }
    if (arg == "--") {
      is_over = true;
      continue;
    }
    std::string_view word = std::string_view(arg).substr(arg[1] == '-' ? 2 : 1);
    std::size_t equals = word.find('=');
    const Option* option = find_option(options, word.substr(0, equals));
    if (!option) return fail(0, unknown_option(options, arg, word.substr(0, equals)));
    if (equals != std::string_view::npos) {
      std::string value(word.substr(equals + 1));
      if (!option->has_value && value != "true" && value != "false")
        return fail(0, fmt::format("--{} takes no value", option->name));
      if (option->has_value || value == "true")
        out.add(option->name, std::move(value));
      else
        out.remove(option->name);
    } else if (!option->has_value) {
      out.add(option->name, "true");
    } else if (i + 1 == args.size()) {
      return fail(0, fmt::format("{} needs a value", arg));
    } else {
      out.add(option->name, args[++i]);
    }
  }
  return out;
}

std::span<const Command> all_commands() { return kCommands; }

const Command* find_command(std::string_view name) {
  const auto* found = std::ranges::find(kCommands, name, &Command::name);
  return found == kCommands.end() ? nullptr : found;
}

std::span<const Option> global_options() { return kGlobal; }

std::string usage() {
  std::string out = "usage: suit-oci [OPTION...] COMMAND [OPTION...] [ARGUMENT...]\n\n";
  for (const Command& command : kCommands)
    out += fmt::format("  {:<11} {}\n", command.name, command.summary);
  out += "\n";
  append_options(out, kGlobal);
  return out;
}

std::string usage(const Command& command) {
  std::string out =
      fmt::format("usage: suit-oci {} {}\n{}\n\n", command.name, command.synopsis, command.summary);
  append_options(out, command.options);
  return out;
}

Result<int> parse_signal(std::string_view text) {
  int number = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code == std::errc{} && end == text.data() + text.size()) {
    if (number > 0 && number < NSIG) return number;
    return fail(0, fmt::format("\"{}\" is not a signal: they go from 1 to {}", text, NSIG - 1));
  }
  std::string name(text);
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  if (name.starts_with("SIG")) name.erase(0, 3);
  std::vector<std::string> names;
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* known = ::sigabbrev_np(signal);
    if (!known) continue;
    if (name == known) return signal;
    names.emplace_back(known);
  }
  // The names of real-time signals are a base and an offset.
  for (auto [base, from] : {std::pair{"RTMIN", SIGRTMIN}, std::pair{"RTMAX", SIGRTMAX}}) {
    if (!name.starts_with(base)) continue;
    int offset = 0;
    std::string_view rest = std::string_view(name).substr(5);
    if (rest.starts_with('+')) rest.remove_prefix(1);
    if (!rest.empty() &&
        std::from_chars(rest.data(), rest.data() + rest.size(), offset).ec != std::errc{})
      break;
    if (from + offset >= SIGRTMIN && from + offset <= SIGRTMAX) return from + offset;
  }
  return fail(0, fmt::format("no signal is called \"{}\"{}", text, did_you_mean(name, names)));
}

}  // namespace suit::oci_main
