#include "gpu/ld_cache.h"

#include <array>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

namespace suit::gpu {
namespace {

constexpr std::string_view kMagic = "glibc-ld.so.cache1.1";
constexpr std::string_view kOldMagic = "ld.so-1.7.0";
constexpr std::size_t kHeaderBytes = 48;
constexpr std::size_t kEntryBytes = 24;     // flags, key, value, OS version, hardware capabilities
constexpr std::size_t kOldEntryBytes = 12;  // flags, key, value
constexpr std::uint32_t kMostEntries = 100'000;
#if defined(__aarch64__)
constexpr std::uint32_t kOwnFlags = 0x0a03;
#else
constexpr std::uint32_t kOwnFlags = 0x0303;  // FLAG_X8664_LIB64 | FLAG_ELF_LIBC6
#endif

std::uint32_t number_at(std::string_view bytes, std::size_t offset) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// Older ldconfigs put the new table behind one in the format before it.
std::string_view skip_old_table(std::string_view bytes) {
  constexpr std::size_t kOldHeaderBytes = 16;
  if (!bytes.starts_with(kOldMagic) || bytes.size() < kOldHeaderBytes) return bytes;
  const std::uint64_t end = kOldHeaderBytes + std::uint64_t{number_at(bytes, 12)} * kOldEntryBytes;
  const std::uint64_t aligned = (end + 7) & ~std::uint64_t{7};
  return aligned < bytes.size() ? bytes.substr(aligned) : bytes;
}

}  // namespace

Result<std::vector<CachedLibrary>> parse_ld_cache(std::string_view bytes) {
  bytes = skip_old_table(bytes);
  if (!bytes.starts_with(kMagic) || bytes.size() < kHeaderBytes)
    return fail(0, "not a cache of the format glibc-ld.so.cache1.1");
  const std::uint32_t count = number_at(bytes, kMagic.size());
  if (count > kMostEntries || kHeaderBytes + std::uint64_t{count} * kEntryBytes > bytes.size())
    return fail(0, fmt::format("{} entries do not fit into {} bytes", count, bytes.size()));
  const auto string_at = [&](std::uint32_t offset) -> std::string_view {
    if (offset >= bytes.size()) return {};
    const std::string_view rest = bytes.substr(offset, 4096);
    return rest.substr(0, rest.find('\0'));
  };
  std::vector<CachedLibrary> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t at = kHeaderBytes + std::size_t{i} * kEntryBytes;
    if (number_at(bytes, at) != kOwnFlags) continue;
    const std::string_view name = string_at(number_at(bytes, at + 4));
    const std::string_view path = string_at(number_at(bytes, at + 8));
    if (name.empty() || !path.starts_with('/'))
      return fail(0, fmt::format("entry {} has no path", i));
    out.push_back({std::string(name), std::string(path)});
  }
  return out;
}

}  // namespace suit::gpu
