#include "build/stat_index.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "base/log.h"
#include "hash/sha256.h"
#include "os/file.h"

namespace suit::build {
namespace {

// The file: this line, the SHA-256 of the rest as 64 hex digits, then records of a fixed part and
// the path. Numbers in the processor's byte order: the index is of this machine alone.
constexpr std::string_view kMagic = "spacesuit context index 1\n";
constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kMaxBytes = 2ULL << 30;    // 10 million files with long names
constexpr std::int64_t kRestNs = 2'000'000'000;  // FAT has the coarsest clock: 2 s

struct Fixed {
  FileStamp stamp;
  char sha256[kHashDigits];
  std::uint32_t path_bytes;
  std::uint32_t unused;
};
static_assert(std::is_trivially_copyable_v<Fixed> && sizeof(Fixed) == 112);

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

FileStamp stamp_of(const struct stat& info) {
  return {.device = info.st_dev,
          .inode = info.st_ino,
          .size_bytes = static_cast<std::uint64_t>(info.st_size),
          .mtime_ns = nanoseconds(info.st_mtim),
          .ctime_ns = nanoseconds(info.st_ctim)};
}

StatIndex StatIndex::load(std::string path) {
  StatIndex index;
  index.path_ = std::move(path);
  Result<std::string> text = os::read_file(index.path_, kMaxBytes);
  if (!text) return index;
  std::string_view rest = *text;
  if (!rest.starts_with(kMagic) || rest.size() < kMagic.size() + kHashDigits) return index;
  rest.remove_prefix(kMagic.size());
  std::string_view sum = rest.substr(0, kHashDigits);
  rest.remove_prefix(kHashDigits);
  if (hash::sha256(rest).hex() != sum) return index;  // half-written, or of a failing disk
  while (rest.size() >= sizeof(Fixed)) {
    Fixed fixed;
    std::memcpy(&fixed, rest.data(), sizeof fixed);
    rest.remove_prefix(sizeof fixed);
    if (fixed.path_bytes > rest.size()) break;
    Entry entry{fixed.stamp, std::string(fixed.sha256, kHashDigits), false};
    index.entries_.emplace(rest.substr(0, fixed.path_bytes), std::move(entry));
    rest.remove_prefix(fixed.path_bytes);
  }
  return index;
}

std::string_view StatIndex::find(std::string_view source, const FileStamp& stamp) {
  if (entries_.empty()) return {};
  auto found = entries_.find(std::string(source));
  if (found == entries_.end() || found->second.stamp != stamp) return {};
  found->second.used = true;
  return found->second.sha256;
}

void StatIndex::put(std::string_view source, const FileStamp& stamp, std::string_view sha256,
                    std::int64_t read_ns) {
  if (path_.empty() || sha256.size() != kHashDigits) return;
  if (std::max(stamp.mtime_ns, stamp.ctime_ns) > read_ns - kRestNs) return;
  entries_.insert_or_assign(std::string(source), Entry{stamp, std::string(sha256), true});
  changed_ = true;
}

Result<void> StatIndex::save() {
  std::size_t dropped = std::erase_if(entries_, [](const auto& each) { return !each.second.used; });
  if (path_.empty() || (!changed_ && dropped == 0)) return {};
  std::string body;
  for (const auto& [source, entry] : entries_) {
    Fixed fixed{.stamp = entry.stamp,
                .sha256 = {},
                .path_bytes = static_cast<std::uint32_t>(source.size()),
                .unused = 0};
    entry.sha256.copy(fixed.sha256, kHashDigits);
    body.append(reinterpret_cast<const char*>(&fixed), sizeof fixed);
    body += source;
  }
  std::string text(kMagic);
  text += hash::sha256(body).hex();
  text += body;
  changed_ = false;
  return os::replace_file(path_, text);
}

}  // namespace suit::build
