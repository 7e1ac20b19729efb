/// \file
/// Pulling for those who want an image and do not have it: `run`, `create`, `build`.

#pragma once

#include <string>

#include "base/result.h"
#include "cli/command.h"
#include "cli/console.h"
#include "engine/engine.h"
#include "naming/reference.h"
#include "registry/pull.h"

namespace suit::cli {

/// When an image is looked for in its registry.
enum class PullPolicy { Missing, Always, Never };
/// \errors 0 as Docker words it
Result<PullPolicy> parse_pull_policy(const std::string& text);

/// What `suit` calls itself to servers.
std::string user_agent();

/// `tag latest was assumed`, `registry docker.io was assumed`; empty when all was written.
std::string assumptions(const std::string& typed, const naming::Reference& reference);

/// Pulls, with progress on stderr or stdout.
enum class Where { Stdout, Stderr };
Result<registry::Pulled> pull_with_progress(const registry::Access& access, store::Store& store,
                                            registry::Pull pull, Where where, bool quiet);

/// Makes sure that \p name is here, as \p policy says; the name that it has here (an alias is
/// another one than was typed). Ids are never pulled.
/// \errors as the store words it, and why it could not be pulled
Result<std::string> ensure_image(engine::Engine& engine, const std::string& name, PullPolicy policy,
                                 bool quiet);

}  // namespace suit::cli
