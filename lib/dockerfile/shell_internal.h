/// \file
/// A shell command line as simple commands of words: enough to ask "is this `apt-get install`, and
/// with which packages?", and no more.
///
/// No shell grammar: `if` and `{` are skipped as words, functions and loops look like the commands
/// in them, `$(…)` stays inside of its word. Whoever wants to know what a script does must run it.

#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace suit::dockerfile {

/// A word without its quotes, and the stretch of the text that it came from.
struct ShellWord {
  std::string text;
  std::size_t offset = 0;
  std::size_t length = 0;
  bool quoted = false;
};

/// What ends a command.
enum class ShellEnd { End, Then, And, Or, Pipe };

/// `A=1 name word… > file`
struct ShellCommand {
  std::vector<ShellWord> words;        ///< the program first; never empty
  std::vector<ShellWord> assignments;  ///< `A=1` before it
  std::vector<ShellWord> targets;      ///< files of `>` and `>>`
  ShellEnd end = ShellEnd::End;

  /// The program without its directory: `/usr/bin/apt-get` is `apt-get`.
  std::string_view name() const;
  /// Whether a word is one of \p flags; `-qy` holds `-q` and `-y`, `--x=1` is `--x`.
  bool has(std::initializer_list<std::string_view> flags) const;
  /// The words behind the program that are no flags. \p with_value are flags whose value is the
  /// next word.
  std::vector<const ShellWord*> operands(
      std::initializer_list<std::string_view> with_value = {}) const;
};

/// The commands of \p text. At most `kMaxShellCommands` of them, at most so many words each.
std::vector<ShellCommand> shell_commands(std::string_view text);

/// Beyond this a script is generated, and advice is for people.
inline constexpr std::size_t kMaxShellCommands = 2000;

}  // namespace suit::dockerfile
