/// \file
/// Running without root: the whole engine moves into a user namespace in which it is root.
///
/// With `newuidmap` and a range in /etc/subuid the image's owners are kept; without, one id is
/// mapped and every file belongs to the caller.
/// \see user_namespaces(7), newuidmap(1), subuid(5); tutorial 03

#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace suit::engine {

/// Makes this process root of a user namespace (and of a mount namespace in it). A container that
/// already runs on \p data_dir shares its namespace, so that it can be signalled and removed.
/// To be called first, while the process has one thread. No effect for root.
/// \errors EPERM with what the host forbids and how to allow it.
Result<void> enter_user_namespace(const std::string& data_dir);

}  // namespace suit::engine
