#include <set>
#include <utility>

#include <fmt/format.h>

#include "layer/lower_internal.h"
#include "os/file.h"

namespace suit::layer {

Result<LowerStack> LowerStack::open(const std::vector<std::string>& paths, OverlayXattr xattr) {
  std::vector<DirOpener> layers;
  layers.reserve(paths.size());
  for (const std::string& path : paths) {
    SUIT_LET(DirOpener opener, DirOpener::open(path));
    layers.push_back(std::move(opener));
  }
  return LowerStack(std::move(layers), xattr);
}

LowerNode LowerStack::root() const {
  // Overlayfs merges the roots of all layers, whatever attributes they have.
  LowerNode node;
  node.info.st_mode = S_IFDIR | 0755;
  for (std::size_t i = 0; i < layers_.size(); ++i)
    node.layers.push_back(i);
  return node;
}

Result<std::optional<LowerNode>> LowerStack::child(const LowerNode& parent,
                                                   std::string_view parent_path,
                                                   const std::string& name) {
  LowerNode found;
  for (std::size_t layer : parent.layers) {
    SUIT_LET(os::FdRef dir, layers_[layer].dir(parent_path));
    SUIT_LET(auto info, stat_child(dir, name));
    if (!info) continue;
    if (is_whiteout(*info)) break;
    if (found.layers.empty()) {
      found.info = *info;
    } else if (!S_ISDIR(info->st_mode)) {
      break;
    }
    found.layers.push_back(layer);
    if (!S_ISDIR(info->st_mode)) break;
    SUIT_LET(FileAttributes attributes,
             read_attributes_at(dir, name, *info, join(parent_path, name), xattr_));
    if (attributes.opaque) break;
  }
  if (found.layers.empty()) return std::nullopt;
  return found;
}

Result<std::optional<LowerNode>> LowerStack::find(std::string_view path) {
  LowerNode node = root();
  if (layers_.empty()) return std::nullopt;
  for (std::size_t start = 0; start < path.size();) {
    std::size_t end = std::min(path.find('/', start), path.size());
    std::string_view parent = path.substr(0, start == 0 ? 0 : start - 1);
    if (!node.is_dir()) return std::nullopt;
    SUIT_LET(auto next, child(node, parent, std::string(path.substr(start, end - start))));
    if (!next) return std::nullopt;
    node = *std::move(next);
    start = end + 1;
  }
  return node;
}

Result<std::vector<std::string>> LowerStack::names(const LowerNode& node, std::string_view path) {
  std::set<std::string> candidates;
  for (std::size_t layer : node.layers) {
    SUIT_LET(os::FdRef dir, layers_[layer].dir(path));
    SUIT_LET(std::vector<std::string> listed, os::list_dir(dir, "."));
    candidates.insert(listed.begin(), listed.end());
  }
  std::vector<std::string> visible;
  for (const std::string& name : candidates) {
    SUIT_LET(auto found, child(node, path, name));
    if (found) visible.push_back(name);
  }
  return visible;
}

}  // namespace suit::layer
