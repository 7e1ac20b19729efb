// A specification that is read can be written, in both formats, and means the same again; applied
// to an empty config it gives a config.

#include <cstdlib>

#include "gpu/cdi_apply.h"
#include "gpu/cdi_registry.h"
#include "gpu/yaml.h"

namespace {
namespace gpu = suit::gpu;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const gpu::CdiFormat format : {gpu::CdiFormat::Json, gpu::CdiFormat::Yaml}) {
    const auto spec = gpu::parse_cdi(text, format);
    if (!spec) {
      require(!spec.error().message().empty());
      continue;
    }
    const suit::oci::Json value = gpu::to_value(*spec);
    const auto as_json = gpu::parse_cdi(value.dump(), gpu::CdiFormat::Json);
    const auto as_yaml = gpu::parse_cdi(gpu::to_yaml(value), gpu::CdiFormat::Yaml);
    require(as_json && as_yaml);
    require(gpu::to_value(*as_json) == value && gpu::to_value(*as_yaml) == value);
    const auto host = suit::os::Root::open("/var/empty");
    suit::oci::Json config = suit::oci::Json::object();
    if (host) (void)gpu::apply_edits(config, spec->edits, *host);
    require(config.as_object() != nullptr);
  }
  return 0;
}
