/// \file
/// Exercise 3: a read-only root.
///
///     3-read-only ROOT PROGRAM [ARGUMENT...]
///
/// The program below has ROOT as its root. Make that root read-only, and give the program one place
/// to write: a tmpfs on /tmp. The host must still be able to write to ROOT.
///
/// Man pages: mount(2) on MS_REMOUNT, or mount_setattr(2).
/// To think about: a mount can be read-only, and a file system can. Which of them is yours alone?

#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

/// Your part. `/` is ROOT already. \returns 0, or -1
static int make_read_only() {
  std::fputs("not implemented: a read-only root\n", stderr);
  return -1;
}

static int change_root(const char* root) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return -1;
  if (::mount(root, root, nullptr, MS_BIND, nullptr) != 0 || ::chdir(root) != 0) return -1;
  if (::syscall(SYS_pivot_root, ".", ".") != 0 || ::umount2(".", MNT_DETACH) != 0) return -1;
  return ::chdir("/");
}

int main(int argc, char** argv) {
  if (argc < 3 || ::unshare(CLONE_NEWNS) != 0) return 125;
  pid_t child = ::fork();
  if (child < 0) return 125;
  if (child == 0) {
    if (change_root(argv[1]) != 0) ::_exit(125);
    if (make_read_only() != 0) ::_exit(99);  // 99: the grader's "not implemented"
    ::execv(argv[2], argv + 2);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
