/// \file
/// Bytes that come and bytes that go: the two seams between files, hashes, tars and compressors.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace suit {

/// A source of bytes, read once from front to back.
class Reader {
 public:
  virtual ~Reader() = default;
  /// Reads at most `out.size()` bytes; 0 means the end, and stays 0.
  virtual Result<std::size_t> read(std::span<std::byte> out) = 0;
  /// Passes over \p size_bytes without reading them; false when the source cannot, and nothing was
  /// passed over then: a file can seek, a stream must be read.
  virtual Result<bool> skip(std::uint64_t size_bytes);
};

/// A sink of bytes. What was written is complete only when its owner says so (`commit`, `close`).
class Writer {
 public:
  virtual ~Writer() = default;
  virtual Result<void> write(std::span<const std::byte> bytes) = 0;
};

/// The bytes of \p text, not copied.
inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// Reads until \p out is full or the source ends; the count says which.
Result<std::size_t> read_full(Reader& reader, std::span<std::byte> out);

/// Reads to the end.
/// \errors EFBIG if there are more than \p limit_bytes.
Result<std::string> read_all(Reader& reader, std::size_t limit_bytes);

/// Moves everything from \p reader to \p writer; the count of bytes moved.
Result<std::uint64_t> copy(Reader& reader, Writer& writer);

/// Reads from a string that outlives it.
class StringReader final : public Reader {
 public:
  explicit StringReader(std::string_view text) : rest_(text) {}
  Result<std::size_t> read(std::span<std::byte> out) override;

 private:
  std::string_view rest_;
};

/// Appends to a string.
class StringWriter final : public Writer {
 public:
  Result<void> write(std::span<const std::byte> bytes) override;
  const std::string& text() const noexcept { return text_; }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace suit
