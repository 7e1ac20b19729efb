/// \file
/// Does what a command printed equal what the lesson says?
///
///     literal                 equal, trailing blanks aside
///     ...                     any lines, or none
///     {{name:regex}}          matches the regex; remembered as `name` for the rest of the lesson
///     {{:regex}}              matches, not remembered
///     {{=name}}               equals what `name` is
///     {{!=name:regex}}        matches the regex and DIFFERS from `name`
///
/// The last is the one that lessons about containers need: a namespace's number inside must not be
/// the one outside. Regular expressions are ECMAScript's.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace suit::lesson {

/// What has been remembered so far, by name.
using Captures = std::map<std::string, std::string, std::less<>>;

/// Compares all of \p actual with all of \p expected; adds to \p captures only on success.
/// \returns an empty string, or the first difference in words
/// \errors a template that cannot be read: `{{=pid}}: nothing was remembered as "pid"`
Result<std::string> match_output(const std::vector<std::string>& expected,
                                 const std::vector<std::string>& actual, Captures& captures);

}  // namespace suit::lesson
