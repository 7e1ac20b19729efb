/// \file
/// Snapshots: one unpacked layer each, `snapshots/<chain id>/`.
///
///     fs/     the layer's tree in overlay upper format
///     boot    boot id, while it is not known to be on disk
///
/// A snapshot is derived from its layer's blob, so it need not survive a power cut; it must only
/// not be taken for whole after one. A build commits one at each step without waiting for the disk:
/// it writes the boot id, and a snapshot with another boot's id counts as missing.

#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "digest/digest.h"
#include "store/ingest.h"
#include "store/store.h"

namespace suit::store {

/// Moves the folder \p entry (with a filled `fs/`) to its place. One that is there already stays.
Result<void> place_snapshot(const std::string& store_root, Ingest& entry,
                            const digest::Digest& chain_id);

/// Waits until these snapshots are on disk, and notes so. No effect on those that are, or are
/// missing.
Result<void> settle_snapshots(const Store& store, std::span<const digest::Digest> chain_ids);

}  // namespace suit::store
