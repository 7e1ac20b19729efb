/// \file
/// Exercise 2: the host's directories, inside.
///
///     2-binds [--bind HOST:PLACE[:ro]]... ROOT PROGRAM [ARGUMENT...]
///
/// Show each directory HOST of the host at PLACE in the container, read-only where `:ro` says so.
/// PLACE exists in ROOT, but it may be a link: `data -> /home` means the /home of ROOT.
///
/// Man pages: mount(2) on MS_BIND (read what it says about MS_RDONLY), or open_tree(2) and
/// mount_setattr(2); openat2(2).
/// To think about: HOST can be seen only before pivot_root, PLACE is right only after it. What can
/// carry a directory from one side to the other?

#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

/// Your part before the root changes: \p spec is HOST:PLACE[:ro]. \returns 0, or -1
static int bind_before(const char* root, const char* spec) {
  std::fprintf(stderr, "not implemented: %s in %s\n", spec, root);
  return -1;
}

/// Your part after it, if you need one. \returns 0, or -1
static int bind_after(const char* /*spec*/) { return 0; }

static int change_root(const char* root) {
  if (::chdir(root) != 0) return -1;
  if (::syscall(SYS_pivot_root, ".", ".") != 0 || ::umount2(".", MNT_DETACH) != 0) return -1;
  return ::chdir("/");
}

static int prepare_root(const char* root) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return -1;
  return ::mount(root, root, nullptr, MS_BIND, nullptr);
}

int main(int argc, char** argv) {
  int root = 1;
  while (root + 1 < argc && std::strcmp(argv[root], "--bind") == 0)
    root += 2;
  if (root + 1 >= argc || ::unshare(CLONE_NEWNS) != 0) return 125;
  pid_t child = ::fork();
  if (child < 0) return 125;
  if (child == 0) {
    if (prepare_root(argv[root]) != 0) ::_exit(125);
    for (int i = 2; i < root; i += 2)
      if (bind_before(argv[root], argv[i]) != 0) ::_exit(99);  // 99: "not implemented"
    if (change_root(argv[root]) != 0) ::_exit(125);
    for (int i = 2; i < root; i += 2)
      if (bind_after(argv[i]) != 0) ::_exit(99);
    ::execv(argv[root + 1], argv + root + 1);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
