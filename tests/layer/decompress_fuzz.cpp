/// \file
/// Any bytes as a compressed stream: bounded, no crash, the same in small and in large pieces.

#include <cstdlib>
#include <string>
#include <string_view>

#include "layer/compress.h"

namespace {

constexpr std::size_t kLimit = 4U << 20;

// What comes out, read \p piece bytes at a time; "!" and the message of an error.
std::string plain(std::string_view bytes, std::size_t piece) {
  suit::StringReader in(bytes);
  auto reader = suit::layer::decompress(in);
  if (!reader) return "!" + reader.error().message();
  std::string text;
  std::string buffer(piece, '\0');
  while (text.size() < kLimit) {
    auto count = (*reader)->read(std::as_writable_bytes(std::span(buffer)));
    if (!count) return "!" + count.error().message();
    if (*count == 0) break;
    text.append(buffer, 0, *count);
  }
  text.resize(std::min(text.size(), kLimit));
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string large = plain(bytes, 1U << 20);
  std::string small = plain(bytes, 977);
  // Where an error is found may depend on the pieces; whether there is one may not.
  bool failed = large.starts_with("!");
  if (failed != small.starts_with("!") || (!failed && large != small)) std::abort();
  return 0;
}
