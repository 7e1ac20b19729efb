#include "store/partial.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include <fmt/format.h>

#include "base/log.h"
#include "store/ingest.h"
#include "store/layout.h"

namespace suit::store {
namespace {

bool is_the_file_at(const std::string& path, const os::Fd& fd) {
  struct stat ours{};
  struct stat there{};
  return ::fstat(fd.raw(), &ours) == 0 && ::lstat(path.c_str(), &there) == 0 &&
         ours.st_ino == there.st_ino && ours.st_dev == there.st_dev && S_ISREG(ours.st_mode);
}

}  // namespace

Result<PartialBlob> PartialBlob::open(const Store& store, const digest::Digest& digest,
                                      std::uint64_t size_bytes) {
  if (digest.algorithm() != "sha256")
    return fail(0, fmt::format("blob {}: only sha256 is stored", digest.text()));
  std::string path = partial_path(store.root(), digest);
  while (true) {
    SUIT_LET(os::Fd fd,
             os::open_at(os::FdRef::cwd(), path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600));
    int locked = -1;
    do {
      locked = ::flock(fd.raw(), LOCK_EX);
    } while (locked != 0 && errno == EINTR);
    if (locked != 0) return fail(errno, fmt::format("flock(\"{}\")", path));
    // Whoever had it before us has moved it to the blobs: then this name is nobody's file.
    if (!is_the_file_at(path, fd)) continue;
    PartialBlob blob(store.root(), std::move(path), std::move(fd), digest, size_bytes);
    SUIT_TRY(blob.hash_what_is_there());
    return blob;
  }
}

PartialBlob::~PartialBlob() {
  if (!fd_.valid() || size_bytes_ != 0) return;
  ::unlink(path_.c_str());  // nothing worth keeping
}

Result<void> PartialBlob::hash_what_is_there() {
  std::vector<std::byte> buffer(256 * 1024);
  while (true) {
    ssize_t got = ::read(fd_.raw(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(errno, fmt::format("read(\"{}\")", path_));
    if (got == 0) return {};
    hash_.update(std::span(buffer).first(static_cast<std::size_t>(got)));
    size_bytes_ += static_cast<std::uint64_t>(got);
    if (size_bytes_ > whole_bytes_) return restart();
  }
}

Result<void> PartialBlob::write(std::span<const std::byte> bytes) {
  if (bytes.size() > whole_bytes_ - size_bytes_)
    return fail(EFBIG, fmt::format("blob {} is longer than the {} bytes of its descriptor",
                                   digest_.text(), whole_bytes_));
  os::FdWriter file(fd_);
  if (auto written = file.write(bytes); !written)
    return wrap(std::move(written).error(), fmt::format("write blob {}", path_));
  hash_.update(bytes);
  size_bytes_ += bytes.size();
  return {};
}

Result<void> PartialBlob::restart() {
  if (::ftruncate(fd_.raw(), 0) != 0 || ::lseek(fd_.raw(), 0, SEEK_SET) != 0)
    return fail(errno, fmt::format("ftruncate(\"{}\")", path_));
  hash_ = hash::Sha256();
  size_bytes_ = 0;
  return {};
}

Result<void> PartialBlob::commit() {
  if (size_bytes_ != whole_bytes_)
    return fail(0, fmt::format("blob {} has {} bytes, not the {} of its descriptor", digest_.text(),
                               size_bytes_, whole_bytes_));
  digest::Digest actual = hash_.finish();
  if (actual != digest_) {
    SUIT_TRY(restart());
    return fail(0, fmt::format("blob {} has the digest {}", digest_.text(), actual.text()),
                "the registry, or somebody on the way, sent other content: nothing of it is kept");
  }
  SUIT_TRY(place_blob(root_, fd_, path_, digest_, Existing::Keep));
  // Where the blob was there already, the file stays behind.
  if (is_the_file_at(path_, fd_)) ::unlink(path_.c_str());
  fd_.reset();
  return {};
}

Result<os::Fd> PartialBlob::open_reader() const {
  return os::open_at(os::FdRef::cwd(), path_, O_RDONLY | O_NOFOLLOW);
}

Result<void> sweep_partial(const std::string& store_root, std::chrono::seconds grace) {
  SUIT_LET(auto names, os::list_dir(partial_dir(store_root)));
  for (const std::string& name : names) {
    std::string path = partial_dir(store_root) + "/" + name;
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0 || std::time(nullptr) - info.st_mtime < grace.count())
      continue;
    auto fd = os::open_at(os::FdRef::cwd(), path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!fd || ::flock(fd->raw(), LOCK_EX | LOCK_NB) != 0) continue;
    SUIT_LOG(Debug, "sweep {}", path);
    SUIT_TRY(os::remove_tree(path));
  }
  return {};
}

}  // namespace suit::store
