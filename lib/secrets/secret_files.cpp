#include "secrets/secret_files.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "os/file.h"
#include "os/mount.h"

namespace suit::secrets {
namespace {

// What the kernel refuses for being too old (Linux 6.4) or in a user namespace is left out.
Result<os::Fd> secret_tmpfs() {
  for (bool noswap : {true, false}) {
    SUIT_LET(os::Filesystem tmpfs, os::Filesystem::fsopen("tmpfs"));
    SUIT_TRY(tmpfs.set("size", "32m"));
    SUIT_TRY(tmpfs.set("mode", "0700"));
    if (noswap && !tmpfs.set_flag("noswap")) continue;
    auto created = tmpfs.create();
    if (!created && noswap) continue;
    SUIT_TRY(std::move(created));
    return tmpfs.fsmount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  }
  return fail(EINVAL, "fsopen(\"tmpfs\")");
}

}  // namespace

Result<SecretFiles> SecretFiles::create(const std::string& dir) {
  SUIT_TRY(os::unshare_mounts());
  SUIT_LET(os::Fd mount, secret_tmpfs());
  SUIT_TRY(os::move_mount(mount, os::FdRef::cwd(), dir));
  return SecretFiles(dir);
}

SecretFiles::SecretFiles(SecretFiles&& other) noexcept
    : dir_(std::exchange(other.dir_, {})), files_(other.files_) {}

SecretFiles& SecretFiles::operator=(SecretFiles&& other) noexcept {
  std::swap(dir_, other.dir_);
  std::swap(files_, other.files_);
  return *this;
}

SecretFiles::~SecretFiles() {
  if (!dir_.empty()) ::umount2(dir_.c_str(), MNT_DETACH);
}

Result<std::string> SecretFiles::add(const SecretBytes& secret, mode_t mode, uid_t uid, gid_t gid) {
  std::string path = fmt::format("{}/{}", dir_, files_++);
  SUIT_LET(os::Fd file,
           os::open_at(os::FdRef::cwd(), path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  os::FdWriter writer(file);
  SUIT_TRY(writer.write(bytes_of(secret.reveal())));
  // Where the id has no mapping (EINVAL, one mapped id) the file stays root's, as all files there.
  if (::fchown(file.raw(), uid, gid) != 0 && errno != EINVAL)
    return fail(errno, fmt::format("fchown a secret to {}:{}", uid, gid));
  if (::fchmod(file.raw(), mode) != 0)
    return fail(errno, fmt::format("fchmod a secret to {:o}", mode));
  return path;
}

}  // namespace suit::secrets
