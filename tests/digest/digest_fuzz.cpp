// A digest that is accepted is its algorithm, a colon and lower-case hex of that algorithm's
// length.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "digest/digest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto digest = suit::digest::Digest::parse(text);
  if (!digest) return digest.error().message().empty() ? std::abort(), 0 : 0;
  const bool is_hex = digest->hex().find_first_not_of("0123456789abcdef") == std::string_view::npos;
  const std::size_t expected = digest->algorithm() == "sha256"   ? 64
                               : digest->algorithm() == "sha384" ? 96
                                                                 : 128;
  if (digest->text() != text || !is_hex || digest->hex().size() != expected) std::abort();
  return 0;
}
