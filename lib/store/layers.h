/// \file
/// What is in an image's layers: files, what each layer changes, and what is stored in vain.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "layer/tar.h"
#include "store/store.h"

namespace suit::store {

/// One path that a layer brings or takes away. Directories are not listed: they hold nothing.
struct LayerFile {
  enum class Kind { Added, Changed, Deleted };
  Kind kind = Kind::Added;
  std::string path;              ///< no leading `/`
  std::uint64_t size_bytes = 0;  ///< of the content that this layer has
  bool wasted = false;           ///< a later layer replaces or deletes it
};

/// One layer, and where it came from.
struct LayerReport {
  oci::Descriptor layer;
  digest::Digest diff_id;
  std::string created_by;  ///< of the image's history: the line of the Dockerfile
  std::string created;     ///< \shape RFC 3339
  std::uint64_t size_bytes = 0;
  std::size_t added = 0;
  std::size_t changed = 0;
  std::size_t deleted = 0;
  std::uint64_t wasted_bytes = 0;  ///< of files that no container of the image sees
  std::vector<LayerFile> files;    ///< sorted by path
};

/// Reads all layers of an image, lowest first.
/// \errors naming the layer that is missing or cannot be read
Result<std::vector<LayerReport>> read_layers(const Store& store, const Image& image);

/// A file of the whole image, and its content.
struct ImageFile {
  layer::TarEntry entry;
  std::string sha256;  ///< hex, of a regular file
};
/// By path, no leading `/`; directories too.
using ImageFiles = std::map<std::string, ImageFile>;

/// The files that a container of the image sees; all contents are read.
Result<ImageFiles> read_files(const Store& store, const Image& image);

/// What turns one image's files into another's: `A`, `C`, `D` as in `docker diff`.
struct FileChange {
  char kind = 'A';
  std::string path;  ///< no leading `/`
  std::uint64_t before_bytes = 0;
  std::uint64_t after_bytes = 0;
};
/// Sorted by path. Times are not compared: they differ between any two builds.
std::vector<FileChange> diff_files(const ImageFiles& before, const ImageFiles& after);

}  // namespace suit::store
