// The default filter: compiled when we were built, or now for other capabilities.

#include <cstring>

#include "runtime/seccomp.h"

extern "C" const char suit_seccomp_filter[];
extern "C" const char suit_seccomp_filter_end[];

namespace suit::runtime {

Result<SeccompFilter> default_filter(const oci::Capabilities& capabilities) {
  SUIT_LET(const std::uint64_t bits, capability_bits(capabilities.bounding));
  return default_filter(bits);
}

Result<SeccompFilter> default_filter(std::uint64_t capabilities) {
  if (capabilities == default_capabilities()) {
    SeccompFilter filter;
    const auto size =
        static_cast<std::size_t>(&suit_seccomp_filter_end[0] - &suit_seccomp_filter[0]);
    std::memcpy(&filter.flags, &suit_seccomp_filter[0], sizeof filter.flags);
    filter.program.resize((size - sizeof filter.flags) / sizeof filter.program[0]);
    std::memcpy(filter.program.data(), &suit_seccomp_filter[sizeof filter.flags],
                filter.program.size() * sizeof filter.program[0]);
    return filter;
  }
  SUIT_LET(const oci::SeccompProfile profile, oci::parse_seccomp_profile(default_profile_text()));
  SUIT_LET(const oci::Seccomp seccomp, resolve_profile(profile, {capabilities}));
  return compile_seccomp(seccomp);
}

}  // namespace suit::runtime
