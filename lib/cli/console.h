/// \file
/// What the program prints, and where to.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/result.h"

namespace suit::cli {

/// Collects text for stdout and writes it in few calls. Everything but `raw` goes through `safe()`.
class Console {
 public:
  /// To stdout.
  template <typename... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    text(fmt::format(format, std::forward<Args>(args)...));
  }
  void text(std::string_view text);
  /// A file's text, byte for byte: for pipes. On a terminal it is like `text`.
  void raw(std::string_view text);
  /// Bytes of ours for the terminal, as they are.
  void control(std::string_view bytes) { pending_ += bytes; }
  /// To stderr, at once.
  void complain(std::string_view text) const;
  /// Writes what was collected.
  /// \errors those of write(2): a full disk must not look like success
  Result<void> flush();

 private:
  void append(std::string_view text);
  std::string pending_;
};

/// Whether \p descriptor (0, 1, 2) is a terminal.
bool is_terminal(int descriptor);

}  // namespace suit::cli
