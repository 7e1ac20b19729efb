/// \file
/// Errors at the end of their way: text for people, a number for the shell.

#pragma once

#include <string>

#include "base/result.h"
#include "cli/command.h"

namespace suit::cli {

/// The error as it is printed, with its excerpt, its hint and the tutorial of its step.
std::string render_error(const Error& error);

/// The one place where an error becomes an exit code.
///
/// 125: the flags are wrong, or `run` could not start the container; 126: `run` found the program
/// but could not execute it; 127: it did not find it; 1: everything else.
int exit_code(const Error& error, ExitRule rule, Stopped stopped);

}  // namespace suit::cli
