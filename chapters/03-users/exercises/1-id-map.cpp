/// \file
/// Exercise 1: root inside, nobody outside.
///
///     1-id-map --map FIRST PROGRAM [ARGUMENT...]
///
/// Run PROGRAM in a user namespace of its own in which the 65536 users and groups from 0 on are
/// FIRST and those after it outside. It must be user 0 and group 0 in there.
///
/// Man page: user_namespaces(7), to its end.
/// To think about: who may write the map, and when? Which user is the process before it is written,
/// and which afterwards?

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

/// Your part in the child, in place of this function or after it. \returns 0, or -1
static int become_root_inside() {
  std::fputs("not implemented: a user namespace\n", stderr);
  return -1;
}

/// Your part in the parent. \returns 0, or -1
static int write_maps(pid_t /*child*/, const char* /*first*/) { return 0; }

int main(int argc, char** argv) {
  if (argc < 4 || std::strcmp(argv[1], "--map") != 0) return 2;
  pid_t child = ::fork();  // ... and something that makes the child wait
  if (child < 0) return 125;
  if (child == 0) {
    if (become_root_inside() != 0) ::_exit(99);  // 99: the grader's "not implemented"
    ::execv(argv[3], argv + 3);
    ::_exit(127);
  }
  if (write_maps(child, argv[2]) != 0) return 125;
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
