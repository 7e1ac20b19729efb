// A computation on whatever OpenCL finds: doubles the numbers 0 to 999 in a kernel, prints their
// sum. Prototypes of the few functions that are used, so that no OpenCL headers are needed.

#include <cstddef>
#include <cstdint>
#include <cstdio>

extern "C" {
int clGetPlatformIDs(unsigned, void**, unsigned*);
int clGetDeviceIDs(void*, std::uint64_t, unsigned, void**, unsigned*);
void* clCreateContext(const std::intptr_t*, unsigned, void* const*, void*, void*, int*);
void* clCreateCommandQueue(void*, void*, std::uint64_t, int*);
void* clCreateProgramWithSource(void*, unsigned, const char**, const std::size_t*, int*);
int clBuildProgram(void*, unsigned, void* const*, const char*, void*, void*);
void* clCreateKernel(void*, const char*, int*);
void* clCreateBuffer(void*, std::uint64_t, std::size_t, void*, int*);
int clSetKernelArg(void*, unsigned, std::size_t, const void*);
int clEnqueueNDRangeKernel(void*, void*, unsigned, const std::size_t*, const std::size_t*,
                           const std::size_t*, unsigned, void* const*, void**);
int clEnqueueReadBuffer(void*, void*, unsigned, std::size_t, std::size_t, void*, unsigned,
                        void* const*, void**);
}

int main() {
  constexpr std::uint64_t kAllDevices = 0xffffffff;
  constexpr std::uint64_t kReadWriteCopy = (1U << 0) | (1U << 5);
  void* platform = nullptr;
  void* device = nullptr;
  int code = clGetPlatformIDs(1, &platform, nullptr);
  if (code == 0) code = clGetDeviceIDs(platform, kAllDevices, 1, &device, nullptr);
  if (code != 0) {
    std::printf("no device: %d\n", code);
    return 1;
  }
  void* context = clCreateContext(nullptr, 1, &device, nullptr, nullptr, &code);
  void* queue = clCreateCommandQueue(context, device, 0, &code);
  const char* source = "__kernel void twice(__global int* n) { n[get_global_id(0)] *= 2; }";
  void* program = clCreateProgramWithSource(context, 1, &source, nullptr, &code);
  code = clBuildProgram(program, 1, &device, "", nullptr, nullptr);
  int numbers[1000];
  for (int i = 0; i < 1000; ++i)
    numbers[i] = i;
  int made = 0;
  void* kernel = clCreateKernel(program, "twice", &made);
  if (code != 0 || made != 0) {
    std::printf("no kernel: %d %d\n", code, made);
    return 1;
  }
  void* buffer = clCreateBuffer(context, kReadWriteCopy, sizeof numbers, numbers, &code);
  const std::size_t count = 1000;
  clSetKernelArg(kernel, 0, sizeof buffer, &buffer);
  code = clEnqueueNDRangeKernel(queue, kernel, 1, nullptr, &count, nullptr, 0, nullptr, nullptr);
  if (code == 0)
    code = clEnqueueReadBuffer(queue, buffer, 1, 0, sizeof numbers, numbers, 0, nullptr, nullptr);
  long sum = 0;
  for (int number : numbers)
    sum += number;
  std::printf("%d %ld\n", code, sum);
  return code;
}
