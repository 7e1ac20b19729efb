/// \file
/// What the programs of chapters 2 to 4 share: options, a list of steps and the child that walks
/// it. Chapter 1 writes all of it out; read that first.

#pragma once

#include <sys/mount.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/result.h"
#include "os/mount.h"
#include "os/process.h"
#include "os/raw.h"

namespace suit::chapter {

/// A command line: options, then words that are not ours.
struct Arguments {
  std::set<std::string, std::less<>> without;  ///< `--without STEP`
  std::map<std::string, std::vector<std::string>, std::less<>> values;
  std::vector<char*> words;  ///< ends with a nullptr

  bool has(std::string_view option) const { return values.contains(option); }
  /// The values of an option, in their order.
  std::vector<std::string> all(std::string_view option) const {
    auto found = values.find(option);
    return found == values.end() ? std::vector<std::string>() : found->second;
  }
  /// The last value, or \p otherwise.
  std::string get(std::string_view option, std::string otherwise = "") const {
    auto found = values.find(option);
    return found == values.end() ? otherwise : found->second.back();
  }
};

/// \param flags options without a value; \param settings options with one
/// \errors 0 for an unknown option, and for one without its value
inline Result<Arguments> parse(int argc, char** argv, const std::set<std::string_view>& flags,
                               const std::set<std::string_view>& settings) {
  Arguments parsed;
  int next = 1;
  for (; next < argc && argv[next][0] == '-'; ++next) {
    const std::string option = argv[next];
    if (flags.contains(option)) {
      parsed.values[option].emplace_back();
      continue;
    }
    if (option != "--without" && !settings.contains(option)) return fail(0, "unknown " + option);
    if (++next == argc) return fail(0, option + " wants a value");
    if (option == "--without")
      parsed.without.insert(argv[next]);
    else
      parsed.values[option].emplace_back(argv[next]);
  }
  parsed.words.assign(argv + next, argv + argc + 1);
  return parsed;
}

/// A system call's result, or \p what and why it failed.
inline Result<void> kernel(long result, const std::string& what) {
  return result < 0 ? fail(static_cast<int>(-result), what) : Result<void>();
}

/// A small operation of the child.
struct Step {
  std::string_view name;
  Result<void> (*run)(const Arguments&);
};

/// Becomes the program whose words begin at \p first, with an environment of two names.
template <std::size_t first>
Result<void> execute(const Arguments& arguments) {
  char* const* words = &arguments.words[first];
  const char* environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", nullptr};
  if (words[0][0] == '/')
    return kernel(os::raw::call(SYS_execve, words[0], words, environment), words[0]);
  ::execvpe(words[0], words, const_cast<char* const*>(environment));
  return fail(errno, words[0]);
}

/// Walks \p steps but those that are left out; the last one does not return.
[[noreturn]] inline void walk(const char* chapter, std::span<const Step> steps,
                              const Arguments& arguments) {
  for (const Step& step : steps) {
    if (arguments.without.contains(step.name)) continue;
    if (Result<void> done = step.run(arguments); !done) {
      fmt::print(stderr, "{}: step {}: {}\n", chapter, step.name, done.error().message());
      ::_exit(125);
    }
  }
  ::_exit(0);
}

/// No mount of ours reaches the host.
inline Result<void> make_mounts_private() {
  struct mount_attr attributes{};
  attributes.propagation = MS_PRIVATE;
  return os::mount_setattr(os::FdRef::cwd(), "/", AT_RECURSIVE, attributes);
}

/// The steps "private" and "root" of chapter 1, for the root that is the first word.
inline Result<void> make_root_a_mount(const Arguments& arguments) {
  SUIT_TRY(make_mounts_private());
  const char* root = arguments.words[0];
  SUIT_LET(const os::Fd tree,
           os::open_tree(os::FdRef::cwd(), root, OPEN_TREE_CLONE | AT_RECURSIVE));
  return os::move_mount(tree, os::FdRef::cwd(), root);
}

/// A process in new namespaces: `clone3` with \p flags; 0 in the child.
inline Result<pid_t> clone(unsigned long flags) {
  clone_args args{};
  args.flags = flags;
  args.exit_signal = SIGCHLD;
  const pid_t pid = os::raw::clone3(&args);
  if (pid < 0) return fail(-pid, "clone3()");
  return pid;
}

/// The exit code of a child, as a shell tells it.
inline Result<int> wait(pid_t pid) {
  SUIT_LET(const os::Fd process, os::pidfd_open(pid));
  SUIT_LET(const os::WaitStatus end, os::wait_pidfd(process));
  return end.shell_code();
}

/// The end of a chapter's main.
inline int finish(const char* chapter, const Result<int>& code) {
  if (!code) fmt::print(stderr, "{}: {}\n", chapter, code.error().message());
  return code ? *code : 125;
}

}  // namespace suit::chapter
