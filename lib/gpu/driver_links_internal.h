/// \file
/// How driver files appear in a container: under which names, mounted how.

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gpu/probe.h"

namespace suit::gpu {

/// Name and what it leads to, both in the library's own directory: `libcuda.so` → `libcuda.so.1` →
/// `libcuda.so.580.159.03`.
std::vector<std::pair<std::string, std::string>> links_of(const DriverFile& library);

/// Read-only, no devices, no set-uid; a socket is not read-only, since connecting writes.
std::vector<std::string> mount_options(const DriverFile& file);

}  // namespace suit::gpu
