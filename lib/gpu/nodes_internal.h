/// \file
/// Which device nodes a choice of GPUs needs, with the numbers that they must have.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "gpu/cdi_spec.h"
#include "gpu/probe.h"

namespace suit::gpu {

/// A node as it should be.
struct ExpectedNode {
  std::string path;
  unsigned major = 0;
  unsigned minor = 0;
};

bool has_word(const std::vector<std::string>& words, std::string_view word);

/// nvidiactl always, unified memory for compute, mode setting for display. What the kernel does not
/// have is left out.
std::vector<ExpectedNode> control_nodes(const Host& host,
                                        const std::vector<std::string>& capabilities);
ExpectedNode gpu_node(const Host& host, const NvidiaGpu& gpu);
/// A slice's own capability nodes; the GPU's node is needed besides.
std::vector<ExpectedNode> slice_nodes(const Host& host, const MigDevice& slice);
/// Nodes of the direct rendering manager that belong to a GPU, as they are on the host.
std::vector<const DeviceNode*> drm_nodes(const Host& host, const std::string& bus);

/// A node that is there with other numbers is not what it says: somebody put it there.
/// \errors 0: `"/dev/nvidia0" is device 1:3, not 195:0`
Result<void> check_node(const Host& host, const ExpectedNode& expected);

}  // namespace suit::gpu
