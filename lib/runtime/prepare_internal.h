/// \file
/// What a few plans need before their first op: namespaces for id-mapped mounts, and tmpfs that
/// start with the image's files.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "oci/process.h"
#include "os/fd.h"

namespace suit::runtime {

/// A user namespace that exists for its maps alone.
Result<os::Fd> make_user_namespace(const std::vector<oci::IdMapping>& uids,
                                   const std::vector<oci::IdMapping>& gids);

/// Copies the directory \p path of \p rootfs, if there is one, into the directory \p target:
/// files, directories, symlinks, fifos with their owners, modes and times.
/// \errors ENOSPC when the target is full; those of openat2(2)
Result<void> copy_up(os::FdRef rootfs, const std::string& path, int target);

}  // namespace suit::runtime
