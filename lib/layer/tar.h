/// \file
/// The tar format: one entry after the other, written canonically, read strictly.
///
/// Writing: the same entries always give the same bytes, those that Go's archive/tar gives, because
/// the digest of these bytes is the name of a layer. ustar where it can hold the entry; a PAX
/// header in front where it cannot. No user names, no access times, whole seconds.
///
/// Reading: everything that two readers could understand differently is refused, by name.
/// \source POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"; tar(5)

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stream.h"

namespace suit::layer {

enum class EntryType { File, HardLink, Symlink, CharDevice, BlockDevice, Directory, Fifo };

/// `file`, `directory`, … for messages.
std::string_view name_of(EntryType type);

/// One member of a tar.
struct TarEntry {
  EntryType type = EntryType::File;
  std::string path;  ///< as in the archive; written with a trailing `/` for directories
  std::string link;  ///< target of a symlink; path in the same archive of a hard link
  mode_t mode = 0;   ///< permission, set-id and sticky bits only
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t size_bytes = 0;  ///< of the content; 0 for everything but files
  std::int64_t mtime_s = 0;
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::map<std::string, std::string> xattrs;  ///< by full name: `user.comment`
};

/// Writes a tar through a buffer of 1 MiB. Not complete before `finish`.
class TarWriter {
 public:
  explicit TarWriter(Writer& out);
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;

  /// Starts an entry. The content of the one before must be complete.
  /// \errors EINVAL when the entry cannot be written: an empty path, a NUL in a name.
  Result<void> begin(const TarEntry& entry);
  /// Content of the entry that was begun.
  Result<void> write(std::span<const std::byte> bytes);
  /// Room for content, to read(2) into without a copy; never empty. `advance` says how much was
  /// used.
  Result<std::span<std::byte>> space();
  Result<void> advance(std::size_t count);
  /// Bytes of content still owed for the entry that was begun.
  std::uint64_t owed_bytes() const noexcept { return owed_; }
  /// Two zero blocks, nothing more, and everything handed to the writer below.
  Result<void> finish();

 private:
  Result<void> flush();
  Result<void> put(std::span<const std::byte> bytes);
  Result<void> pad();
  Result<void> put_pax(const TarEntry& entry, const std::map<std::string, std::string>& records);

  Writer& out_;
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0;
  std::uint64_t owed_ = 0;
  std::size_t padding_ = 0;
};

/// Whether an archive must say where it ends (two blocks of zeros). Without a digest over it, only
/// that tells a whole archive from one cut between two entries. Some tools leave it out of the
/// layers that they write (umoci 0.4 does); a layer has a digest.
enum class ArchiveEnd { Required, Optional };

/// Reads a tar entry by entry, in constant memory.
///
/// Understood: ustar, v7, PAX (local and global), GNU long names and base-256 numbers. Refused by
/// name: sparse files, multi-volume archives, entries with data that may have none, a name given
/// twice (PAX and GNU), global headers that move entries, a missing end, data after the end.
class TarReader {
 public:
  explicit TarReader(Reader& in, ArchiveEnd end = ArchiveEnd::Required) : in_(in), end_(end) {}
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  /// The next entry, or nullopt after the last; what was left of the content before is skipped.
  /// At the end the source has been read to its end too, so that a hash over it is complete.
  /// \errors 0 with the offset in the archive and what is wrong there.
  Result<std::optional<TarEntry>> next();
  /// Content of the current entry; 0 at its end.
  Result<std::size_t> read(std::span<std::byte> out);

 private:
  struct Extended;  // what extended headers say about the next entry
  using Block = std::span<const std::byte, 512>;

  Result<bool> read_block(std::span<std::byte, 512> block);
  Result<void> skip_content();
  Result<std::string> read_special(std::uint64_t size_bytes, std::string_view what);
  Result<void> read_extension(char type, std::uint64_t size_bytes, Extended& extended);
  Result<std::optional<TarEntry>> finish_archive();
  Result<TarEntry> entry_from(Block block, char type, const Extended& extended);
  std::unexpected<Error> bad(std::string_view what) const;

  Reader& in_;
  ArchiveEnd end_;
  std::uint64_t offset_ = 0;         // of the next byte to read
  std::uint64_t header_offset_ = 0;  // of the header that messages speak of
  std::uint64_t left_ = 0;           // content not read yet
  std::size_t padding_ = 0;          // zeros after the content
  bool ended_ = false;
  std::map<std::string, std::string> global_;  // PAX records of `g` headers
};

/// What a tar holds, by its headers alone.
struct TarTotals {
  std::uint64_t entries = 0;
  std::uint64_t file_bytes = 0;  ///< of the regular files: what Docker calls a layer's size
};

/// Counts a tar; contents are passed over, by a seek where \p in can.
Result<TarTotals> count_tar(Reader& in, ArchiveEnd end = ArchiveEnd::Required);

}  // namespace suit::layer
