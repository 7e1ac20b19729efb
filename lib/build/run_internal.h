/// \file
/// The mounts of one RUN while it runs.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "build/solver_internal.h"
#include "oci/spec.h"
#include "os/file.h"
#include "os/leased_dir.h"
#include "secrets/redactor.h"
#include "secrets/secret_files.h"

namespace suit::build {

/// Mounts, and what must live as long as they do.
struct RunMounts {
  std::vector<oci::SpecMount> mounts;
  std::vector<store::SnapshotWriter> staging;  ///< copies that the step may see; dropped afterwards
  std::vector<os::Lock> locks;                 ///< of caches that are not shared
  std::optional<secrets::SecretFiles> secrets;
  std::vector<std::string> env;  ///< \shape `NAME=value`: secrets that are asked for as variables
};

/// \param work a directory of this step alone
Result<RunMounts> prepare_mounts(Session& session, const RunOp& op, const os::LeasedDir& work);

/// Adds the secret as a file, a variable or both; nothing for an optional one that is not given.
Result<void> add_secret(Session& session, const RunMount& mount,
                        const dockerfile::SecretMount& secret, const os::LeasedDir& work,
                        RunMounts& out);

/// What to look for in the step's output: every secret that it can see.
secrets::Redactor make_redactor(Session& session, const RunOp& op, int vertex);

}  // namespace suit::build
