/// \file
/// A tar read strictly: one reading, or a refusal that says which byte range was at fault.
///
/// Archives lie in the gaps between readers: one takes the size of the ustar header, another that
/// of the PAX record, and both see different files in the same bytes (CVE-2025-62518). Here a
/// doubtful header ends the reading; a name or a size has one source.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "layer/tar.h"
#include "layer/tar_format_internal.h"

namespace suit::layer {

// What the extended headers in front of an entry say about it.
struct TarReader::Extended {
  std::map<std::string, std::string> pax;
  bool has_pax = false;
  std::optional<std::string> gnu_path;
  std::optional<std::string> gnu_link;
};

namespace {

using Block = std::span<const std::byte, kBlock>;

constexpr int kHeadersPerEntry = 64;                // real ones have four at most: g, x, L, K
constexpr std::uint64_t kPaddingLimit = 64U << 20;  // tar --blocking-factor pads to records

std::string_view raw_field(Block block, Field field) {
  return {reinterpret_cast<const char*>(block.data()) + field.offset, field.size};
}

std::string_view text_field(Block block, Field field) {
  std::string_view text = raw_field(block, field);
  return text.substr(0, text.find('\0'));
}

bool is_zero(Block block) {
  return std::all_of(block.begin(), block.end(), [](std::byte b) { return b == std::byte{0}; });
}

// GNU's base-256: the first bit set, then a big-endian two's complement number.
std::optional<std::int64_t> binary_number(std::string_view text) {
  bool negative = (static_cast<unsigned char>(text[0]) & 0x40U) != 0;
  std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (i == 0) byte = static_cast<unsigned char>(negative ? byte | 0x80U : byte & 0x7fU);
    bool keeps = negative ? (value >> 55U) == 0x1ff : (value >> 55U) == 0;
    if (!keeps) return std::nullopt;  // the next shift would lose a bit
    value = (value << 8U) | byte;
  }
  return static_cast<std::int64_t>(value);
}

std::optional<std::int64_t> octal_number(std::string_view text) {
  auto is_blank = [](char c) { return c == ' ' || c == '\0'; };
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  if (text.empty()) return 0;
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<std::int64_t> number(Block block, Field field) {
  std::string_view text = raw_field(block, field);
  bool binary = (static_cast<unsigned char>(text[0]) & 0x80U) != 0;
  return binary ? binary_number(text) : octal_number(text);
}

template <typename Number>
std::optional<Number> decimal(std::string_view text) {
  Number value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// `1700000000.25`: whole seconds, rounded down, as the layer keeps them.
std::optional<std::int64_t> seconds(std::string_view text) {
  std::size_t dot = text.find('.');
  std::string_view fraction = dot == std::string_view::npos ? "" : text.substr(dot + 1);
  auto whole = decimal<std::int64_t>(text.substr(0, dot));
  bool digits =
      std::all_of(fraction.begin(), fraction.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!whole || !digits) return std::nullopt;
  bool below = text.front() == '-' && fraction.find_first_not_of('0') != std::string_view::npos;
  if (below && *whole == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
  return below ? *whole - 1 : *whole;
}

std::optional<EntryType> entry_type(char flag) {
  switch (flag) {
    case '\0':
    case '0':
    case '7':
      return EntryType::File;  // 7: contiguous, a file to everybody
    case '1':
      return EntryType::HardLink;
    case '2':
      return EntryType::Symlink;
    case '3':
      return EntryType::CharDevice;
    case '4':
      return EntryType::BlockDevice;
    case '5':
      return EntryType::Directory;
    case '6':
      return EntryType::Fifo;
    default:
      return std::nullopt;
  }
}

std::string refused_type(char flag) {
  switch (flag) {
    case 'S':
      return "a sparse file; pack it without sparseness (tar without --sparse)";
    case 'M':
      return "a part of a multi-volume archive; join the volumes first";
    case 'V':
      return "a volume label; pack it without one (tar without --label)";
    case 'D':
    case 'N':
      return "a record of an incremental archive (tar --incremental)";
    default:
      break;
  }
  if (flag > ' ' && flag <= '~') return fmt::format("unknown entry type '{}'", flag);
  return fmt::format("unknown entry type 0x{:02x}", static_cast<unsigned char>(flag));
}

// Empty on success, else what is wrong.
std::string parse_pax(std::string_view text, std::map<std::string, std::string>& records) {
  while (!text.empty()) {
    std::size_t space = text.find(' ');
    auto length = decimal<std::size_t>(text.substr(0, std::min<std::size_t>(space, 20)));
    if (space == std::string_view::npos || !length || *length <= space + 1 || *length > text.size())
      return "a PAX record with a wrong length";
    std::string_view record = text.substr(space + 1, *length - space - 1);
    text.remove_prefix(*length);
    std::size_t equals = record.find('=');
    if (record.back() != '\n' || equals == std::string_view::npos || equals == 0)
      return "a PAX record that is not \"length key=value\"";
    std::string key(record.substr(0, equals));
    std::string_view value = record.substr(equals + 1, record.size() - equals - 2);
    if (key.starts_with("GNU.sparse."))
      return "a sparse file; pack it without sparseness (tar without --sparse)";
    if (!key.starts_with(kXattrPrefix) && value.find('\0') != std::string_view::npos)
      return fmt::format("a NUL in the PAX record \"{}\"", key.c_str());
    if (key.find('\0') != std::string::npos) return "a NUL in the name of a PAX record";
    records.insert_or_assign(std::move(key), std::string(value));
  }
  return {};
}

}  // namespace

bool checksum_holds(Block block) {
  auto stored = octal_number(raw_field(block, kChecksum));
  if (!stored) return false;
  if (*stored == header_checksum(block)) return true;
  // Some old tars summed signed bytes.
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    bool in_field = i >= kChecksum.offset && i < kChecksum.offset + kChecksum.size;
    sum += in_field ? ' ' : static_cast<signed char>(block[i]);
  }
  return *stored == sum;
}

std::unexpected<Error> TarReader::bad(std::string_view what) const {
  return fail(0, fmt::format("tar: at byte {}: {}", header_offset_, what));
}

Result<bool> TarReader::read_block(std::span<std::byte, kBlock> block) {
  SUIT_LET(std::size_t count, read_full(in_, block));
  offset_ += count;
  if (count == 0) return false;
  if (count < kBlock) return bad("the archive is cut off in a header");
  return true;
}

Result<void> TarReader::skip_content() {
  std::array<std::byte, 16384> waste;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  std::uint64_t rest = left_ + padding_;
  // Below the size of the buffer reading is one call, seeking three.
  if (rest > waste.size()) {
    SUIT_LET(bool skipped, in_.skip(rest));
    if (skipped) {
      offset_ += rest;
      rest = 0;
    }
  }
  while (rest > 0) {
    auto want = static_cast<std::size_t>(std::min<std::uint64_t>(rest, waste.size()));
    SUIT_LET(std::size_t count, in_.read(std::span(waste).first(want)));
    bool in_padding = rest <= padding_;
    if (count == 0 && in_padding && end_ == ArchiveEnd::Optional) break;
    if (count == 0) return bad("the archive is cut off in the content of this entry");
    offset_ += count;
    rest -= count;
  }
  left_ = 0;
  padding_ = 0;
  return {};
}

Result<std::size_t> TarReader::read(std::span<std::byte> out) {
  auto want = static_cast<std::size_t>(std::min<std::uint64_t>(left_, out.size()));
  if (want == 0) return std::size_t{0};
  SUIT_LET(std::size_t count, in_.read(out.first(want)));
  if (count == 0) return bad("the archive is cut off in the content of this entry");
  offset_ += count;
  left_ -= count;
  return count;
}

Result<std::string> TarReader::read_special(std::uint64_t size_bytes, std::string_view what) {
  if (size_bytes > kSpecialLimit)
    return bad(fmt::format("{} of {} bytes; the limit is {}", what, size_bytes, kSpecialLimit));
  std::string text(static_cast<std::size_t>(size_bytes), '\0');
  SUIT_LET(std::size_t count, read_full(in_, std::as_writable_bytes(std::span(text))));
  offset_ += count;
  if (count < text.size()) return bad(fmt::format("the archive is cut off in {}", what));
  left_ = 0;
  padding_ = (kBlock - text.size() % kBlock) % kBlock;
  SUIT_TRY(skip_content());
  return text;
}

Result<void> TarReader::read_extension(char type, std::uint64_t size_bytes, Extended& extended) {
  if (type == 'L' || type == 'K') {
    SUIT_LET(std::string text, read_special(size_bytes, "a GNU long name"));
    text.resize(std::min(text.size(), text.find('\0')));
    std::optional<std::string>& slot = type == 'L' ? extended.gnu_path : extended.gnu_link;
    if (slot) return bad("two GNU long names for one entry");
    slot = std::move(text);
    return {};
  }
  if (type == 'x') {
    if (extended.has_pax) return bad("two PAX headers for one entry");
    extended.has_pax = true;
  }
  SUIT_LET(std::string text, read_special(size_bytes, "a PAX header"));
  std::string wrong = parse_pax(text, type == 'x' ? extended.pax : global_);
  if (!wrong.empty()) return bad(wrong);
  if (type == 'x') return {};
  std::size_t kept = 0;
  for (const auto& [key, value] : global_) {
    kept += key.size() + value.size();
    // Readers disagree whether a global header counts; where it would move data, that is an attack.
    if (key == "path" || key == "linkpath" || key == "size" || key.starts_with(kXattrPrefix))
      return bad(fmt::format("a global PAX header that sets \"{}\"", key));
  }
  if (kept > kSpecialLimit) return bad("global PAX headers of more than 1 MiB");
  return {};
}

Result<std::optional<TarEntry>> TarReader::finish_archive() {
  ended_ = true;
  std::array<std::byte, 16384> rest;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const std::uint64_t end = offset_;
  while (true) {
    if (offset_ - end > kPaddingLimit) return bad("more than 64 MiB of zeros behind the end");
    SUIT_LET(std::size_t count, in_.read(rest));
    if (count == 0) return std::optional<TarEntry>();
    offset_ += count;
    auto data = std::span(rest).first(count);
    if (std::any_of(data.begin(), data.end(), [](std::byte b) { return b != std::byte{0}; }))
      return bad("data behind the end of the archive");
  }
}

Result<std::optional<TarEntry>> TarReader::next() {
  if (ended_) return std::optional<TarEntry>();
  SUIT_TRY(skip_content());
  Extended extended;
  std::array<std::byte, kBlock> storage;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const Block block(storage);
  for (int headers = 0;; ++headers) {
    header_offset_ = offset_;
    if (headers > kHeadersPerEntry) return bad("more than 64 extended headers for one entry");
    SUIT_LET(bool more, read_block(storage));
    bool waiting = extended.has_pax || extended.gnu_path || extended.gnu_link;
    if (!more && !waiting && end_ == ArchiveEnd::Optional) return finish_archive();
    if (!more)
      return bad("the archive is cut off: its end marker, two blocks of zeros, is missing");
    if (is_zero(block)) {
      if (waiting) return bad("an extended header without an entry behind it");
      SUIT_LET(bool second, read_block(storage));
      if (!second && end_ == ArchiveEnd::Optional) return finish_archive();
      if (!second || !is_zero(block)) return bad("a single block of zeros; the end marker is two");
      return finish_archive();
    }
    if (!checksum_holds(block))
      return bad(header_offset_ == 0 ? "not a tar archive (the header's checksum is wrong)"
                                     : "the header's checksum is wrong");
    char type = raw_field(block, kType)[0];
    if (type != 'x' && type != 'g' && type != 'L' && type != 'K') {
      SUIT_LET(TarEntry entry, entry_from(block, type, extended));
      return std::optional<TarEntry>(std::move(entry));
    }
    auto size = number(block, kSize);
    if (!size || *size < 0) return bad("an extended header with a bad size");
    SUIT_TRY(read_extension(type, static_cast<std::uint64_t>(*size), extended));
  }
}

namespace {

constexpr std::uint64_t kSizeLimit = 1ULL << 62;  // sums of two sizes still fit

// The value of a PAX key, local before global; nullopt when there is none or it is empty.
std::optional<std::string> pax_value(const std::map<std::string, std::string>& local,
                                     const std::map<std::string, std::string>& global,
                                     const std::string& key) {
  auto found = local.find(key);
  if (found == local.end()) {
    found = global.find(key);
    if (found == global.end()) return std::nullopt;
  }
  if (found->second.empty()) return std::nullopt;
  return found->second;
}

struct Numbers {
  std::optional<std::int64_t> mode, uid, gid, size, mtime, major, minor;
};

// Every header field must be readable, also where a PAX record overrules it.
Numbers header_numbers(Block block, EntryType type) {
  bool device = type == EntryType::CharDevice || type == EntryType::BlockDevice;
  bool ustar = raw_field(block, kMagic).starts_with("ustar");
  Numbers numbers{number(block, kMode),
                  number(block, kUid),
                  number(block, kGid),
                  number(block, kSize),
                  number(block, kMtime),
                  0,
                  0};
  if (device && ustar) {
    numbers.major = number(block, kMajor);
    numbers.minor = number(block, kMinor);
  }
  return numbers;
}

std::string header_path(Block block) {
  std::string path(text_field(block, kName));
  std::string_view prefix = text_field(block, kPrefix);
  // GNU's magic is "ustar  \0"; it keeps times where POSIX has the prefix.
  bool posix = raw_field(block, kMagic).starts_with(std::string_view("ustar\0", 6));
  if (posix && !prefix.empty()) return fmt::format("{}/{}", prefix, path);
  return path;
}

bool is_id(const std::optional<std::int64_t>& id) {
  // 4294967295 is -1, which chown(2) takes for "leave it".
  return id && *id >= 0 && *id < std::numeric_limits<std::uint32_t>::max();
}

bool is_device_number(const std::optional<std::int64_t>& number) {
  return number && *number >= 0 && *number <= std::numeric_limits<std::uint32_t>::max();
}

}  // namespace

Result<TarEntry> TarReader::entry_from(Block block, char type_flag, const Extended& extended) {
  std::optional<EntryType> type = entry_type(type_flag);
  if (!type) return bad(refused_type(type_flag));
  Numbers numbers = header_numbers(block, *type);
  auto pax = [&](const char* key) { return pax_value(extended.pax, global_, key); };
  if (auto text = pax("uid")) numbers.uid = decimal<std::int64_t>(*text);
  if (auto text = pax("gid")) numbers.gid = decimal<std::int64_t>(*text);
  if (auto text = pax("mtime")) numbers.mtime = seconds(*text);
  if (auto text = pax("size")) numbers.size = decimal<std::int64_t>(*text);
  if (!numbers.mode || *numbers.mode < 0) return bad("a bad mode");
  if (!is_id(numbers.uid)) return bad("a bad user id");
  if (!is_id(numbers.gid)) return bad("a bad group id");
  if (!numbers.mtime) return bad("a bad modification time");
  if (!numbers.size || *numbers.size < 0 || static_cast<std::uint64_t>(*numbers.size) > kSizeLimit)
    return bad("a bad size");
  if (!is_device_number(numbers.major) || !is_device_number(numbers.minor))
    return bad("a bad device number");

  TarEntry entry;
  entry.type = *type;
  auto pax_path = pax("path");
  auto pax_link = pax("linkpath");
  if ((pax_path && extended.gnu_path) || (pax_link && extended.gnu_link))
    return bad("a name given twice, by PAX and by GNU");
  entry.path = pax_path ? *pax_path : extended.gnu_path.value_or(header_path(block));
  entry.link =
      pax_link ? *pax_link : extended.gnu_link.value_or(std::string(text_field(block, kLink)));
  // v7 had no type for directories.
  if (entry.type == EntryType::File && entry.path.ends_with('/')) entry.type = EntryType::Directory;
  entry.mode = static_cast<mode_t>(*numbers.mode & 07777);
  entry.uid = static_cast<std::uint32_t>(*numbers.uid);
  entry.gid = static_cast<std::uint32_t>(*numbers.gid);
  entry.size_bytes = static_cast<std::uint64_t>(*numbers.size);
  entry.mtime_s = *numbers.mtime;
  entry.device_major = static_cast<std::uint32_t>(*numbers.major);
  entry.device_minor = static_cast<std::uint32_t>(*numbers.minor);
  for (const auto& [key, value] : extended.pax) {
    if (key.starts_with(kXattrPrefix)) entry.xattrs[key.substr(kXattrPrefix.size())] = value;
  }
  if (entry.type != EntryType::File && entry.size_bytes != 0)
    return bad(fmt::format("\"{}\": a {} with content", entry.path, name_of(entry.type)));
  left_ = entry.size_bytes;
  padding_ = static_cast<std::size_t>((kBlock - entry.size_bytes % kBlock) % kBlock);
  return entry;
}

Result<TarTotals> count_tar(Reader& in, ArchiveEnd end) {
  TarReader reader(in, end);
  TarTotals totals;
  while (true) {
    SUIT_LET(auto entry, reader.next());
    if (!entry) return totals;
    ++totals.entries;
    totals.file_bytes += entry->size_bytes;
  }
}

}  // namespace suit::layer
