#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "cli/command.h"

namespace {

// A caller may have closed some of 0, 1 and 2. Then the next open would get such a number, and what
// is meant for the terminal would be written into a lock or a layer.
bool has_standard_descriptors() {
  for (int fd : {0, 1, 2})
    if (::fcntl(fd, F_GETFD) < 0 &&
        ::open("/dev/null", O_RDWR) != fd)  // NOLINT(android-cloexec-open): it is to be inherited
      return false;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (!has_standard_descriptors()) return 125;  // as Docker: the engine failed; nowhere to say it
  return suit::cli::run_program(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}
