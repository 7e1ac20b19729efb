/// \file
/// The mounts of one RUN while it runs.

#pragma once

#include <string>
#include <vector>

#include "build/solver_internal.h"
#include "oci/spec.h"
#include "os/file.h"

namespace suit::build {

/// Mounts, and what must live as long as they do.
struct RunMounts {
  std::vector<oci::SpecMount> mounts;
  std::vector<store::SnapshotWriter> staging;  ///< copies that the step may see; dropped afterwards
  std::vector<os::Lock> locks;                 ///< of caches that are not shared
};

Result<RunMounts> prepare_mounts(Session& session, const RunOp& op);

}  // namespace suit::build
