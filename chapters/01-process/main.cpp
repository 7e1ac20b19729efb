/// \file
/// Chapter 1: a container is a process.
///
///     01-process [--without STEP]... ROOT PROGRAM [ARGUMENT...]
///
/// Starts PROGRAM in namespaces of its own with ROOT as its `/`, and exits as it does. `--without`
/// leaves a step out, to see what it was for. \see tutorials/01-process.md

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/result.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/process.h"
#include "os/raw.h"

namespace {
using suit::Result;
namespace os = suit::os;

/// What the command line asks for, and who asks.
struct Container {
  std::set<std::string, std::less<>> without;
  std::string root;
  std::vector<char*> program;
  uid_t user = ::geteuid();
  gid_t group = ::getegid();
};

/// A system call's result, or `what` and why it failed.
Result<void> kernel(long result, const std::string& what) {
  return result < 0 ? suit::fail(static_cast<int>(-result), what) : Result<void>();
}
//> user
Result<void> become_root_inside(const Container& container) {
  if (container.user == 0) return {};
  SUIT_TRY(os::write_file("/proc/self/uid_map", fmt::format("0 {} 1", container.user)));
  SUIT_TRY(os::write_file("/proc/self/setgroups", "deny"));
  return os::write_file("/proc/self/gid_map", fmt::format("0 {} 1", container.group));
}
//< user
//> hostname
Result<void> set_hostname(const Container&) {
  return kernel(os::raw::call(SYS_sethostname, "spacesuit", 9), "sethostname(\"spacesuit\")");
}
//< hostname
//> private
Result<void> make_mounts_private(const Container&) {
  struct mount_attr attributes{};
  attributes.propagation = MS_PRIVATE;
  return os::mount_setattr(os::FdRef::cwd(), "/", AT_RECURSIVE, attributes);
}
//< private
//> root
Result<void> make_root_a_mount(const Container& container) {
  unsigned copy = OPEN_TREE_CLONE | AT_RECURSIVE;
  SUIT_LET(os::Fd tree, os::open_tree(os::FdRef::cwd(), container.root, copy));
  return os::move_mount(tree, os::FdRef::cwd(), container.root);
}
//< root
//> proc
Result<void> mount_proc(const Container& container) {
  SUIT_LET(os::Filesystem proc, os::Filesystem::fsopen("proc"));
  SUIT_TRY(proc.create());
  SUIT_LET(os::Fd mount, proc.fsmount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  return os::move_mount(mount, os::FdRef::cwd(), container.root + "/proc");
}
//< proc
//> pivot
Result<void> pivot_root(const Container& container) {
  SUIT_TRY(kernel(os::raw::call(SYS_chdir, container.root.c_str()), "chdir to " + container.root));
  return kernel(os::raw::pivot_root(".", "."), "pivot_root(\".\", \".\")");
}

Result<void> drop_old_root(const Container&) {
  SUIT_TRY(os::umount2(".", MNT_DETACH));
  return kernel(os::raw::call(SYS_chdir, "/"), "chdir(\"/\")");
}
//< pivot
//> exec
Result<void> execute(const Container& container) {
  const char* environment[] = {"PATH=/bin", "HOME=/", nullptr};
  char* const* words = container.program.data();
  return kernel(os::raw::call(SYS_execve, words[0], words, environment), words[0]);
}
//< exec
//> steps
struct Step {
  std::string_view name;
  Result<void> (*run)(const Container&);
};
constexpr Step kSteps[] = {{"user", become_root_inside}, {"private", make_mounts_private},
                           {"hostname", set_hostname},   {"root", make_root_a_mount},
                           {"proc", mount_proc},         {"pivot", pivot_root},
                           {"detach", drop_old_root},    {"exec", execute}};

[[noreturn]] void child(const Container& container) {
  for (const Step& step : kSteps) {
    if (container.without.contains(step.name)) continue;
    if (Result<void> done = step.run(container); !done) {
      fmt::print(stderr, "01-process: step {}: {}\n", step.name, done.error().message());
      ::_exit(125);
    }
  }
  ::_exit(0);
}
//< steps
//> clone
Result<int> run(const Container& container) {
  clone_args args{};
  args.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
  if (container.without.contains("pid")) args.flags &= ~static_cast<__u64>(CLONE_NEWPID);
  if (container.user != 0) args.flags |= CLONE_NEWUSER;
  args.exit_signal = SIGCHLD;
  pid_t pid = os::raw::clone3(&args);
  if (pid == 0) child(container);
  SUIT_TRY(kernel(pid, "clone3()"));
  SUIT_LET(os::Fd process, os::pidfd_open(pid));
  SUIT_LET(os::WaitStatus end, os::wait_pidfd(process));
  return end.shell_code();
}
//< clone
}  // namespace

int main(int argc, char** argv) {
  Container container;
  int next = 1;
  for (; next + 1 < argc && std::string_view(argv[next]) == "--without"; next += 2)
    container.without.insert(argv[next + 1]);
  if (argc - next < 2) {
    std::fputs("usage: 01-process [--without STEP]... ROOT PROGRAM [ARGUMENT...]\n", stderr);
    return 125;
  }
  container.root = argv[next++];
  container.program.assign(argv + next, argv + argc + 1);
  Result<int> code = run(container);
  if (!code) fmt::print(stderr, "01-process: {}\n", code.error().message());
  return code ? *code : 125;
}
