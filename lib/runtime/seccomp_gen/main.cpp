// Writes the default profile's filter for Docker's fourteen capabilities: its flags, then its
// program. It runs while the library is built, so that no start pays for the compilation.

#include <cstdio>

#include "runtime/seccomp.h"

namespace {

suit::Result<suit::runtime::SeccompFilter> make() {
  using namespace suit::runtime;  // NOLINT(google-build-using-namespace): one function of a tool
  SUIT_LET(const suit::oci::SeccompProfile profile,
           suit::oci::parse_seccomp_profile(default_profile_text()));
  SUIT_LET(const suit::oci::Seccomp seccomp, resolve_profile(profile, {default_capabilities()}));
  return compile_seccomp(seccomp);
}

}  // namespace

int main(int argc, char** argv) {
  const auto filter = make();
  if (!filter || argc != 2) {
    std::fprintf(stderr, "%s\n",
                 filter ? "usage: suit-seccomp-gen FILE" : filter.error().message().c_str());
    return 1;
  }
  std::FILE* file = std::fopen(argv[1], "we");
  if (!file) return 1;
  bool written = std::fwrite(&filter->flags, sizeof filter->flags, 1, file) == 1 &&
                 std::fwrite(filter->program.data(), sizeof filter->program[0],
                             filter->program.size(), file) == filter->program.size();
  return std::fclose(file) == 0 && written ? 0 : 1;
}
