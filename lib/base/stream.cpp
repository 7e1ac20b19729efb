#include "base/stream.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

#include <fmt/format.h>

namespace suit {

Result<bool> Reader::skip(std::uint64_t /*size_bytes*/) { return false; }

Result<std::size_t> read_full(Reader& reader, std::span<std::byte> out) {
  std::size_t total = 0;
  while (total < out.size()) {
    SUIT_LET(std::size_t got, reader.read(out.subspan(total)));
    if (got == 0) break;
    total += got;
  }
  return total;
}

Result<std::string> read_all(Reader& reader, std::size_t limit_bytes) {
  std::string text;
  std::vector<std::byte> buffer(64 * 1024);  // 64 KiB: default pipe capacity, pipe(7)
  while (true) {
    SUIT_LET(std::size_t got, reader.read(buffer));
    if (got == 0) return text;
    if (got > limit_bytes - text.size())
      return fail(EFBIG, fmt::format("more than {} bytes where less was expected", limit_bytes));
    text.append(reinterpret_cast<const char*>(buffer.data()), got);
  }
}

Result<std::uint64_t> copy(Reader& reader, Writer& writer) {
  std::uint64_t total = 0;
  std::vector<std::byte> buffer(1024 * 1024);  // 1 MiB: the layer pipeline's block
  while (true) {
    SUIT_LET(std::size_t got, reader.read(buffer));
    if (got == 0) return total;
    SUIT_TRY(writer.write(std::span(buffer).first(got)));
    total += got;
  }
}

Result<std::size_t> StringReader::read(std::span<std::byte> out) {
  std::size_t count = std::min(out.size(), rest_.size());
  std::memcpy(out.data(), rest_.data(), count);
  rest_.remove_prefix(count);
  return count;
}

Result<void> StringWriter::write(std::span<const std::byte> bytes) {
  text_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return {};
}

}  // namespace suit
