/// \file
/// /dev: a tmpfs filled while nobody can reach it.

#pragma once

#include <string>
#include <vector>

#include "runtime/builder_internal.h"

namespace suit::runtime {

/// Makes device nodes and links in the detached tmpfs in \p tree.
///
/// No path of the image is walked: a /dev that is a symlink, or holds some, cannot matter
/// (CVE-2025-31133, CVE-2026-41579).
Result<void> plan_dev_tree(Builder& b, const PlanInput& in, std::uint8_t tree);

/// In a user namespace, where mknod(2) is not allowed: the host's nodes over empty files. After the
/// tree is attached.
void plan_dev_binds(Builder& b, const PlanInput& in);

/// Where a bare /dev is missing from the spec's mounts, the one that every container gets.
oci::SpecMount default_dev_mount();

}  // namespace suit::runtime
