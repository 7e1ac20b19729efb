/// \file
/// Code in a lesson equals code in the sources: rewrite it, or say where it does not.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "runner/lesson.h"

namespace suit::lesson {

/// The lesson's text with every `src=` block replaced by what the sources say now.
/// \param root the repository's root
/// \errors an unknown region names the file's regions; broken markers name their file and line
Result<std::string> synced_text(const Lesson& lesson, const std::string& root);

/// Differences between the lesson and the sources, as `01-process.md:40: ...` with a line diff;
/// links to files that do not exist, and to headings that no lesson has.
Result<std::vector<std::string>> stale_blocks(const Lesson& lesson, const std::string& root);

/// Regions of the chapters that none of \p lessons shows. A chapter belongs to the lesson of its
/// name: `chapters/01-process` to `01-process.md`.
Result<std::vector<std::string>> unused_regions(const std::vector<Lesson>& lessons,
                                                const std::string& root);

/// Lines of \p before and \p after: ` ` both, `-` only before, `+` only after.
std::string line_diff(const std::vector<std::string>& before,
                      const std::vector<std::string>& after);

}  // namespace suit::lesson
