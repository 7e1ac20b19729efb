/// \file
/// The command line of an OCI runtime, as tables.
///
///     suit-oci [GLOBAL OPTION...] COMMAND [OPTION...] [ARGUMENT...]
///
/// The names are runc's, with crun's beside them; both kinds of callers find theirs.

#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace suit::oci_main {

/// One option: `--name`, also `-name` and `-letter`.
struct Option {
  std::string_view name;
  char letter = 0;
  bool has_value = false;
  std::string_view help;
};

/// What a command line held.
class Arguments {
 public:
  bool has(std::string_view name) const { return values_.contains(name); }
  /// The last value given, or \p otherwise.
  std::string text(std::string_view name, std::string_view otherwise = "") const;
  /// All values, in order.
  std::vector<std::string> texts(std::string_view name) const;
  /// \errors 0 when it is no number up to \p most
  Result<unsigned> number(std::string_view name, unsigned otherwise, unsigned most) const;

  std::vector<std::string> positional;
  void add(std::string_view name, std::string value);
  void remove(std::string_view name) { values_.erase(std::string(name)); }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

/// Where options end.
enum class Stop {
  Never,    ///< options may stand anywhere
  AtFirst,  ///< at the first argument: the rest may have options of its own
};

/// \errors 0 naming the option, with did-you-mean
Result<Arguments> parse_arguments(std::span<const std::string> args,
                                  std::span<const Option> options, Stop stop);

/// A command of the table.
struct Command {
  std::string_view name;
  std::string_view synopsis;
  std::string_view summary;
  std::span<const Option> options;
  Stop stop = Stop::Never;
  std::size_t least = 0, most = 0;  ///< arguments
};
std::span<const Command> all_commands();
const Command* find_command(std::string_view name);
std::span<const Option> global_options();

/// What `--help` prints.
std::string usage();
std::string usage(const Command& command);

/// `TERM`, `SIGTERM`, `sigterm`, `15`, `RTMIN+3` as a number.
Result<int> parse_signal(std::string_view text);

}  // namespace suit::oci_main
