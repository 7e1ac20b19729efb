#include "os/user_namespace.h"

#include <unistd.h>

#include <cstddef>
#include <string_view>
#include <vector>

#include "os/file.h"

namespace suit::os {
namespace {

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  while (true) {
    std::size_t begin = text.find_first_not_of(" \n");
    if (begin == std::string_view::npos) return out;
    std::size_t end = text.find_first_of(" \n", begin);
    out.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  }
}

}  // namespace

bool in_user_namespace() {
  if (::geteuid() != 0) return true;
  // The first namespace maps every id onto itself; none below it can.
  auto map = read_file("/proc/self/uid_map", 64 * 1024);
  if (!map) return false;
  auto fields = words(*map);
  return fields.size() != 3 || fields[0] != "0" || fields[1] != "0" || fields[2] != "4294967295";
}

}  // namespace suit::os
