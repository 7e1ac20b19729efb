#include "layer/open_tar.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "layer/prefixed_internal.h"
#include "layer/tar_format_internal.h"

namespace suit::layer {
namespace {

using std::string_view_literals::operator""sv;

// What people hand to `load` by mistake, by its first bytes.
// \source file(1)'s magic numbers; the formats' own documents
struct Known {
  std::string_view magic;
  std::string_view name;
};
constexpr std::array kKnown = std::to_array<Known>({
    {"PK\x03\x04"sv, "a zip archive"},
    {"PK\x05\x06"sv, "an empty zip archive"},
    {"\x7f"
     "ELF"sv,
     "an ELF program"},
    {"7z\xbc\xaf\x27\x1c"sv, "a 7-Zip archive"},
    {"Rar!"sv, "a RAR archive"},
    {"!<arch>\n"sv, "an ar archive, such as a Debian package"},
    {"\xed\xab\xee\xdb"sv, "an RPM package"},
    {"070701"sv, "a cpio archive"},
    {"hsqs"sv, "a squashfs file system"},
    {"QFI\xfb"sv, "a qcow2 disk image"},
    {"KDMV"sv, "a VMDK disk image"},
    {"%PDF"sv, "a PDF document"},
    {"\x89PNG"sv, "a PNG picture"},
    {"\x04\x22\x4d\x18"sv, "lz4-compressed data, which no image format uses"},
    {"LRZI"sv, "lrzip-compressed data"},
    {"\x1f\x9d"sv, "data compressed by compress(1)"},
    {"#!"sv, "a script"},
});

bool is_text(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) {
    return c == '\n' || c == '\t' || c == '\r' || static_cast<unsigned char>(c) >= ' ';
  });
}

}  // namespace

bool is_tar_header(std::span<const std::byte, 512> block) {
  bool blank = std::ranges::all_of(block, [](std::byte byte) { return byte == std::byte{0}; });
  return !blank && checksum_holds(block);
}

std::string describe_content(std::span<const std::byte> head) {
  std::string_view bytes(reinterpret_cast<const char*>(head.data()), head.size());
  if (bytes.empty()) return "nothing: it is empty";
  for (const Known& known : kKnown)
    if (bytes.starts_with(known.magic)) return std::string(known.name);
  if (bytes.size() >= 2 && (bytes[0] == '{' || bytes[0] == '[') && is_text(bytes))
    return "a JSON document";
  constexpr std::size_t kShown = 24;  // enough to recognise a line, short enough for a message
  if (is_text(bytes.substr(0, 256))) {
    std::string_view line = bytes.substr(0, std::min(bytes.find_first_of("\r\n"), kShown));
    return fmt::format("text that begins \"{}\"", line);
  }
  std::string hex;
  for (char c : bytes.substr(0, 8))
    hex += fmt::format(" {:02x}", static_cast<unsigned char>(c));
  return fmt::format("data that begins{}", hex);
}

Result<std::unique_ptr<Reader>> open_tar(Reader& in, const BombGuard& guard) {
  std::vector<std::byte> head(kBlock);
  SUIT_LET(std::unique_ptr<Reader> plain, decompress(in, guard));
  SUIT_LET(std::size_t count, read_full(*plain, head));
  head.resize(count);
  bool zeros = std::ranges::all_of(head, [](std::byte byte) { return byte == std::byte{0}; });
  bool tar = count == kBlock &&
             (zeros || is_tar_header(std::span<const std::byte, kBlock>(head.data(), kBlock)));
  if (!tar) {
    return fail(0, fmt::format("it is no tar archive, but {}", describe_content(head)));
  }
  return std::make_unique<OwningPrefixed>(std::move(head), std::move(plain));
}

}  // namespace suit::layer
