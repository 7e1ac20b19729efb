// Finding a command, its flags and its help.

#include "cli/command.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/suggest.h"
#include "cli/commands.h"
#include "cli/settings.h"
#include "engine/userns.h"
#include "os/file.h"

namespace suit::cli {
namespace {

struct Group {
  std::string_view name;
  std::string_view summary;
};
constexpr std::array kGroups = {Group{"builder", "Manage builds"},
                                Group{"cdi", "Manage descriptions of devices"},
                                Group{"container", "Manage containers"},
                                Group{"dockerfile", "Look at Dockerfiles"},
                                Group{"gpu", "Look at GPUs"},
                                Group{"image", "Manage images"},
                                Group{"manifest", "Look at manifests in registries"},
                                Group{"name", "Understand image names"},
                                Group{"network", "Manage networks"},
                                Group{"system", "Manage Spacesuit"},
                                Group{"volume", "Manage volumes"}};

// Calls \p each with every name of \p command until it says true.
template <typename Each>
bool any_name(const Command& command, Each&& each) {
  std::string_view names = command.names;
  while (true) {
    const std::size_t comma = names.find(',');
    if (each(names.substr(0, comma))) return true;
    if (comma == std::string_view::npos) return false;
    names.remove_prefix(comma + 1);
  }
}

std::size_t count_words(std::string_view name) {
  return static_cast<std::size_t>(std::count(name.begin(), name.end(), ' ')) + 1;
}

// Whether \p words begin with the words of \p name.
bool begins_with(std::span<const std::string> words, std::string_view name) {
  for (const std::string& word : words) {
    const std::size_t space = name.find(' ');
    if (word != name.substr(0, space)) return false;
    if (space == std::string_view::npos) return true;
    name.remove_prefix(space + 1);
  }
  return false;
}

std::string aliases_of(const Command& command) {
  if (command.names.find(',') == std::string_view::npos) return "";
  std::string out;
  any_name(command, [&](std::string_view name) {
    out += fmt::format("{}suit {}", out.empty() ? "" : ", ", name);
    return false;
  });
  return fmt::format("\nAliases:\n  {}\n", out);
}

// The image that is installed beside the program: ../share/spacesuit/base.tar.
std::string base_archive() {
  const Result<std::string> program = os::read_link(os::FdRef::cwd(), "/proc/self/exe");
  if (!program) return "";
  const std::string folder = program->substr(0, program->rfind('/'));
  const std::string archive = folder.substr(0, folder.rfind('/')) + "/share/spacesuit/base.tar";
  return os::exists(archive) ? archive : "";
}

}  // namespace

bool is_group(std::string_view word) {
  return std::any_of(kGroups.begin(), kGroups.end(),
                     [&](const Group& group) { return group.name == word; });
}

std::string_view nearest_group(std::string_view word) {
  std::vector<std::string_view> names;
  for (const Group& group : kGroups)
    names.push_back(group.name);
  return nearest(word, names);
}

const Command* find_command(std::span<const std::string> words, std::size_t& used) {
  const Command* best = nullptr;
  used = 0;
  for (const Command& command : all_commands()) {
    any_name(command, [&](std::string_view name) {
      if (count_words(name) > used && begins_with(words, name)) {
        best = &command;
        used = count_words(name);
      }
      return false;
    });
  }
  return best;
}

std::string usage_line(const Command& command) {
  return fmt::format("Usage:  suit {}{}{}\n", command.name(), command.usage.empty() ? "" : " ",
                     command.usage);
}

std::string help_for(const Command& command, const FlagSet& flags) {
  std::string out = fmt::format("{}\n{}\n{}{}", usage_line(command), command.summary,
                                aliases_of(command), flags.help_text());
  if (!command.examples.empty()) out += fmt::format("\nExamples:\n{}", command.examples);
  return out;
}

std::string help_overview(std::string_view group) {
  std::string out =
      group.empty() ? "Usage:  suit [OPTIONS] COMMAND\n\nA container engine written to be read\n"
                    : fmt::format("Usage:  suit {} COMMAND\n", group);
  out += "\nCommands:\n";
  for (const Command& command : all_commands()) {
    if (command.summary.empty()) continue;
    std::string_view shown;
    any_name(command, [&](std::string_view name) {
      const bool grouped = name.find(' ') != std::string_view::npos;
      const bool fits = group.empty() ? !grouped
                                      : begins_with(std::array{std::string(group)}, name) ||
                                            name.starts_with(std::string(group) + " ");
      if (fits && shown.empty()) shown = group.empty() ? name : name.substr(group.size() + 1);
      return false;
    });
    if (!shown.empty()) out += fmt::format("  {:<12}{}\n", shown, command.summary);
  }
  if (!group.empty())
    return out + fmt::format("\nRun 'suit {} COMMAND --help' for more information on a command.\n",
                             group);
  out += "\nManagement Commands:\n";
  for (const Group& each : kGroups)
    out += fmt::format("  {:<12}{}\n", each.name, each.summary);
  return out +
         "\nGlobal Options:\n"
         "      --root string        Where images and containers are kept ($SUIT_ROOT)\n"
         "  -D, --debug              The same as --log-level debug\n"
         "      --log-level string   debug, info, warn, error (default warn)\n"
         "  -v, --version            Print the version\n"
         "\nRun 'suit COMMAND --help' for more information on a command.\n";
}

Result<std::vector<std::string>> Invocation::parse(FlagSet& flags) {
  // `suit __complete` asks for the names of the flags this way.
  if (args.size() == 1 && args[0] == "--__flags") {
    for (const FlagSet::Flag& flag : flags.flags())
      console.print("--{}\n", flag.name);
    stopped = Stopped::ForHelp;
    return fail(0, "flags were asked for");
  }
  const auto end_of_flags = std::find(args.begin(), args.end(), "--");
  bool help = false;
  flags.toggle('\0', "help", help, "Print usage");
  Result<std::vector<std::string>> rest = flags.parse(args, command.order);
  // Help wins over what is wrong beside it, as long as it is no argument of the container's
  // program.
  const bool asked = help || (!rest && command.order == Order::Mixed &&
                              std::find(args.begin(), end_of_flags, "--help") != end_of_flags);
  if (asked) {
    stopped = Stopped::ForHelp;
    console.text(help_for(command, flags));
    return fail(0, "help was asked for");
  }
  if (!rest) {
    stopped = Stopped::ByFlags;
    return rest;
  }
  if (rest->size() < command.least || rest->size() > command.most) {
    stopped = Stopped::ByArguments;
    const bool few = rest->size() < command.least;
    const std::size_t count = few ? command.least : command.most;
    if (command.most == 0)
      return fail(0, fmt::format("'suit {}' accepts no arguments", command.name()));
    return fail(0, fmt::format("'suit {}' requires {}{} argument{}", command.name(),
                               command.least == command.most ? ""
                               : few                         ? "at least "
                                                             : "at most ",
                               count, count == 1 ? "" : "s"));
  }
  return rest;
}

Result<engine::Engine> Invocation::open_engine() const {
  std::string data = root;
  if (data.empty()) data = host_env("SUIT_ROOT").value_or("");
  // Only a relative path needs to know where we are: that may be gone.
  if (!data.empty() && !data.starts_with('/')) {
    SUIT_LET(const std::string cwd, current_directory());
    data = cwd + "/" + data;
  }
  engine::Engine::Paths paths = engine::Engine::default_paths(data);
  paths.base_archive = base_archive();
  SUIT_TRY(engine::enter_user_namespace(paths.data));
  return engine::Engine::open(std::move(paths));
}

}  // namespace suit::cli
