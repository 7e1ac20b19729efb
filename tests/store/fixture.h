/// \file
/// A store in a temporary folder, and the smallest images and archives to put into it.

#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "hash/sha256.h"
#include "layer/tar.h"
#include "naming/reference.h"
#include "oci/image.h"
#include "os/file.h"
#include "store/store.h"

namespace suit::store {

/// The value, or a test failure with the error's words and hint.
template <typename T>
T must(Result<T> result) {
  EXPECT_TRUE(result) << result.error().message() << "\n" << result.error().hint();
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// Message and hint of an error, or "" where there is none.
template <typename T>
std::string error_of(const Result<T>& result) {
  return result ? "" : result.error().message();
}

inline std::string scratch_parent() {
  const char* chosen = std::getenv("TMPDIR");
  return chosen ? chosen : "/tmp";
}

class StoreTest : public ::testing::Test {
 protected:
  os::TempDir folder_ = must(os::TempDir::create(scratch_parent(), "suit-store-"));
  std::string root_ = folder_.path() + "/store";
  Store store_ = must(Store::open(root_));
};

struct TarFile {
  std::string path;
  std::string content;
  layer::EntryType type = layer::EntryType::File;
};

/// A tar of \p files; a path that ends in `/` is a directory, the content of a link its target.
inline std::string make_tar(const std::vector<TarFile>& files) {
  StringWriter out;
  layer::TarWriter tar(out);
  for (const TarFile& file : files) {
    layer::TarEntry entry;
    entry.path = file.path;
    entry.type = file.path.ends_with('/') ? layer::EntryType::Directory : file.type;
    entry.mode = entry.type == layer::EntryType::Directory ? 0755 : 0644;
    bool is_file = entry.type == layer::EntryType::File;
    if (is_file) entry.size_bytes = file.content.size();
    if (!is_file) entry.link = file.content;
    must(tar.begin(entry));
    if (is_file) must(tar.write(bytes_of(file.content)));
  }
  must(tar.finish());
  return out.take();
}

inline naming::Reference name(std::string_view text) { return must(naming::parse_reference(text)); }

inline oci::Descriptor describe(std::string_view content, std::string_view media_type) {
  oci::Descriptor descriptor;
  descriptor.media_type = media_type;
  descriptor.digest = hash::sha256(content);
  descriptor.size_bytes = content.size();
  return descriptor;
}

/// The config of an image with these layers (uncompressed tars), told apart by \p comment.
inline oci::ImageConfig make_config(const std::vector<std::string>& layers, std::string comment) {
  oci::ImageConfig config;
  config.created = "2024-01-02T03:04:05Z";
  config.platform = oci::host_platform();
  config.config.cmd = {"/bin/sh"};
  for (const std::string& layer : layers)
    config.diff_ids.push_back(hash::sha256(layer));
  config.history.push_back({.created = config.created,
                            .created_by = {},
                            .author = {},
                            .comment = std::move(comment),
                            .empty_layer = false});
  return config;
}

/// Stores an image with these layers.
inline Image put(Store& store, const std::vector<std::string>& layers,
                 const std::vector<std::string>& names, const std::string& comment = "x") {
  std::vector<oci::Descriptor> descriptors;
  for (const std::string& layer : layers) {
    must(store.put_blob(layer));
    descriptors.push_back(describe(layer, oci::kMediaLayerTar));
  }
  std::vector<naming::Reference> references;
  for (const std::string& text : names)
    references.push_back(name(text));
  return must(store.put_image(make_config(layers, comment), descriptors, references));
}

inline std::string layer_a() { return make_tar({{"etc/", ""}, {"etc/a", "from a"}}); }
inline std::string layer_b() { return make_tar({{"etc/", ""}, {"etc/b", "from b"}}); }

}  // namespace suit::store
