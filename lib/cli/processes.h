/// \file
/// `top`: processes as ps(1) lists them, read from /proc. There is no ps to run: it may not be
/// there, and its output would be the host's.
/// \source ps(1), proc_pid_stat(5)

#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace suit::cli {

/// The columns that ps would show for \p options: none or `-ef`, `aux`, `-o pid,comm`.
/// \errors 0 for options and columns that we do not have, with did-you-mean
Result<std::vector<std::string>> process_columns(const std::vector<std::string>& options);

/// The table of \p pids; those that have ended are left out.
std::string process_table(const std::vector<std::string>& columns, const std::vector<pid_t>& pids);

}  // namespace suit::cli
