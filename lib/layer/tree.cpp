#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "layer/tree_internal.h"
#include "os/raw.h"

namespace suit::layer {
namespace {

constexpr std::size_t kPathChunk = 4000;  // below PATH_MAX, 4096 with the NUL

Result<std::string> xattr_value(os::FdRef fd, const std::string& name, std::string_view path) {
  std::string value(256, '\0');
  while (true) {
    ssize_t size = ::fgetxattr(fd.raw(), name.c_str(), value.data(), value.size());
    if (size >= 0) {
      value.resize(static_cast<std::size_t>(size));
      return value;
    }
    if (errno != ERANGE || value.size() > 65536)
      return fail(errno, fmt::format("fgetxattr(\"{}\", \"{}\")", path, name));
    value.resize(65536 + 1);  // XATTR_SIZE_MAX
  }
}

Result<std::string> xattr_names(os::FdRef fd, std::string_view path) {
  std::array<char, 1024> few{};
  ssize_t size = ::flistxattr(fd.raw(), few.data(), few.size());
  if (size >= 0) return std::string(few.data(), static_cast<std::size_t>(size));
  if (errno == ENOTSUP) return std::string();
  if (errno != ERANGE) return fail(errno, fmt::format("flistxattr(\"{}\")", path));
  std::string names(65536, '\0');  // XATTR_LIST_MAX
  size = ::flistxattr(fd.raw(), names.data(), names.size());
  if (size < 0) return fail(errno, fmt::format("flistxattr(\"{}\")", path));
  names.resize(static_cast<std::size_t>(size));
  return names;
}

Result<void> note_overlay_mark(FileAttributes& attributes, std::string_view mark,
                               std::string_view value, std::string_view path) {
  if (mark == "opaque") {
    attributes.opaque = value == "y";
    attributes.xattr_marked = value == "x";
  } else if (mark == "whiteout") {
    attributes.xattr_whiteout = true;
  } else if (mark == "redirect" || mark == "metacopy") {
    return fail(0,
                fmt::format("\"{}\" has the overlayfs attribute \"{}\": its content is elsewhere",
                            path, mark),
                "mount the overlay with redirect_dir=off,metacopy=off");
  }
  return {};
}

}  // namespace

std::string join(std::string_view directory, std::string_view name) {
  if (directory.empty()) return std::string(name);
  std::string path;
  path.reserve(directory.size() + 1 + name.size());
  path.append(directory).append("/").append(name);
  return path;
}

std::pair<std::string_view, std::string_view> split_leaf(std::string_view path) {
  std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

Result<std::optional<struct stat>> stat_child(os::FdRef dir, const std::string& name) {
  struct stat info{};
  if (::fstatat(dir.raw(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) return info;
  if (errno == ENOENT) return std::nullopt;
  return fail(errno, fmt::format("fstatat(\"{}\")", name));
}

Result<DirOpener> DirOpener::open(const std::string& host_path) {
  SUIT_LET(os::Fd root, os::open_at(os::FdRef::cwd(), host_path, O_PATH | O_DIRECTORY));
  return DirOpener(std::move(root));
}

Result<os::FdRef> DirOpener::dir(std::string_view path) {
  if (path.empty()) return os::FdRef(root_);
  if (cached_.valid() && path == cached_path_) return os::FdRef(cached_);
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  os::Fd current;
  std::string_view rest = path;
  bool below = cached_.valid() && path.size() > cached_path_.size() + 1 &&
               path.starts_with(cached_path_) && path[cached_path_.size()] == '/';
  if (below) {
    current = std::move(cached_);
    rest = path.substr(cached_path_.size() + 1);
  }
  cached_.reset();
  while (!rest.empty()) {
    std::size_t end = rest.size() <= kPathChunk ? rest.size() : rest.rfind('/', kPathChunk);
    if (end == std::string_view::npos)
      return fail(ENAMETOOLONG, fmt::format("openat2(\"{}\")", path));
    std::string chunk(rest.substr(0, end));
    int fd = os::raw::openat2(current.valid() ? current.raw() : root_.raw(), chunk.c_str(), &how);
    if (fd < 0) return fail(-fd, fmt::format("openat2(\"{}\")", path));
    current.reset(fd);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  cached_ = std::move(current);
  cached_path_ = path;
  return os::FdRef(cached_);
}

bool is_layer_xattr(std::string_view name) {
  if (name == "security.capability") return true;
  return name.starts_with("user.") && !name.starts_with("user.overlay.") && name.size() > 5;
}

std::string_view overlay_prefix(OverlayXattr xattr) {
  return xattr == OverlayXattr::Trusted ? "trusted.overlay." : "user.overlay.";
}

Result<FileAttributes> read_attributes(os::FdRef fd, std::string_view path, OverlayXattr xattr) {
  FileAttributes attributes;
  SUIT_LET(std::string names, xattr_names(fd, path));
  std::string_view prefix = overlay_prefix(xattr);
  for (std::size_t at = 0; at < names.size();) {
    std::string name(names.c_str() + at);
    at += name.size() + 1;
    bool mark = name.starts_with(prefix);
    if (!mark && !is_layer_xattr(name)) continue;
    SUIT_LET(std::string value, xattr_value(fd, name, path));
    if (mark) {
      SUIT_TRY(
          note_overlay_mark(attributes, std::string_view(name).substr(prefix.size()), value, path));
    } else {
      attributes.xattrs[name] = std::move(value);
    }
  }
  return attributes;
}

Result<FileAttributes> read_attributes_at(os::FdRef dir, const std::string& name,
                                          const struct stat& info, std::string_view path,
                                          OverlayXattr xattr) {
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return FileAttributes();
  // O_NONBLOCK: should the name have become a fifo, opening it must not wait.
  SUIT_LET(os::Fd fd, os::open_at(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  return read_attributes(fd, path, xattr);
}

}  // namespace suit::layer
