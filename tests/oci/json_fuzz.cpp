// Whatever is accepted must survive being written and read again, unchanged.

#include <cstdlib>

#include "oci/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto json = suit::oci::parse_json(text);
  if (!json) return 0;
  const auto again = suit::oci::parse_json(json->dump(2), {.size_bytes = SIZE_MAX});
  if (!again || again->dump() != json->dump()) std::abort();
  return 0;
}
