/// \file
/// The least that starting a container costs on this kernel: clone3(2) into its namespaces,
/// execve(2).
///
///     suit-floor run ROOT PROGRAM     one start in ROOT: the floor under every runtime's bar
///     suit-floor flags [ROUNDS]       what each namespace flag adds to a clone
///
/// No mounts, no cgroup, no capabilities, no error protocol: a runtime cannot go below it, and what
/// a runtime adds is what it has to explain.

#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>
#include <vector>

namespace {

constexpr unsigned long kAll =
    CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET;

struct Flag {
  const char* name;
  unsigned long flags;
};
constexpr std::array<Flag, 9> kFlags = {{{"none", 0},
                                         {"CLONE_NEWUTS", CLONE_NEWUTS},
                                         {"CLONE_NEWCGROUP", CLONE_NEWCGROUP},
                                         {"CLONE_NEWUSER", CLONE_NEWUSER},
                                         {"CLONE_NEWPID", CLONE_NEWPID},
                                         {"CLONE_NEWIPC", CLONE_NEWIPC},
                                         {"CLONE_NEWNS", CLONE_NEWNS},
                                         {"CLONE_NEWNET", CLONE_NEWNET},
                                         {"all but user", kAll | CLONE_NEWCGROUP}}};

pid_t clone_into(unsigned long flags) {
  clone_args args{};
  args.flags = flags;
  args.exit_signal = SIGCHLD;
  return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
}

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "suit-floor: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

int run(const char* root, char** program) {
  pid_t child = clone_into(kAll);
  if (child < 0) die("clone3 (needs root)");
  if (child == 0) {
    if (::chroot(root) != 0 || ::chdir("/") != 0) ::_exit(126);
    std::array<char*, 1> environment = {nullptr};
    ::execve(program[0], program, environment.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

double now_us() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

/// One clone, exit and wait. \unit{us}
double clone_once(unsigned long flags, const char* name) {
  double begin = now_us();
  pid_t child = clone_into(flags);
  if (child < 0) die(name);
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return now_us() - begin;
}

int flags(std::size_t rounds) {
  std::array<std::vector<double>, kFlags.size()> times;
  // Interleaved: a slow moment of the machine falls on all alike.
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < kFlags.size(); ++i) {
      times[i].push_back(clone_once(kFlags[i].flags, kFlags[i].name));
    }
  }
  std::printf("%-16s %8s %8s %8s   clone3 + exit + wait, us, %zu rounds\n", "flag", "min", "p50",
              "added", rounds);
  double base = 0;
  for (std::size_t i = 0; i < kFlags.size(); ++i) {
    std::sort(times[i].begin(), times[i].end());
    double median = times[i][rounds / 2];
    if (i == 0) base = median;
    std::printf("%-16s %8.0f %8.0f %8.0f\n", kFlags[i].name, times[i][0], median, median - base);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "run" && argc > 3) return run(argv[2], argv + 3);
  if (verb == "flags") {
    long rounds = argc > 2 ? std::atol(argv[2]) : 200;
    if (rounds > 0) return flags(static_cast<std::size_t>(rounds));
  }
  std::fputs("usage: suit-floor run ROOT PROGRAM [ARG...] | suit-floor flags [ROUNDS]\n", stderr);
  return 2;
}
