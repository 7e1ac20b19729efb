/// \file
/// A system call in the machine's own words: no libc, no errno, no stack frame to share.
///
/// \source syscall(2), "Architecture calling conventions"

#pragma once

#include <asm/unistd.h>

#include <cstdint>

#include "runtime/init/op.h"

namespace suit::runtime {

#if defined(__x86_64__)
/// The kernel's answer: a result, or -errno.
inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                        long f = 0) noexcept {
  long result = 0;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                        long f = 0) noexcept {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
}
#else
#error "suit-init knows x86-64 and aarch64: add the system call convention of this machine"
#endif

/// The kernel's numbers, in the order of `Call`.
inline constexpr std::int16_t kCallNumbers[kCallCount] = {
    __NR_bpf,          __NR_capset,         __NR_chdir,         __NR_chroot,
    __NR_clone3,       __NR_close,          __NR_close_range,   __NR_dup3,
    __NR_execve,       __NR_execveat,       __NR_faccessat2,    __NR_fchdir,
    __NR_fchownat,     __NR_fcntl,          __NR_fsconfig,      __NR_fsmount,
    __NR_fsopen,       __NR_getcwd,         __NR_ioctl,         __NR_ioprio_set,
    __NR_keyctl,       __NR_memfd_create,   __NR_mkdirat,       __NR_mknodat,
    __NR_mount,        __NR_mount_setattr,  __NR_move_mount,    __NR_open_tree,
    __NR_openat,       __NR_openat2,        __NR_personality,   __NR_pipe2,
    __NR_pivot_root,   __NR_prctl,          __NR_prlimit64,     __NR_read,
    __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_sched_setattr, __NR_seccomp,
    __NR_sendfile,     __NR_sendmsg,        __NR_setdomainname, __NR_setgroups,
    __NR_sethostname,  __NR_setns,          __NR_setresgid,     __NR_setresuid,
    __NR_setsid,       __NR_socket,         __NR_socketpair,    __NR_symlinkat,
    __NR_umask,        __NR_umount2,        __NR_unlinkat,      __NR_unshare,
    __NR_write,
};

/// The real kernel, as the executor wants it. The tests give it a fake one.
struct Kernel {
  long call(Call call, const long (&args)[6]) const noexcept {
    return system_call(kCallNumbers[static_cast<std::size_t>(call)], args[0], args[1], args[2],
                       args[3], args[4], args[5]);
  }
  std::int64_t now_ns() const noexcept {
    struct {
      std::int64_t seconds, nanoseconds;
    } time = {};
    constexpr long kMonotonic = 1;  // CLOCK_MONOTONIC
    system_call(__NR_clock_gettime, kMonotonic, reinterpret_cast<long>(&time));
    return time.seconds * 1'000'000'000 + time.nanoseconds;
  }
};

}  // namespace suit::runtime
