/// \file
/// The `--name=value` of instructions: which exist, and what was given.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/diagnostic.h"
#include "dockerfile/line.h"

namespace suit::dockerfile {

enum class FlagKind { Text, Bool, Repeated };
struct FlagSpec {
  std::string_view name;
  FlagKind kind;
};

/// What was given of the flags that an instruction has.
class FlagValues {
 public:
  /// Reads \p flags; what is wrong goes to \p diagnostics and counts as not given.
  static FlagValues read(const std::vector<Word>& flags, std::span<const FlagSpec> specs,
                         std::vector<Diagnostic>& diagnostics);

  /// The value, or an empty word.
  Word text(std::string_view name) const;
  std::optional<bool> boolean(std::string_view name) const;
  /// All values of a flag that may be repeated.
  std::vector<Word> all(std::string_view name) const;

 private:
  struct Value {
    std::string name;
    Word word;
  };
  std::vector<Value> values_;
};

}  // namespace suit::dockerfile
