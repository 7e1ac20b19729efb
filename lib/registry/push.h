/// \file
/// Pushing: an image of the store to a repository, and no byte that is there already.
///
///     layer    HEAD ─> there? ─> mount from another repository? ─> POST ─> PUT
///              plain: tar ─> compress ─> sha256 ─> PATCH, the digest last    no temporary file
///     config   the same            manifest   last, under the tag
///
/// \source OCI distribution-spec v1.1, "Push"

#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "layer/compress.h"
#include "naming/reference.h"
#include "registry/plan.h"
#include "registry/session.h"
#include "store/store.h"

namespace suit::registry {

struct PushOptions {
  layer::CompressOptions compression = {
      .format = layer::Compression::Gzip, .level = {}, .threads = 0};
  /// Upload in pieces of this size, each with its range; 0: as the registry likes it.
  std::uint64_t chunk_bytes = 0;
};

/// Decides what is sent: asks the registry for each blob that has its digest already.
Result<PushPlan> prepare_push(const Access& access, const store::Store& store,
                              const store::Image& image, const naming::Reference& reference,
                              const PushOptions& options);

/// What the registry has now.
struct Pushed {
  digest::Digest manifest;
  std::uint64_t size_bytes = 0;  ///< of the manifest
};

/// Sends \p image under the name \p reference.
/// \errors EACCES in Docker's words
Result<Pushed> push(const Access& access, store::Store& store, const store::Image& image,
                    const naming::Reference& reference, const PushOptions& options,
                    const OnProgress& on_progress);

}  // namespace suit::registry
