/// \file
/// Container edits carried out on an OCI config: devices, cgroup rules, mounts, variables, hooks.
///
/// They work on the document, not on `oci::Spec`, so that a config.json of another engine keeps
/// the members that this one does not know.
/// \source CDI specification 1.1, "OCI Edits"

#pragma once

#include "base/result.h"
#include "gpu/cdi_spec.h"
#include "oci/json.h"
#include "oci/spec.h"
#include "os/root.h"

namespace suit::gpu {

/// Numbers and mode of nodes that \p edits leave open are read below \p host, which is `/` but in
/// tests and for driver containers.
/// \errors 0 with the path of a node that is absent or of another type; \p config is unchanged then
Result<void> apply_edits(oci::Json& config, const ContainerEdits& edits, const os::Root& host);

/// The same on a specification in memory.
/// \errors also 0 for what the runtime does not support, by JSON pointer
Result<void> apply_edits(oci::Spec& spec, const ContainerEdits& edits, const os::Root& host);

}  // namespace suit::gpu
