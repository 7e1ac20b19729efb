// nvidia-smi of a driver without a GPU: loads the driver's libraries by their names, opens the
// nodes and says what the kernel answers. These nodes' numbers have no driver on a machine without
// a GPU, so ENXIO is the good answer: the node is there, and the control group lets it through.
#include <cerrno>
#include <cstdio>
#include <cstring>

extern "C" int nvmlInit_v2();
extern "C" int fake_open_errno(int minor);
extern "C" int cuInit(unsigned);
extern "C" int cuDeviceGetCount(int*);

int main() {
  int count = 0;
  if (nvmlInit_v2() != 0 || cuInit(0) != 0 || cuDeviceGetCount(&count) != 0) return 9;
  std::printf("%d GPUs\n", count);
  for (int minor = 0; minor < 8; ++minor) {
    const int code = fake_open_errno(minor);
    if (code != ENOENT) std::printf("GPU %d: %s\n", minor, ::strerrorname_np(code));
  }
  return 0;
}
