/// \file
/// The hashes of a selection's files.
///
/// Most files of a context are small: opening one costs more than hashing it, and one SHA-256
/// stream leaves half of the processor idle. So small files are read side by side into one buffer,
/// and hashed in two interleaved streams; what does not fit there is hashed as it is read. Several
/// threads take the files in portions.

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "base/time.h"
#include "build/tree.h"
#include "hash/many.h"
#include "hash/sha256.h"
#include "os/file.h"

namespace suit::build {

namespace {

constexpr std::size_t kBatchBytes = 512U << 10;  // stays in the cache between read(2) and the hash
constexpr std::size_t kSmallBytes = 64U << 10;
constexpr std::size_t kPortion = 64;  // files that a thread takes at once

// O_NONBLOCK: what was a file when it was listed may be a fifo now.
Result<os::Fd> open_entry(const os::Root& root, const FileEntry& entry) {
  return root.open_in(entry.source, O_RDONLY | O_NONBLOCK);
}

Result<void> hash_large(os::FdReader reader, std::span<const std::byte> begun, FileEntry& entry) {
  hash::Sha256 hash;
  hash.update(begun);
  std::array<std::byte, 128U << 10> buffer;  // NOLINT(*-member-init): filled by read
  while (true) {
    SUIT_LET(const std::size_t count, reader.read(buffer));
    if (count == 0) break;
    hash.update(std::span(buffer).first(count));
  }
  entry.sha256 = hash.finish().hex();
  return {};
}

/// Small files read, waiting to be hashed together.
class Batch {
 public:
  // Not filled with zeros: a COPY of one file touches one page of it.
  Batch() : buffer_(std::make_unique_for_overwrite<std::byte[]>(kBatchBytes)) {}

  Result<void> add(const os::Root& root, FileEntry& entry) {
    SUIT_LET(os::Fd fd, open_entry(root, entry));
    os::FdReader reader(std::move(fd));
    // One byte more than a small file may have, to see that it is one.
    if (entry.size_bytes <= kSmallBytes && kBatchBytes - used_ <= kSmallBytes) flush();
    const std::span<std::byte> room = std::span(buffer_.get(), kBatchBytes).subspan(used_);
    const std::size_t most = entry.size_bytes <= kSmallBytes ? kSmallBytes + 1 : 0;
    SUIT_LET(const std::size_t count, read_full(reader, room.first(std::min(most, room.size()))));
    if (most == 0 || count == most) {
      return hash_large(std::move(reader), room.first(count), entry);
    }
    messages_.emplace_back(room.first(count));
    entries_.push_back(&entry);
    used_ += count;
    return {};
  }

  void flush() {
    const std::vector<digest::Digest> digests = hash::sha256_many(messages_);
    for (std::size_t i = 0; i < entries_.size(); ++i)
      entries_[i]->sha256 = digests[i].hex();
    messages_.clear();
    entries_.clear();
    used_ = 0;
  }

 private:
  std::unique_ptr<std::byte[]> buffer_;  // NOLINT(*-avoid-c-arrays)
  std::size_t used_ = 0;
  std::vector<std::span<const std::byte>> messages_;
  std::vector<FileEntry*> entries_;
};

Result<void> hash_all(const os::Root& root, const std::vector<FileEntry*>& files) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  Result<void> outcome;
  const auto work = [&] {
    Batch batch;
    for (std::size_t begin = next.fetch_add(kPortion); begin < files.size();
         begin = next.fetch_add(kPortion)) {
      for (std::size_t i = begin; i < std::min(begin + kPortion, files.size()); ++i) {
        Result<void> hashed = batch.add(root, *files[i]);
        if (hashed) continue;
        next = files.size();
        const std::lock_guard lock(mutex);
        outcome = std::move(hashed);
        return;
      }
    }
    batch.flush();
  };
  std::vector<std::jthread> helpers;
  // A thread costs some 20 us, a small file 10: below a few hundred files one thread is faster.
  if (files.size() > 256) {
    const unsigned count = std::min(std::thread::hardware_concurrency(), 8U);
    for (unsigned i = 1; i < count; ++i)
      helpers.emplace_back(work);
  }
  work();
  helpers.clear();
  return outcome;
}

}  // namespace

Result<void> hash_selection(const os::Root& root, std::vector<Match>& matches, StatIndex* index) {
  std::vector<FileEntry*> files;
  for (Match& match : matches) {
    for (FileEntry& entry : match.entries) {
      const bool file = entry.kind == FileKind::Regular && !entry.empty_socket;
      if (file && entry.sha256.empty()) files.push_back(&entry);
    }
  }
  const std::int64_t started_ns = now_ns();
  SUIT_TRY(hash_all(root, files));
  if (index == nullptr) return {};
  for (const FileEntry* entry : files) {
    if (entry->xattrs.empty()) index->put(entry->source, entry->stamp, entry->sha256, started_ns);
  }
  return {};
}

}  // namespace suit::build
