/// \file
/// The steps registry: every operation the engine makes the kernel do, and why.
///
/// One id serves `--explain`, the hint under an error, the tutorials' checks and the graders, so
/// the text about a step is written once.

#pragma once

#include <span>
#include <string_view>

namespace suit {

/// One kind of operation.
struct Step {
  std::string_view id;        ///< \shape `<area>.<operation>`, such as `mount.proc`
  std::string_view title;     ///< what it does, for a list: a few words
  std::string_view why;       ///< why a container needs it
  std::string_view without;   ///< what breaks when it is left out
  std::string_view man;       ///< \shape `pivot_root(2)`
  std::string_view tutorial;  ///< \shape `01-process#a-root-of-its-own`: file and heading
};

/// All steps, in the order in which a start makes them.
std::span<const Step> all_steps();

/// The step called \p id, or nullptr.
const Step* find_step(std::string_view id);

}  // namespace suit
