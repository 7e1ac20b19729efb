#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/wire_internal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)suit::http::parse_frame_header(text);
  auto fields = suit::http::unpack(text);
  if (fields && suit::http::pack(*fields) != text) std::abort();
  return 0;
}
