/// \file
/// Hooks: programs that the spec has run at points of a container's life.
/// \source OCI runtime-spec, config.md, "POSIX-platform Hooks"

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "oci/spec.h"
#include "runtime/plan.h"
#include "runtime/runtime.h"
#include "runtime/state.h"

namespace suit::runtime {

/// Runs them one after the other in our namespaces, the state on their stdin. Ends with the first
/// that fails.
/// \param kind for messages: `prestart`
/// \errors 0 naming the hook, how it ended, and what it said on stderr; ETIMEDOUT
Result<void> run_hooks(std::string_view kind, const std::vector<oci::Hook>& hooks,
                       const ContainerState& state, Status status);

/// The same in the container's namespaces.
/// \param spec the container's; its process is whose rights the hooks have
/// \param target says whether the container's root is its own yet
Result<void> run_hooks_inside(std::string_view kind, const std::vector<oci::Hook>& hooks,
                              const ContainerState& state, Status status, const oci::Spec& spec,
                              const HostFacts& facts, const ExecTarget& target);

}  // namespace suit::runtime
