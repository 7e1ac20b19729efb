/// \file
/// The parts of a probe.

#pragma once

#include <string_view>

#include "gpu/probe.h"
#include "gpu/view_internal.h"

namespace suit::gpu {

/// Finds the driver's libraries, programs, data, firmware and sockets; fills `nvidia.dirs` and
/// `nvidia.files`.
void probe_driver_files(const View& host, Host& out);

/// `libcuda.so.580.159.03` → `580.159.03`; "" for another name.
std::string_view version_in(std::string_view name, std::string_view library);

}  // namespace suit::gpu
