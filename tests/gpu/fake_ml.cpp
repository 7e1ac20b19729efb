// Stands for libnvidia-ml.so.1, as nvidia-smi uses it.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

extern "C" int nvmlInit_v2() { return 0; }

/// The errno of opening a GPU's node; 0 when it opens.
extern "C" int fake_open_errno(int minor) {
  const int fd = ::open(("/dev/nvidia" + std::to_string(minor)).c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}
