/// \file
/// The keys that leave a terminal without ending what runs in it: `ctrl-p,ctrl-q`.

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace suit::engine {

/// Finds the sequence in what is typed, cut anywhere.
class DetachKeys {
 public:
  DetachKeys() = default;  ///< none: nothing is ever found
  /// \shape keys between commas: a letter, or `ctrl-` and a letter or one of `@[\]^_`
  /// \errors 0 naming the key
  static Result<DetachKeys> parse(std::string_view text);
  /// Docker's own.
  static DetachKeys usual();

  struct Typed {
    std::string bytes;  ///< for the program: without a sequence that was completed
    bool detached = false;
  };
  /// Keys that may yet begin the sequence are held back until the next one tells.
  Typed feed(std::string_view bytes);

 private:
  std::string sequence_;
  std::size_t matched_ = 0;
};

}  // namespace suit::engine
