#include <algorithm>

#include "gpu/driver_links_internal.h"
#include "gpu/view_internal.h"

namespace suit::gpu {

std::vector<std::pair<std::string, std::string>> links_of(const DriverFile& library) {
  const std::string file = base_name(library.path);
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& name : library.names) {
    // The name that a linker uses leads to the name that the loader uses, as packages have it.
    std::string target = file;
    for (const std::string& other : library.names)
      if (name.ends_with(".so") && other.starts_with(name + ".")) target = other;
    out.emplace_back(name, target);
  }
  return out;
}

std::vector<std::string> mount_options(const DriverFile& file) {
  if (file.kind == FileKind::Socket) return {"nosuid", "nodev", "noexec", "rbind", "rprivate"};
  return {"ro", "nosuid", "nodev", "rbind", "rprivate"};
}

}  // namespace suit::gpu
