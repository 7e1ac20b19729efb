/// \file
/// Whether root is root here.
/// \see user_namespaces(7)

#pragma once

namespace suit::os {

/// True when this process is no root of the whole host: a plain user, or root of a user namespace
/// only. It can then make no device nodes, write no `trusted.*` attributes, and not own every id.
bool in_user_namespace();

}  // namespace suit::os
