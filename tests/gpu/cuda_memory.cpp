// The least that proves a GPU: memory of it is written and read back through the driver's own
// library. No CUDA toolkit is needed, to build it or to run it. \source CUDA Driver API reference
#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace {
void* library = nullptr;

template <typename... Args>
int call(const char* name, Args... args) {
  auto* function = reinterpret_cast<int (*)(Args...)>(::dlsym(library, name));
  const int code = function ? function(args...) : -1;
  if (code != 0) std::printf("%s: CUDA error %d\n", name, code);
  return code;
}
}  // namespace

int main() {
  library = ::dlopen("libcuda.so.1", RTLD_NOW);
  if (!library) {
    std::printf("%s\n", ::dlerror());
    return 1;
  }
  int count = 0;
  int device = 0;
  void* context = nullptr;
  std::uint64_t memory = 0;
  constexpr std::size_t kWords = 1U << 20;
  std::vector<std::uint32_t> back(kWords);
  const bool good =
      call("cuInit", 0U) == 0 && call("cuDeviceGetCount", &count) == 0 &&
      call("cuDeviceGet", &device, 0) == 0 && call("cuCtxCreate_v2", &context, 0U, device) == 0 &&
      call("cuMemAlloc_v2", &memory, kWords * 4) == 0 &&
      call("cuMemsetD32_v2", memory, 0x5017U, kWords) == 0 &&
      call("cuMemcpyDtoH_v2", static_cast<void*>(back.data()), memory, kWords * 4) == 0;
  if (!good) return 1;
  std::size_t right = 0;
  for (const std::uint32_t word : back)
    right += word == 0x5017U ? 1 : 0;
  std::printf("%d devices, %zu of %zu words right\n", count, right, kWords);
  return right == kWords ? 0 : 1;
}
