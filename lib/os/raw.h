/// \file
/// System calls in the kernel's own convention: the result, or -errno.
///
/// No allocation, no locks, no exceptions, no logging: the only os/ header that the child of a
/// clone may use. Names are the manual page names.
#pragma once

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace suit::os::raw {

/// openat(2); EINTR is retried.
inline int openat(int dir, const char* path, int flags, mode_t mode) noexcept {
  int fd = -1;
  do {
    fd = ::openat(dir, path, flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return fd < 0 ? -errno : fd;
}

/// openat2(2); EINTR and the EAGAIN of a rename race are retried, 128 times at most: a hostile
/// process that renames in a loop must not keep us here.
inline int openat2(int dir, const char* path, const open_how* how) noexcept {
  for (int attempt = 0; attempt < 128; ++attempt) {
    long fd = ::syscall(SYS_openat2, dir, path, how, sizeof *how);
    if (fd >= 0) return static_cast<int>(fd);
    if (errno != EINTR && errno != EAGAIN) return -errno;
  }
  return -EAGAIN;
}

/// Any system call: its result, or -errno.
template <typename... Args>
inline long call(long number, Args... args) noexcept {
  long result = ::syscall(number, args...);
  return result < 0 ? -errno : result;
}

// File systems and mounts by descriptor, since Linux 5.2; mount_setattr since 5.12.
inline int fsopen(const char* type, unsigned flags) noexcept {
  return static_cast<int>(call(SYS_fsopen, type, flags | FSOPEN_CLOEXEC));
}
inline int fsconfig(int fs, unsigned command, const char* key, const void* value,
                    int aux) noexcept {
  return static_cast<int>(call(SYS_fsconfig, fs, command, key, value, aux));
}
inline int fsmount(int fs, unsigned flags, unsigned attributes) noexcept {
  return static_cast<int>(call(SYS_fsmount, fs, flags | FSMOUNT_CLOEXEC, attributes));
}
inline int open_tree(int dir, const char* path, unsigned flags) noexcept {
  return static_cast<int>(call(SYS_open_tree, dir, path, flags | O_CLOEXEC));
}
inline int move_mount(int from, const char* from_path, int to, const char* to_path,
                      unsigned flags) noexcept {
  return static_cast<int>(call(SYS_move_mount, from, from_path, to, to_path, flags));
}
inline int mount_setattr(int dir, const char* path, unsigned flags,
                         const struct mount_attr* attributes) noexcept {
  return static_cast<int>(
      call(SYS_mount_setattr, dir, path, flags, attributes, sizeof *attributes));
}
inline int pivot_root(const char* new_root, const char* put_old) noexcept {
  return static_cast<int>(call(SYS_pivot_root, new_root, put_old));
}

// Processes by descriptor: a pid may be somebody else's by the time it is used, a pidfd never.
inline int pidfd_open(pid_t pid, unsigned flags) noexcept {
  return static_cast<int>(call(SYS_pidfd_open, pid, flags));
}
inline int pidfd_send_signal(int pidfd, int signal) noexcept {
  return static_cast<int>(call(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0U));
}
/// clone3(2) that returns twice, as fork does; not for CLONE_VM.
inline pid_t clone3(clone_args* args) noexcept {
  return static_cast<pid_t>(call(SYS_clone3, args, sizeof *args));
}
inline int close_range(unsigned first, unsigned last, unsigned flags) noexcept {
  return static_cast<int>(call(SYS_close_range, first, last, flags));
}

}  // namespace suit::os::raw
