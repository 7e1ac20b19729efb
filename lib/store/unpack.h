/// \file
/// Unpacking a layer while its blob is still on its way.

#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "base/result.h"
#include "base/stream.h"
#include "digest/digest.h"
#include "oci/image.h"
#include "store/store.h"

namespace suit::store {

/// Unpacks layer \p index of the stack \p diff_ids (the layers below are unpacked) from \p bytes,
/// which another checks against the digest of \p blob. The snapshot is kept only if the diffID is
/// right and \p verified, asked at the end, has no objection. One that is there already is no
/// error, and \p bytes is then not read.
Result<void> unpack_stream(Store& store, Reader& bytes, const oci::Descriptor& blob,
                           std::span<const digest::Digest> diff_ids, std::size_t index,
                           const std::function<Result<void>()>& verified);

}  // namespace suit::store
