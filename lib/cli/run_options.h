/// \file
/// The flags of `run` and `create`, and what they ask the engine for.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/flags.h"
#include "cli/limit_flags.h"
#include "cli/run_network.h"
#include "engine/engine.h"

namespace suit::cli {

/// What the flags say, before and after it is understood.
struct RunFlags {
  engine::CreateOptions options;
  std::vector<std::string> env, env_files, labels, volumes, mounts, tmpfs, gpus, devices;
  std::vector<std::string> attach;  ///< streams that are looked at; none: all
  engine::Look look;
  std::vector<std::string> label_files, log_options, expose;
  std::optional<std::string> entrypoint, explain;
  NetworkFlags network;
  std::string cidfile, pull, log_driver, restart, shm_size;
  std::optional<std::int64_t> stop_timeout;
  LimitFlags limits;
  bool detach = false, dry_run = false, quiet = false;
};

/// Declares the flags that `run` and `create` share, bound to \p run.
void declare_run_flags(FlagSet& flags, RunFlags& run);

/// Completes `run.options` from the flags and from \p args: the image and its command.
/// \errors 0 as Docker words them; what is not supported is refused by name
Result<void> interpret(RunFlags& run, const std::vector<std::string>& args);

}  // namespace suit::cli
