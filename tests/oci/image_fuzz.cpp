// Whatever is accepted must survive being written and read again, unchanged; and no document may be
// two kinds of document.

#include <cstdlib>

#include "oci/image.h"

namespace {

template <typename T>
void check_stable(const T& value, suit::Result<T> (*parse)(std::string_view)) {
  const std::string text = suit::oci::to_json(value);
  const auto again = parse(text);
  if (!again || suit::oci::to_json(*again) != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto manifest = suit::oci::parse_manifest(text);
  const auto index = suit::oci::parse_index(text);
  const auto config = suit::oci::parse_image_config(text);
  if (manifest && index) std::abort();
  if (manifest) check_stable(*manifest, suit::oci::parse_manifest);
  if (index) check_stable(*index, suit::oci::parse_index);
  if (config) check_stable(*config, suit::oci::parse_image_config);
  return 0;
}
