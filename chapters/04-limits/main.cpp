/// \file
/// Chapter 4: how much?
///
///     04-limits [--without STEP]... [--explain] [--memory BYTES] [--pids N] [--cpu MICROSECONDS]
///               PROGRAM [ARGUMENT...]
///
/// Runs PROGRAM in control groups of its own, of version 1 or 2 as the host has them, and leaves no
/// process of it behind. Needs root. \see tutorials/04-limits.md

#include <chrono>
#include <regex>
#include <sstream>
#include <thread>

#include "chapter.h"
#include "os/file.h"

namespace {
using suit::Result;
using suit::chapter::Arguments;
namespace os = suit::os;
//> find
// Where a controller's groups are, and which version their files are of.
struct Tree {
  std::string folder;
  bool unified = false;
};

bool has_word(const std::string& text, const std::string& word) {
  return std::regex_search(text, std::regex("\\b" + word + "\\b"));
}

Result<Tree> find_tree(const std::string& controller) {
  SUIT_LET(const std::string mounts, os::read_file("/proc/self/mountinfo"));
  std::istringstream lines(mounts);
  for (std::string line, skip, place, type, options; std::getline(lines, line);) {
    std::istringstream left(line), right(line.substr(line.find(" - ") + 3));
    left >> skip >> skip >> skip >> skip >> place;
    right >> type >> skip >> options;
    if (type == "cgroup" && has_word(options, controller)) return Tree{place, false};
    if (type != "cgroup2") continue;
    SUIT_LET(const std::string offered, os::read_file(place + "/cgroup.controllers"));
    if (has_word(offered, controller)) return Tree{place, true};
  }
  return suit::fail(0, "this host has no cgroup controller \"" + controller + "\"");
}
//< find
//> limits
struct Limit {
  const char* option;
  const char* controller;
  const char* version1;  // the file's name in either version
  const char* version2;
};
constexpr Limit kLimits[] = {{"--memory", "memory", "memory.limit_in_bytes", "memory.max"},
                             {"--pids", "pids", "pids.max", "pids.max"},
                             {"--cpu", "cpu", "cpu.cfs_quota_us", "cpu.max"}};

Result<void> write(const Arguments& wanted, const std::string& file, const std::string& text) {
  if (wanted.has("--explain")) fmt::print(stderr, "{} > {}\n", text, file);
  return os::write_file(file, text);
}
//< limits
//> group
using Groups = std::set<std::string>;

// A group for one controller, with its limit in it. Version 2 has one group for all of them.
Result<void> make_group(const Arguments& wanted, const Limit& limit, Groups& groups) {
  SUIT_LET(const Tree tree, find_tree(limit.controller));
  const std::string switches = tree.folder + "/cgroup.subtree_control";
  if (tree.unified) SUIT_TRY(write(wanted, switches, std::string("+") + limit.controller));
  const std::string group = fmt::format("{}/lesson-{}", tree.folder, ::getpid());
  SUIT_TRY(os::make_dirs(group, 0755));
  groups.insert(group);
  if (!wanted.has(limit.option) || wanted.without.contains("limit")) return {};
  const std::string most = wanted.get(limit.option);
  SUIT_TRY(write(wanted, group + "/" + (tree.unified ? limit.version2 : limit.version1), most));
  if (limit.option != std::string_view("--memory")) return {};
  // Memory that moves to the disk is no limit: none of that.
  const std::string swap =
      group + (tree.unified ? "/memory.swap.max" : "/memory.memsw.limit_in_bytes");
  return os::exists(swap) ? write(wanted, swap, tree.unified ? "0" : most) : Result<void>();
}
//< group
//> join
Result<void> join(const Arguments& wanted, const Groups& groups) {
  if (wanted.without.contains("join")) return {};
  for (const std::string& group : groups)
    SUIT_TRY(write(wanted, group + "/cgroup.procs", "0"));  // 0 is whoever writes
  return {};
}
//< join
//> end
void report(const std::string& group) {
  std::smatch found;
  for (const char* file : {"/memory.events", "/memory.oom_control"})
    if (auto text = os::read_file(group + file);
        text && std::regex_search(*text, found, std::regex("oom_kill ([1-9][0-9]*)")))
      fmt::print(stderr, "04-limits: out of memory, killed: {}\n", found[1].str());
}

// Kills whoever is left. A group without processes can be removed, and no other.
Result<void> end(const std::string& group) {
  report(group);
  long removed = -EBUSY;
  for (int i = 0; removed == -EBUSY && i < 500; ++i) {
    SUIT_LET(const std::string members, os::read_file(group + "/cgroup.procs"));
    std::istringstream pids(members);
    for (pid_t pid = 0; pids >> pid;)
      ::kill(pid, SIGKILL);
    removed = os::raw::call(SYS_rmdir, group.c_str());
    if (removed < 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return suit::chapter::kernel(removed, "remove " + group);
}
//< end
//> run
Result<int> run_in(const Arguments& wanted, const Groups& groups) {
  SUIT_LET(const pid_t pid, suit::chapter::clone(0));
  if (pid != 0) return suit::chapter::wait(pid);
  Result<void> done = join(wanted, groups);
  if (done) done = suit::chapter::execute<0>(wanted);
  ::_exit(suit::chapter::finish("04-limits", std::unexpected(done.error())));
}

Result<int> run(int argc, char** argv) {
  SUIT_LET(const Arguments wanted,
           suit::chapter::parse(argc, argv, {"--explain"}, {"--memory", "--pids", "--cpu"}));
  if (wanted.words.size() < 2) return suit::fail(0, "usage: 04-limits [OPTION]... PROGRAM");
  Groups groups;
  Result<void> made;
  for (const Limit& limit : kLimits)
    if (made) made = make_group(wanted, limit, groups);
  Result<int> code = made ? run_in(wanted, groups) : std::unexpected(made.error());
  for (const std::string& group : groups)
    SUIT_TRY(end(group));
  return code;
}
//< run
}  // namespace

int main(int argc, char** argv) { return suit::chapter::finish("04-limits", run(argc, argv)); }
