/// \file
/// From a descriptor in the index to an `Image`.

#pragma once

#include <vector>

#include "base/result.h"
#include "digest/digest.h"
#include "oci/image.h"
#include "store/store.h"

namespace suit::store {

/// The manifest that \p descriptor leads to: itself, or the host platform's of an index.
/// \errors 0 when the index has nothing for this platform
Result<oci::Descriptor> select_manifest(const Store& store, const oci::Descriptor& descriptor);

/// The manifest's document, verified.
Result<oci::Manifest> read_manifest(const Store& store, const digest::Digest& digest);

/// The config's document, verified, with one diffID a layer.
Result<oci::ImageConfig> read_config(const Store& store, const oci::Manifest& manifest);

/// The image behind \p descriptor, with that descriptor's name alone.
Result<Image> resolve(const Store& store, const oci::Descriptor& descriptor);

/// The id of the image behind \p descriptor: reads its manifest only.
Result<digest::Digest> id_of(const Store& store, const oci::Descriptor& descriptor);

/// The image called \p id (one of \p index), with all its names.
Result<Image> resolve_id(const Store& store, const oci::Index& index, const digest::Digest& id);

/// Bytes of the files in the layers, where they were counted; else the layers as stored.
std::uint64_t size_of(const Store& store, const oci::Manifest& manifest);

}  // namespace suit::store
