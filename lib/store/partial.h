/// \file
/// Blobs that come from far: `partial/<hex>`, in as many goes as it takes.
///
///     open ──> wait for the turn ──> (there by now? done) ──> hash what an earlier go left
///          ──> append ──> digest right? ──> fdatasync ──> rename to blobs/
///
/// Unlike ingest/, what a dead process leaves here stays: the next go continues it. It is believed
/// no more than what is still to come, since the digest is of the whole. The flock(2) is both the
/// turn (two that want the same blob share one transfer) and the sign of life for garbage
/// collection.

#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/stream.h"
#include "digest/digest.h"
#include "hash/sha256.h"
#include "os/fd.h"
#include "store/store.h"

namespace suit::store {

/// A blob on its way, ours alone. Dropped before `commit`, what came so far stays for the next go.
class [[nodiscard]] PartialBlob final : public Writer {
 public:
  /// Waits until nobody else brings this blob. Look for the blob itself (`has_blob`) afterwards.
  /// \param size_bytes the whole blob's; a remainder that is longer is thrown away
  static Result<PartialBlob> open(const Store& store, const digest::Digest& digest,
                                  std::uint64_t size_bytes);
  PartialBlob(PartialBlob&&) noexcept = default;
  PartialBlob& operator=(PartialBlob&&) = delete;
  ~PartialBlob() override;

  /// How much is there: where to go on.
  std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  /// \errors EFBIG beyond the blob's size: nothing is written then
  Result<void> write(std::span<const std::byte> bytes) override;
  /// Forgets what is there.
  Result<void> restart();
  /// Gives it its place among the blobs.
  /// \errors 0 when it is short, or its digest is another one: then it is forgotten, too
  Result<void> commit();
  /// A second descriptor of the file, for one who reads behind us.
  Result<os::Fd> open_reader() const;

 private:
  PartialBlob(std::string root, std::string path, os::Fd fd, digest::Digest digest,
              std::uint64_t whole_bytes)
      : root_(std::move(root)),
        path_(std::move(path)),
        fd_(std::move(fd)),
        digest_(std::move(digest)),
        whole_bytes_(whole_bytes) {}
  Result<void> hash_what_is_there();
  std::string root_;
  std::string path_;
  os::Fd fd_;
  digest::Digest digest_;
  std::uint64_t whole_bytes_;
  std::uint64_t size_bytes_ = 0;
  hash::Sha256 hash_;
};

/// Removes what was left unfinished, is nobody's and came before \p grace.
Result<void> sweep_partial(const std::string& store_root, std::chrono::seconds grace);

}  // namespace suit::store
