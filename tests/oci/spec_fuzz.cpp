// Whatever is accepted must survive being written and read again, unchanged.

#include <cstdlib>

#include "oci/spec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto spec = suit::oci::parse_spec({reinterpret_cast<const char*>(data), size});
  if (!spec) return 0;
  const std::string text = suit::oci::to_json(*spec);
  const auto again = suit::oci::parse_spec(text);
  if (!again || suit::oci::to_json(*again) != text) std::abort();
  return 0;
}
