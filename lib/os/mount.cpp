#include "os/mount.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "os/raw.h"

namespace suit::os {

Result<Filesystem> Filesystem::fsopen(const std::string& type) {
  int fd = raw::fsopen(type.c_str(), FSOPEN_CLOEXEC);
  if (fd < 0) return fail(-fd, fmt::format("fsopen(\"{}\")", type));
  return Filesystem(Fd(fd), type);
}

std::unexpected<Error> Filesystem::failed(int code, std::string what) const {
  std::array<char, 512> line;
  ssize_t size = ::read(fd_.raw(), line.data(), line.size());
  if (size <= 0) return fail(code, std::move(what));
  std::string_view text(line.data(), static_cast<std::size_t>(size));
  if (text.ends_with('\n')) text.remove_suffix(1);
  return fail(code, fmt::format("{} [kernel: {}]", what, text));
}

Result<void> Filesystem::set(const std::string& key, const std::string& value) {
  int rc = raw::fsconfig(fd_.raw(), FSCONFIG_SET_STRING, key.c_str(), value.c_str(), 0);
  if (rc < 0) return failed(-rc, fmt::format("{}: fsconfig(\"{}\", \"{}\")", type_, key, value));
  return {};
}

Result<void> Filesystem::set_flag(const std::string& key) {
  int rc = raw::fsconfig(fd_.raw(), FSCONFIG_SET_FLAG, key.c_str(), nullptr, 0);
  if (rc < 0) return failed(-rc, fmt::format("{}: fsconfig(\"{}\")", type_, key));
  return {};
}

Result<void> Filesystem::set_fd(const std::string& key, FdRef value) {
  int rc = raw::fsconfig(fd_.raw(), FSCONFIG_SET_FD, key.c_str(), nullptr, value.raw());
  if (rc < 0) return failed(-rc, fmt::format("{}: fsconfig(\"{}\", fd)", type_, key));
  return {};
}

Result<void> Filesystem::create() {
  int rc = raw::fsconfig(fd_.raw(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
  if (rc < 0) return failed(-rc, fmt::format("{}: fsconfig(create)", type_));
  return {};
}

Result<Fd> Filesystem::fsmount(unsigned attributes) {
  int fd = raw::fsmount(fd_.raw(), FSMOUNT_CLOEXEC, attributes);
  if (fd < 0) return failed(-fd, fmt::format("{}: fsmount({:#x})", type_, attributes));
  return Fd(fd);
}

Result<Fd> open_tree(FdRef dir, const std::string& path, unsigned flags) {
  int fd = raw::open_tree(dir.raw(), path.c_str(), flags);
  if (fd < 0) return fail(-fd, fmt::format("open_tree(\"{}\")", path));
  return Fd(fd);
}

Result<void> move_mount(FdRef mount, FdRef to, const std::string& path) {
  unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (path.empty() ? MOVE_MOUNT_T_EMPTY_PATH : 0U);
  int rc = raw::move_mount(mount.raw(), "", to.raw(), path.c_str(), flags);
  if (rc < 0) return fail(-rc, fmt::format("move_mount to \"{}\"", path));
  return {};
}

Result<void> mount_setattr(FdRef dir, const std::string& path, unsigned flags,
                           const struct mount_attr& attributes) {
  int rc = raw::mount_setattr(dir.raw(), path.c_str(), flags, &attributes);
  if (rc < 0) return fail(-rc, fmt::format("mount_setattr(\"{}\")", path));
  return {};
}

Result<void> unshare_mounts() {
  static bool done = false;
  if (done) return {};
  if (::unshare(CLONE_NEWNS) != 0) return fail(errno, "unshare(CLONE_NEWNS)");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
    return fail(errno, "mount(\"/\", MS_REC | MS_SLAVE)");
  done = true;
  return {};
}

Result<void> umount2(const std::string& path, int flags) {
  if (::umount2(path.c_str(), flags) != 0) return fail(errno, fmt::format("umount2(\"{}\")", path));
  return {};
}

}  // namespace suit::os
