/// \file
/// Exercise 2: these powers, and no others, for ever.
///
///     2-capabilities [--keep CAPABILITY]... PROGRAM [ARGUMENT...]
///
/// Run PROGRAM as user 0 with exactly the named capabilities in its bounding, permitted and
/// effective sets, with the inheritable and ambient ones empty, and so that no setuid program gives
/// it more.
///
/// Man pages: capabilities(7) (the formulas of "Transformation of capabilities during execve()"),
/// capset(2), PR_CAPBSET_DROP and PR_SET_NO_NEW_PRIVS in prctl(2).
/// To think about: which set decides what a program of root has after execve?

#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

struct Name {
  const char* name;
  unsigned number;
};
constexpr Name kNames[] = {{"CAP_CHOWN", CAP_CHOWN},
                           {"CAP_DAC_OVERRIDE", CAP_DAC_OVERRIDE},
                           {"CAP_FOWNER", CAP_FOWNER},
                           {"CAP_KILL", CAP_KILL},
                           {"CAP_NET_RAW", CAP_NET_RAW},
                           {"CAP_NET_BIND_SERVICE", CAP_NET_BIND_SERVICE},
                           {"CAP_SYS_CHROOT", CAP_SYS_CHROOT},
                           {"CAP_MKNOD", CAP_MKNOD},
                           {"CAP_AUDIT_WRITE", CAP_AUDIT_WRITE}};

/// Your part: \p keep has one bit for each capability. \returns 0, or -1
static int drop_all_but(std::uint64_t keep) {
  std::fprintf(stderr, "not implemented: keep %llx\n", static_cast<unsigned long long>(keep));
  return -1;
}

int main(int argc, char** argv) {
  std::uint64_t keep = 0;
  int next = 1;
  for (; next + 1 < argc && std::strcmp(argv[next], "--keep") == 0; next += 2)
    for (const Name& known : kNames)
      if (std::strcmp(argv[next + 1], known.name) == 0) keep |= std::uint64_t{1} << known.number;
  if (next >= argc) return 2;
  if (drop_all_but(keep) != 0) return 99;  // 99: the grader's "not implemented"
  ::execv(argv[next], argv + next);
  return 127;
}
