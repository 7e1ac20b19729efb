/// \file
/// What is in use: the marking half of garbage collection.
///
///     index.json ──────────> manifests ──> configs, layers ──> chain ids
///     cache/*.json           "blobs": [digest…], "snapshots": [chain id…]
///     containers/*/container.json   "imageId": id, "snapshots": [chain id…]

#pragma once

#include <set>

#include "base/result.h"
#include "digest/digest.h"
#include "store/store.h"

namespace suit::store {

/// Content that something points to.
struct Marks {
  std::set<digest::Digest> blobs;
  std::set<digest::Digest> snapshots;  ///< chain ids
};

/// \errors when a container's record or the index cannot be read: what it points to is not known
/// then, and nothing may be removed.
Result<Marks> mark(const Store& store);

/// Adds what the records of the build cache point to.
Result<void> mark_cache(const Store& store, Marks& marks);

/// Blobs and snapshots of one image.
Marks marks_of(const Image& image);

/// Removes the blobs and snapshots of \p candidates that nothing points to; the bytes freed.
/// The caller holds the store's lock exclusively.
Result<std::uint64_t> sweep_unmarked(const Store& store, const Marks& candidates,
                                     const Marks& marked);

}  // namespace suit::store
