/// \file
/// Pulling: from a name to an image that can be run.
///
///     name ──> manifest or index ──> platform ──> plan ──> config, then layers:
///
///     blob k    download ─> sha256 ─> partial/<digest>          four at a time
///                              │ read behind, through the page cache
///                              └> inflate ─> diffID ─> unpack    lowest layer first
///
/// \see registry/README.md

#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "naming/reference.h"
#include "oci/image.h"
#include "registry/document.h"
#include "registry/plan.h"
#include "registry/session.h"
#include "store/store.h"

namespace suit::registry {

/// A pull that is decided: its plan, and the server that has it.
struct Pull {
  PullPlan plan;
  std::unique_ptr<Session> session;
};

/// Looks up \p reference and decides what is fetched. One request when the image is here already.
/// \errors ENOENT, EACCES in Docker's words; 0 when there is none for \p platform
Result<Pull> prepare_pull(const Access& access, const store::Store& store,
                          const naming::Reference& reference, const oci::Platform& platform);

/// What came of it.
struct Pulled {
  store::Image image;
  bool was_current = false;
};

/// Carries the plan out. Until all of it is verified, the image has no name here; what was fetched
/// when something fails stays for the next time.
Result<Pulled> execute(Pull pull, store::Store& store, const OnProgress& on_progress);

}  // namespace suit::registry
