#include <sys/syscall.h>

#include "runtime/spawn_internal.h"

namespace suit::runtime {

long clone_call(clone_args* args, void (*child)(void*), void* argument) noexcept {
#if defined(__x86_64__)
  long result = 0;
  register void (*entry)(void*) __asm__("rdx") = child;
  register void* passed __asm__("r8") = argument;
  __asm__ volatile(
      "syscall\n"
      "test %%rax, %%rax\n"
      "jnz 1f\n"
      "xor %%ebp, %%ebp\n"
      "and $-16, %%rsp\n"  // of a copy of our stack, wherever we are in it
      "mov %%r8, %%rdi\n"
      "call *%%rdx\n"
      "ud2\n"
      "1:"
      : "=a"(result)
      : "a"(SYS_clone3), "D"(args), "S"(sizeof *args), "r"(entry), "r"(passed)
      : "rcx", "r11", "memory");
  return result;
#else
  register long x8 __asm__("x8") = SYS_clone3;
  register long x0 __asm__("x0") = reinterpret_cast<long>(args);
  register long x1 __asm__("x1") = sizeof *args;
  register void (*x2)(void*) __asm__("x2") = child;
  register void* x3 __asm__("x3") = argument;
  __asm__ volatile(
      "svc 0\n"
      "cbnz x0, 1f\n"
      "mov x29, xzr\n"
      "mov x0, x3\n"
      "blr x2\n"
      "brk 0\n"
      "1:"
      : "+r"(x0)
      : "r"(x8), "r"(x1), "r"(x2), "r"(x3)
      : "memory");
  return x0;
#endif
}

bool shared_memory_allowed() noexcept {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#else
  return true;
#endif
}

}  // namespace suit::runtime
