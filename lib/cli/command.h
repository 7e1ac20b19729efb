/// \file
/// Commands: what each is called, how it is used, and the function that does it.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "engine/engine.h"

namespace suit::cli {

struct Invocation;

/// How errors become exit codes: Docker's `run` says 125, 126 and 127; `exec` 126 and 127 of a
/// program, and like all others 1.
enum class ExitRule { Plain, Run, Exec };

/// One command of `suit`.
struct Command {
  std::string_view names;  ///< `image ls,images`: the first is the command's own, others aliases
  std::string_view usage;  ///< `[OPTIONS] IMAGE [COMMAND] [ARG...]`
  std::string_view summary;
  std::string_view examples;  ///< lines, shown by --help
  std::size_t least = 0;      ///< arguments that must follow the flags
  std::size_t most = SIZE_MAX;
  Order order = Order::Mixed;
  ExitRule exits = ExitRule::Plain;
  Result<int> (*run)(Invocation& in) = nullptr;

  std::string_view name() const { return names.substr(0, names.find(',')); }
};

/// Why a command did not come to its work.
enum class Stopped { No, ForHelp, ByFlags, ByArguments };

/// A command being carried out.
struct Invocation {
  const Command& command;
  std::vector<std::string> args;  ///< after the command's words
  Console& console;
  std::string root;  ///< --root; empty: the default
  Stopped stopped = Stopped::No;

  /// Reads the command's flags and counts its arguments. `--help` prints the help and is returned
  /// as an error too, so that no command goes on after it; `stopped` tells.
  Result<std::vector<std::string>> parse(FlagSet& flags);
  /// Moves into a user namespace if need be, and opens the engine.
  Result<engine::Engine> open_engine() const;
};

std::span<const Command> all_commands();
/// The command that \p words begin with and how many of them name it; nullptr when none does.
const Command* find_command(std::span<const std::string> words, std::size_t& used);

/// `Usage:  suit image ls [OPTIONS]`, with its newline.
std::string usage_line(const Command& command);
/// The usage line with summary, options and examples.
std::string help_for(const Command& command, const FlagSet& flags);
/// What `suit --help` and `suit image --help` print. \p group is empty for the former.
std::string help_overview(std::string_view group);
bool is_group(std::string_view word);
/// The group that \p word is nearly the name of; empty when none is near.
std::string_view nearest_group(std::string_view word);

/// Runs `suit` with \p args (without the program's name); the exit code.
int run_program(std::vector<std::string> args);

}  // namespace suit::cli
