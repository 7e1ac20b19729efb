// An ELF file or a loader's cache of an image: read or refused, never more.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "gpu/elf.h"
#include "gpu/ld_cache.h"

namespace {
namespace gpu = suit::gpu;
namespace os = suit::os;
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto cache = gpu::parse_ld_cache(bytes))
    for (const gpu::CachedLibrary& library : *cache)
      if (!library.path.starts_with('/')) std::abort();
  const os::Fd file(::memfd_create("elf", MFD_CLOEXEC));
  if (!file.valid() || ::write(file.raw(), data, size) != static_cast<ssize_t>(size)) return 0;
  (void)gpu::read_elf(file);
  (void)gpu::read_elf_section(file, ".note.cuda.fwd_compatibility", 1U << 16);
  return 0;
}
