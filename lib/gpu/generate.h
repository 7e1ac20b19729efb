/// \file
/// CDI specifications for what a probe has found: for this engine and for any other.
///
/// They claim the lowest version that fits, since older engines pass newer files over in silence.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "gpu/cdi_spec.h"
#include "gpu/probe.h"
#include "os/root.h"

namespace suit::gpu {

struct GenerateOptions {
  std::string driver_root = {};   ///< in front of every host path; empty: none
  std::string hook_program = {};  ///< absolute path of `suit`; empty: no hooks
};

/// `nvidia.com/gpu`: devices by index, by UUID, slices as `0:1`, and `all`.
/// \errors ENODEV when there is no driver or no GPU; 0 for a node that is not what its name says
Result<CdiSpec> generate_nvidia(const Host& host, const GenerateOptions& options = {});

/// `amd.com/gpu` or `intel.com/gpu`: nodes and their groups; the libraries are the image's.
/// \errors ENODEV
Result<CdiSpec> generate_drm(const Host& host, std::uint16_t vendor,
                             const GenerateOptions& options = {});

/// `suit.dev/softgpu`: OpenCL on the processor (PoCL), for whoever has no GPU. One device, `0`.
/// \errors ENOENT when PoCL is not installed below \p host
Result<CdiSpec> generate_softgpu(const os::Root& host, const GenerateOptions& options = {});

}  // namespace suit::gpu
