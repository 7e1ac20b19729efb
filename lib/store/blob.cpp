#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "hash/sha256.h"
#include "store/ingest.h"
#include "store/layout.h"
#include "store/store.h"

namespace suit::store {

struct BlobWriter::State {
  std::string root;
  Ingest entry;
  hash::Sha256 hash;
  std::uint64_t size_bytes = 0;
};

BlobWriter::BlobWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlobWriter::BlobWriter(BlobWriter&&) noexcept = default;
BlobWriter::~BlobWriter() = default;

Result<void> BlobWriter::write(std::span<const std::byte> bytes) {
  os::FdWriter file(state_->entry.fd());
  if (auto written = file.write(bytes); !written)
    return wrap(std::move(written).error(), fmt::format("write blob {}", state_->entry.path()));
  state_->hash.update(bytes);
  state_->size_bytes += bytes.size();
  return {};
}

std::uint64_t BlobWriter::size_bytes() const noexcept { return state_->size_bytes; }

Result<digest::Digest> BlobWriter::commit(const std::optional<digest::Digest>& expected) {
  digest::Digest digest = state_->hash.finish();
  if (expected && *expected != digest)
    return fail(0, fmt::format("blob {} has the digest {}", expected->text(), digest.text()),
                "the content was damaged on its way: fetch or save it again");
  const Ingest& entry = state_->entry;
  SUIT_TRY(place_blob(state_->root, entry.fd(), entry.path(), digest, Existing::Keep));
  return digest;
}

Result<void> place_blob(const std::string& store_root, os::FdRef fd, const std::string& path,
                        const digest::Digest& digest, Existing existing) {
  std::string target = blob_path(store_root, digest);
  struct stat ours{};
  struct stat theirs{};
  if (::fstat(fd.raw(), &ours) != 0) return fail(errno, fmt::format("fstat(\"{}\")", path));
  bool there = existing == Existing::Keep && ::lstat(target.c_str(), &theirs) == 0 &&
               S_ISREG(theirs.st_mode) && theirs.st_size == ours.st_size;
  if (there) {
    // Garbage collection spares the young: what is stored again is young again. The folder is
    // synced all the same, as whoever was first may not have come that far yet.
    ::utimensat(AT_FDCWD, target.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
    return os::fsync_dir(blobs_dir(store_root));
  }
  if (::fchmod(fd.raw(), 0444) != 0) return fail(errno, fmt::format("fchmod(\"{}\")", path));
  if (::fdatasync(fd.raw()) != 0) return fail(errno, fmt::format("fdatasync(\"{}\")", path));
  SUIT_TRY(os::rename(path, target));
  return os::fsync_dir(blobs_dir(store_root));
}

Result<BlobWriter> Store::begin_blob() {
  SUIT_LET(Ingest entry, Ingest::create_file(root_));
  return BlobWriter(std::unique_ptr<BlobWriter::State>(new BlobWriter::State{
      .root = root_, .entry = std::move(entry), .hash = {}, .size_bytes = 0}));
}

Result<digest::Digest> Store::put_blob(std::string_view content) {
  SUIT_LET(BlobWriter writer, begin_blob());
  SUIT_TRY(writer.write(bytes_of(content)));
  return writer.commit();
}

bool Store::has_blob(const digest::Digest& digest) const {
  struct stat info{};
  return digest.algorithm() == "sha256" && ::lstat(blob_path(root_, digest).c_str(), &info) == 0 &&
         S_ISREG(info.st_mode);
}

Result<os::Fd> Store::open_blob(const digest::Digest& digest) const {
  if (digest.algorithm() != "sha256")
    return fail(0, fmt::format("blob {}: only sha256 is stored", digest.text()));
  auto fd = open_regular(blob_path(root_, digest));
  if (!fd)
    return std::unexpected(std::move(fd)
                               .error()
                               .wrap(fmt::format("blob {}", digest.text()))
                               .with_hint("it is missing from the store: load the image again"));
  return fd;
}

Result<std::string> Store::read_blob(const digest::Digest& digest, std::size_t limit_bytes) const {
  SUIT_LET(os::Fd fd, open_blob(digest));
  os::FdReader reader(std::move(fd));
  auto text = read_all(reader, limit_bytes);
  if (!text) return wrap(std::move(text).error(), fmt::format("blob {}", digest.text()));
  if (digest::Digest actual = hash::sha256(*text); actual != digest)
    return fail(0,
                fmt::format("blob {} is damaged: its content has the digest {}", digest.text(),
                            actual.text()),
                "load the image again: that replaces it");
  return text;
}

}  // namespace suit::store
