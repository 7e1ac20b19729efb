/// \file
/// Reading `linux.seccomp` as a part of config.json.

#pragma once

#include "oci/cursor_internal.h"
#include "oci/seccomp.h"

namespace suit::oci {

Seccomp read_seccomp(const Cursor& at);

}  // namespace suit::oci
