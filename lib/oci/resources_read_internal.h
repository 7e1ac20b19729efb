/// \file
/// Reading `linux.resources` as a part of config.json.

#pragma once

#include "oci/cursor_internal.h"
#include "oci/resources.h"

namespace suit::oci {

Resources read_resources(const Cursor& at);

}  // namespace suit::oci
