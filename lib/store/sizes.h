/// \file
/// How large layers are once unpacked: `sizes/<hex of the blob>`, a decimal number.
///
/// Tables show what Docker shows, the bytes of a layer's files. That is in no document of an image;
/// it is counted once, when the layer comes, and does not change when it is unpacked.

#pragma once

#include <cstdint>

#include "oci/image.h"
#include "store/store.h"

namespace suit::store {

/// Bytes of the files in \p layer; its stored size where nobody has counted them.
std::uint64_t unpacked_size(const Store& store, const oci::Descriptor& layer);

/// Notes a count. A note that cannot be written is no error: the stored size is shown then.
void note_size(const Store& store, const digest::Digest& layer, std::uint64_t size_bytes);

/// Counts \p layer, unless that was done: a plain tar by its headers, a compressed one by
/// unpacking.
void count_size(const Store& store, const oci::Descriptor& layer);

}  // namespace suit::store
