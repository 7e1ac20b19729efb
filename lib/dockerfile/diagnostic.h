/// \file
/// What is wrong with a Dockerfile, where, and what to do about it.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/source.h"

namespace suit::dockerfile {

/// Whether the build can go on.
enum class Severity { Error, Warning };

/// One finding. A file can have many: reading goes on after an error, so that one run shows them
/// all.
struct Diagnostic {
  Severity severity = Severity::Error;
  SourceSpan span;
  std::string message;  ///< one sentence without a final period; BuildKit's where it has one
  std::vector<std::string> notes;  ///< the chain of reasons, nearest first
  std::string help;                ///< what to write instead; may be empty
};

/// The finding as people read it: headline `Dockerfile:3:1: error: …`, excerpt with a caret, notes,
/// help.
///
/// \param name what the text is called, usually its path
/// \param text the whole source text that the spans point into
std::string render(const Diagnostic& diagnostic, std::string_view name, std::string_view text);

/// The same under another word than `error` or `warning`: `info`.
std::string render_as(std::string_view label, const Diagnostic& diagnostic, std::string_view name,
                      std::string_view text);

/// The finding as an `Error`, for callers whose own function returns a `Result`.
Error to_error(const Diagnostic& diagnostic, std::string_view name, std::string_view text);

}  // namespace suit::dockerfile
