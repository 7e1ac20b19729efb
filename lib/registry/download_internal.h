/// \file
/// One blob from a registry into the store.

#pragma once

#include <atomic>

#include "base/result.h"
#include "oci/image.h"
#include "registry/coming_internal.h"
#include "registry/plan.h"
#include "registry/session.h"
#include "store/store.h"

namespace suit::registry {

/// Brings \p blob: goes on where an earlier pull stopped, and starts again where the connection is
/// cut, as long as something comes. Another process that brings the same blob is waited for.
/// \param coming told how far it is, and of the outcome; may be nullptr
/// \param stop set by somebody who has failed: the others need not go on
Result<void> fetch_blob(Session& session, store::Store& store, const oci::Descriptor& blob,
                        Coming* coming, const OnProgress& on_progress,
                        const std::atomic<bool>& stop);

}  // namespace suit::registry
