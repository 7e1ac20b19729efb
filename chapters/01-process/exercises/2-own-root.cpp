/// \file
/// Exercise 2: a root of its own.
///
///     2-own-root ROOT PROGRAM [ARGUMENT...]
///
/// The program below has its namespaces, and nothing else. Give it ROOT as its root, so that no way
/// leads back: not `/..`, not a second chroot, not the mount namespace's own root. Nothing that you
/// mount may reach the host, even where the host shares its mounts.
///
/// Man pages: pivot_root(2) (read its notes to the end), mount(2), mount_namespaces(7).
/// To think about: why does pivot_root fail with EINVAL at first? What is a mount, and what is only
/// a directory? Where does the old root go, and what still uses it?

#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

/// Your part. After it, `/` is ROOT, and the old root is not mounted any more. \returns 0, or -1
static int change_root(const char* root) {
  std::fprintf(stderr, "not implemented: make %s the root\n", root);
  return -1;
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  if (::unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC) != 0) {
    std::perror("unshare");
    return 125;
  }
  pid_t child = ::fork();
  if (child < 0) return 125;
  if (child == 0) {
    if (change_root(argv[1]) != 0) ::_exit(99);  // 99: the grader's "not implemented"
    ::execv(argv[2], argv + 2);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
