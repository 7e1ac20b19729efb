/// \file
/// Exercise 3: all of them.
///
///     3-all-of-them PROGRAM [ARGUMENT...]
///
/// Run PROGRAM in a control group of its own. When it ends, exit as it did, and leave nothing
/// behind: no process that it has started, in whatever session, and no group.
///
/// Man page: cgroups(7); `cgroup.procs`, and `cgroup.kill` where there is version 2.
/// To think about: a process that you read about in `cgroup.procs` may fork before your signal
/// reaches it. When are you done?

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

/// Your part in the parent, before the child. \returns 0, or -1
static int make_group() {
  std::fputs("not implemented: a group\n", stderr);
  return -1;
}

/// Your part in the child. \returns 0, or -1
static int join_group() { return 0; }

/// Your part in the parent, after the end of the program.
static void end_group() {}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  if (make_group() != 0) return 99;  // 99: the grader's "not implemented"
  pid_t child = ::fork();
  if (child < 0) return 125;
  if (child == 0) {
    if (join_group() != 0) ::_exit(125);
    ::execv(argv[1], argv + 1);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  end_group();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
