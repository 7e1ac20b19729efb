// `suit` itself: global options, dispatch, and what is said at the end.

#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/log.h"
#include "base/suggest.h"
#include "cli/command.h"
#include "cli/report.h"
#include "cli/version.h"

namespace suit::cli {
namespace {

// Docker's commands that we do not have: better told so than "unknown".
constexpr std::array kMissing = std::to_array<std::string_view>(
    {"attach", "checkpoint", "config", "context", "exec", "node", "plugin", "search", "secret",
     "service", "stack", "swarm", "trust", "buildx"});

struct Globals {
  std::string root;
  std::string log_level = "warn";
  bool debug = false;
  bool version = false;
  bool help = false;
};

void log_to_stderr(log::Level level, std::string_view line) {
  constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warn", "error"};
  Console().complain(fmt::format("suit: {}: {}\n", kNames[static_cast<std::size_t>(level)], line));
}

Result<void> start_logging(const Globals& globals) {
  constexpr std::array<std::string_view, 5> kNames = {"debug", "info", "warn", "error", "off"};
  const std::string name = globals.debug ? "debug" : globals.log_level;
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end())
    return fail(0, fmt::format("unknown log level \"{}\"{}", name, did_you_mean(name, kNames)));
  log::set_sink(log_to_stderr, static_cast<log::Level>(found - kNames.begin()));
  return {};
}

std::string unknown_command(const std::vector<std::string>& words) {
  const bool grouped = words.size() > 1 && is_group(words[0]);
  const std::string& word = grouped ? words[1] : words[0];
  const std::string full = grouped ? words[0] + " " + word : word;
  const std::string help = grouped ? "suit " + words[0] + " --help" : "suit --help";
  if (std::find(kMissing.begin(), kMissing.end(), word) != kMissing.end())
    return fmt::format("suit: {} is not supported yet\n  help: run '{}' for what there is\n", full,
                       help);
  // A group that is nearly one: `contaner ls`.
  const std::string_view group = words.size() > 1 && !grouped ? nearest_group(word) : "";
  if (!group.empty())
    return fmt::format(
        "suit: unknown command: suit {} {} (did you mean \"{} {}\"?)\n"
        "  help: run 'suit {} --help' for more information\n",
        word, words[1], group, words[1], group);
  std::vector<std::string> known;
  for (const Command& command : all_commands()) {
    std::string_view names = command.names;
    while (!names.empty()) {
      const std::string_view name = names.substr(0, names.find(','));
      names.remove_prefix(std::min(names.size(), name.size() + 1));
      if (name.starts_with("__")) continue;
      known.emplace_back(name);
    }
  }
  return fmt::format("suit: unknown command: suit {}{}\n  help: run '{}' for more information\n",
                     full, did_you_mean(full, known), help);
}

int report_stop(Console& console, const Invocation& in, const Error& error) {
  const int code = exit_code(error, in.command.exits, in.stopped);
  if (in.stopped == Stopped::ForHelp) return code;
  std::string text = render_error(error);
  if (in.stopped != Stopped::No)
    text += fmt::format("\n{}\nSee 'suit {} --help'\n", usage_line(in.command), in.command.name());
  console.complain(text);
  return code;
}

int dispatch(Console& console, const Globals& globals, std::vector<std::string> words) {
  if (words.empty() || globals.help) {
    console.text(help_overview(""));
    return 0;
  }
  if (words[0] == "help") {
    words.erase(words.begin());
    if (words.empty()) return dispatch(console, globals, {});
    words.emplace_back("--help");
  }
  std::size_t used = 0;
  const Command* command = find_command(words, used);
  if (!command) {
    if (is_group(words[0]) && (words.size() == 1 || words[1] == "--help")) {
      console.text(help_overview(words[0]));
      return 0;
    }
    console.complain(unknown_command(words));
    return 1;
  }
  words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(used));
  Invocation in{*command, std::move(words), console, globals.root};
  Result<int> done = command->run(in);
  return done ? *done : report_stop(console, in, done.error());
}

}  // namespace

int run_program(std::vector<std::string> args) {
  Console console;
  Globals globals;
  FlagSet flags;
  flags.add('\0', "root", &globals.root, "string", "")
      .add('\0', "log-level", &globals.log_level, "string", "")
      .toggle('D', "debug", globals.debug, "")
      .toggle('v', "version", globals.version, "")
      .toggle('h', "help", globals.help, "");
  Result<std::vector<std::string>> words = flags.parse(args, Order::FlagsFirst);
  Result<void> logging = words ? start_logging(globals) : Result<void>();
  int code = 125;
  if (!words || !logging) {
    const Error& error = words ? logging.error() : words.error();
    console.complain(render_error(error) + "\nSee 'suit --help'\n");
  } else if (globals.version) {
    console.print("Spacesuit version {}\n", kVersion);
    code = 0;
  } else {
    code = dispatch(console, globals, *std::move(words));
  }
  if (Result<void> flushed = console.flush(); !flushed) {
    console.complain(render_error(flushed.error()));
    return code == 0 ? 1 : code;
  }
  return code;
}

}  // namespace suit::cli
