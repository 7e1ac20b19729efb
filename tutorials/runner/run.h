/// \file
/// Executes a lesson: every command, in order, in one shell, in a directory of its own; afterwards
/// nothing may be left.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "runner/lesson.h"

namespace suit::lesson {

/// Where a lesson runs.
struct RunOptions {
  std::string root;               ///< the repository; lessons see it as `$SUIT_SOURCE`
  std::vector<std::string> path;  ///< directories in front of the system's `PATH`
};

/// What came of it.
struct RunReport {
  std::size_t commands = 0;  ///< in the lesson
  std::size_t executed = 0;  ///< of them
  std::vector<std::string>
      problems;                      ///< `01-process.md:51: ...`; empty: the lesson tells the truth
  std::vector<std::string> skipped;  ///< blocks that did not run, and why
  std::string promoted;              ///< the lesson with what its commands really printed
};

/// Runs every console block of \p lesson and writes every file block.
///
/// As root the lesson gets a mount namespace whose `/` is shared, as systemd makes it on most
/// hosts: what a container leaks into it is seen, and the host itself is out of reach of the leak.
/// \errors only when the lesson could not be run at all; a wrong lesson is a problem in the report
Result<RunReport> run_lesson(const Lesson& lesson, const RunOptions& options);

}  // namespace suit::lesson
