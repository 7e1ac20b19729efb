// Stands for libcuda.so.1: a library with the right names. As the real one, it counts the nodes.
#include <unistd.h>

#include <string>

extern "C" int cuInit(unsigned) { return 0; }

extern "C" int cuDeviceGetCount(int* count) {
  *count = 0;
  for (int minor = 0; minor < 10; ++minor)
    if (::access(("/dev/nvidia" + std::to_string(minor)).c_str(), F_OK) == 0) ++*count;
  return 0;
}
