/// \file
/// What takes the store's space, and what of it could go: the numbers of `suit system df`.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace suit::store {

/// One image. Sizes are those that tables show: bytes of the files in its layers.
struct ImageUsage {
  Image image;
  std::uint64_t shared_bytes = 0;  ///< in layers that another image has too
  std::uint64_t unique_bytes = 0;
  bool in_use = false;
};

/// A step of a build that can be taken again.
struct CacheUsage {
  std::string key;          ///< the record's name, hex
  std::string instruction;  ///< \shape `COPY . /app`
  std::string created;      ///< \shape RFC 3339
  std::uint64_t size_bytes = 0;
  bool shared = false;  ///< an image has its layer too
};

/// Bytes on disk: blobs as stored and, where they are unpacked, snapshots.
struct Usage {
  std::vector<ImageUsage> images;
  std::uint64_t image_bytes = 0;
  std::uint64_t idle_image_bytes = 0;  ///< that only images without a container have
  std::vector<CacheUsage> cache;
  std::uint64_t cache_bytes = 0;         ///< that no image has
  std::uint64_t unreferenced_bytes = 0;  ///< that nothing points to: the next collection's
};

/// \param in_use ids of images that containers hold
Result<Usage> usage(const Store& store, const std::vector<digest::Digest>& in_use);

/// Bytes that the file or folder \p path takes on disk; nothing there is 0.
std::uint64_t size_on_disk(const std::string& path);

}  // namespace suit::store
