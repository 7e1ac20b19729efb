/// \file
/// What the operations share.

#pragma once

#include <string>

#include "runtime/lifecycle.h"

namespace suit::runtime {

/// Our own 0, 1 and 2, as the program's.
struct Stdio {
  os::Fd in, out, err;
};
Result<Stdio> own_stdio();

/// A host that has no cgroups: `--cgroup-manager disabled`.
void forget_cgroups(HostFacts& facts);
ExecTarget exec_target(const ContainerState& state, const oci::Spec& spec);
/// Writes a pid for whoever asked for it; nothing for an empty path.
Result<void> write_pid_file(const std::string& path, pid_t pid);

}  // namespace suit::runtime
