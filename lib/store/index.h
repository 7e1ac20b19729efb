/// \file
/// index.json: which images the store has, under which names.
///
/// One descriptor a name; a manifest without a name has one descriptor without a name annotation.
/// Readers take no lock: the file is replaced by rename. Writers take turns on `index.lock`.

#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "oci/image.h"

namespace suit::store {

inline constexpr std::string_view kRefName = "org.opencontainers.image.ref.name";
/// containerd's and Docker's annotation for a full name, where ref.name may be a tag alone.
inline constexpr std::string_view kFullName = "io.containerd.image.name";

/// The canonical name that a descriptor carries; "" when it has none, or none that is well-formed.
std::string name_of(const oci::Descriptor& descriptor);

/// \p descriptor with \p name (canonical; "" removes it) in both annotations.
oci::Descriptor named(oci::Descriptor descriptor, std::string_view name);

/// \errors naming the file and how to mend it, when it is missing or no index.
Result<oci::Index> read_index(const std::string& store_root);

/// Reads, edits and replaces the index while nobody else does. An error of \p edit changes nothing.
Result<void> update_index(const std::string& store_root,
                          const std::function<Result<void>(oci::Index&)>& edit);

}  // namespace suit::store
