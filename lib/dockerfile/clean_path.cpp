#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/ignore.h"

namespace suit::dockerfile {

std::string clean_path(std::string_view path) {
  bool rooted = path.starts_with('/');
  std::vector<std::string_view> names;
  while (!path.empty()) {
    std::size_t slash = path.find('/');
    std::string_view name = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (name.empty() || name == ".") continue;
    if (name != "..")
      names.push_back(name);
    else if (!names.empty() && names.back() != "..")
      names.pop_back();
    else if (!rooted)
      names.push_back(name);
  }
  std::string out = rooted ? "/" : "";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += '/';
    out += names[i];
  }
  return out.empty() ? "." : out;
}

}  // namespace suit::dockerfile
