#include <fcntl.h>

#include "gpu/view_internal.h"
#include "os/file.h"

namespace suit::gpu {

constexpr std::size_t kMostNames = 4096;

std::string View::text(const std::string& path, std::size_t limit_bytes) const {
  return root_->read(path, limit_bytes).value_or("");
}

std::string View::line(const std::string& path) const {
  std::string all = text(path, 4096);
  all.resize(std::min(all.find('\n'), all.size()));
  return all;
}

std::vector<std::string> View::names(const std::string& dir) const {
  auto opened = root_->open_in(dir, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
  if (!opened) return {};
  auto names = os::list_dir(*opened, ".");
  if (!names) return {};
  if (names->size() > kMostNames) names->resize(kMostNames);
  return *std::move(names);
}

std::optional<struct stat> View::info(const std::string& path) const {
  auto info = root_->stat(path);
  return info ? std::optional(*info) : std::nullopt;
}

std::optional<struct stat> View::link_info(const std::string& path) const {
  auto info = root_->lstat(path);
  return info ? std::optional(*info) : std::nullopt;
}

bool View::is_dir(const std::string& path) const {
  const auto found = info(path);
  return found && S_ISDIR(found->st_mode);
}

bool View::is_file(const std::string& path) const {
  const auto found = info(path);
  return found && S_ISREG(found->st_mode);
}

std::string View::link(const std::string& path) const {
  auto opened = root_->open_in(path, O_PATH | O_NOFOLLOW);
  if (!opened) return "";
  return os::read_link(*opened, "").value_or("");
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string dir_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

}  // namespace suit::gpu
