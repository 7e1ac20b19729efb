/// \file
/// An image archive, or the layout in a directory, copied into a folder of ingest/ and indexed by
/// path and digest.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/stream.h"
#include "digest/digest.h"
#include "oci/image.h"
#include "os/root.h"
#include "store/archive.h"
#include "store/ingest.h"

namespace suit::store {

/// One file of the archive. It lies in ingest/ under a number: no name from outside reaches the
/// disk.
struct StagedFile {
  std::string path;  ///< host path
  digest::Digest digest;
  std::uint64_t size_bytes = 0;
};

/// All files of an archive; removed at the end of the scope.
class Stage {
 public:
  /// \param tar uncompressed
  static Result<Stage> fill(const Store& store, Reader& tar, const LoadLimits& limits);
  /// Copies what the index of the layout at \p path leads to.
  static Result<Stage> fill_from_layout(const Store& store, const std::string& path,
                                        const LoadLimits& limits);

  /// The file at \p path in the archive, through links; nullptr when there is none.
  const StagedFile* find(std::string_view path) const;
  /// The file whose content has this digest, wherever it lies; nullptr when there is none.
  const StagedFile* find(const digest::Digest& digest) const;
  /// A document of the archive, by path. \errors naming \p path; ENOENT when there is none
  Result<std::string> read(std::string_view path) const;
  Result<std::string> read(const StagedFile& file) const;

 private:
  explicit Stage(Ingest folder) : folder_(std::move(folder)) {}
  Result<void> add(std::string path, Reader& content);
  Result<const StagedFile*> copy_in(const os::Root& layout, const std::string& path);
  Result<void> copy_blob(const os::Root& layout, const oci::Descriptor& descriptor, int depth);
  Result<void> copy_children(const os::Root& layout, const StagedFile& document, int depth);

  Ingest folder_;
  LoadLimits left_;        // what may still come
  std::size_t count_ = 0;  // files staged: the next one's name
  std::map<std::string, StagedFile, std::less<>> files_;
  std::map<digest::Digest, const StagedFile*> by_digest_;  // into files_
  std::map<std::string, std::string, std::less<>> links_;
};

}  // namespace suit::store
