/// \file
/// Flags as Docker parses them (spf13/pflag): `--name=x`, `--name x`, `-n x`, `-nx`, `-it`, `--`.
///
/// A command declares its flags, bound to its variables; the same declarations are its help text
/// and its completion. Not CLI11: the messages and the rule that all after IMAGE is the program's
/// are Docker's, which CLI11 would have to be argued out of; and it would bring iostream (0.1 ms a
/// start).

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace suit::cli {

/// Where flags may stand: anywhere, or only before the first argument (`run IMAGE COMMAND -x`).
enum class Order { Mixed, FlagsFirst };

/// The flags of one command.
class FlagSet {
 public:
  /// What a flag writes to. The variables must outlive the set.
  using Target = std::variant<bool*, std::string*, std::optional<std::string>*,
                              std::vector<std::string>*, std::optional<std::int64_t>*>;

  struct Flag {
    char letter = '\0';  ///< none
    std::string_view name;
    Target target;
    std::string_view type;  ///< as help shows it: `string`, `list`; empty for switches
    std::string_view help;
    std::string_view bare;  ///< what `--name` without `=` means; empty: a value must follow
  };

  FlagSet& add(char letter, std::string_view name, Target target, std::string_view type,
               std::string_view help);
  /// A switch: `--name`, `--name=false`.
  FlagSet& toggle(char letter, std::string_view name, bool& target, std::string_view help) {
    return add(letter, name, &target, "", help);
  }
  /// A text that `--name` alone sets to \p bare.
  FlagSet& optional_text(std::string_view name, std::optional<std::string>& target,
                         std::string_view bare, std::string_view help);
  /// Flags that Docker has and we do not: refused by name, never ignored. `m,memory` has a letter.
  FlagSet& unsupported(std::span<const std::string_view> names);

  std::span<const Flag> flags() const { return flags_; }
  /// Fills the targets; the arguments that are no flags.
  /// \errors 0 in pflag's words: `unknown flag: --foo`
  Result<std::vector<std::string>> parse(std::span<const std::string> args, Order order);
  /// The section `Options:` of the help text, 80 columns wide.
  std::string help_text() const;

 private:
  const Flag* find(std::string_view name) const;
  const Flag* find(char letter) const;
  Result<void> refuse_unknown(std::string_view name) const;
  Result<std::size_t> parse_long(std::span<const std::string> args, std::size_t at);
  Result<std::size_t> parse_short(std::span<const std::string> args, std::size_t at);

  std::vector<Flag> flags_;
  std::vector<std::string_view> unsupported_;
};

}  // namespace suit::cli
