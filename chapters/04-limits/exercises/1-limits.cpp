/// \file
/// Exercise 1: a group with two limits.
///
///     1-limits --memory BYTES --pids N PROGRAM [ARGUMENT...]
///
/// Run PROGRAM in a control group of its own, with at most BYTES of memory and N processes. It must
/// work where your machine has version 1, version 2, or both.
///
/// Man page: cgroups(7). The trees are in /proc/self/mountinfo; `cgroup.controllers` of a version 2
/// tree says which controllers it has, `cgroup.subtree_control` which ones it gives to its groups.
/// To think about: who writes the process's number into `cgroup.procs`, and when is it too late?

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

/// Your part in the parent: makes the group or groups, and writes the limits. \returns 0, or -1
static int make_groups(const char* memory, const char* pids) {
  std::fprintf(stderr, "not implemented: %s bytes, %s processes\n", memory, pids);
  return -1;
}

/// Your part in the child. \returns 0, or -1
static int join_groups() { return 0; }

/// Your part in the parent, after the end.
static void remove_groups() {}

int main(int argc, char** argv) {
  if (argc < 6 || std::strcmp(argv[1], "--memory") != 0 || std::strcmp(argv[3], "--pids") != 0)
    return 2;
  if (make_groups(argv[2], argv[4]) != 0) return 99;  // 99: the grader's "not implemented"
  pid_t child = ::fork();
  if (child < 0) return 125;
  if (child == 0) {
    if (join_groups() != 0) ::_exit(125);
    ::execv(argv[5], argv + 5);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  remove_groups();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
