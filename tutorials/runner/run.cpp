#include "runner/run.h"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include <fmt/format.h>

#include "os/file.h"
#include "runner/match.h"
#include "runner/regions.h"
#include "runner/session.h"

namespace suit::lesson {
namespace {

/// Mount points of this mount namespace, by mount id.
std::map<std::string, std::string> mounts() {
  std::map<std::string, std::string> out;
  auto text = os::read_file("/proc/self/mountinfo");
  if (!text) return out;
  for (const std::string& line : split_lines(*text)) {
    // 36 35 98:0 /root /mount/point ...: proc_pid_mountinfo(5)
    std::size_t at = 0;
    for (int field = 0; field < 4 && at != std::string::npos; ++field)
      at = line.find(' ', at + 1);
    if (at == std::string::npos) continue;
    out[line.substr(0, line.find(' '))] = line.substr(at + 1, line.find(' ', at + 1) - at - 1);
  }
  return out;
}

Result<void> enter_shared_mount_namespace() {
  if (::unshare(CLONE_NEWNS) != 0) return fail(errno, "unshare(CLONE_NEWNS)");
  // First private, so that the peer group made by the second call is ours alone.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr) != 0) {
    return fail(errno, "mount(\"/\", MS_REC|MS_PRIVATE, then MS_SHARED)");
  }
  return {};
}

/// Unmounts what the lesson mounted and did not unmount; one line each.
std::vector<std::string> leaked_mounts(const std::map<std::string, std::string>& before) {
  std::vector<std::string> leaks;
  std::map<std::string, std::string> after = mounts();
  for (auto mount = after.rbegin(); mount != after.rend(); ++mount) {
    if (before.contains(mount->first)) continue;
    leaks.push_back("the mount on " + mount->second);
    ::umount2(mount->second.c_str(), MNT_DETACH);
  }
  return leaks;
}

std::map<std::string, std::string> environment(const RunOptions& options,
                                               const std::string& scratch) {
  std::string path;
  for (const std::string& directory : options.path)
    path += directory + ":";
  path += "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return {{"PATH", path},
          {"HOME", scratch},
          {"PWD", scratch},
          {"TMPDIR", scratch},
          {"TZ", "UTC"},
          {"LANG", "C.UTF-8"},
          {"LC_ALL", "C.UTF-8"},
          {"COLUMNS", "80"},
          {"TERM", "dumb"},
          {"SHELL", "/bin/bash"},
          {"SUIT_SOURCE", options.root},
          {"SUIT_ROOT", scratch + "/.suit/store"},
          {"SUIT_RUN", scratch + "/.suit/run"},
          {"XDG_RUNTIME_DIR", scratch + "/.suit/run"}};
}

/// Runs the blocks of one lesson; remembers what was captured and what was really printed.
class Runner {
 public:
  Runner(const Lesson& lesson, Session session, std::string scratch)
      : lesson_(lesson), session_(std::move(session)), scratch_(std::move(scratch)) {}

  Result<void> run_all() {
    for (const Block& block : lesson_.blocks) {
      report_.commands += block.commands.size();
      if (stopped_) continue;
      if (!block.file.empty()) SUIT_TRY(write_file(block));
      if (block.kind == BlockKind::Console) SUIT_TRY(run_block(block));
    }
    return {};
  }

  RunReport finish() {
    for (const std::string& leak : session_.end())
      problem(0, leak + " is still there after the lesson");
    copy_until(lesson_.lines.size());
    return std::move(report_);
  }

  void problem(std::size_t line, std::string_view what) {
    report_.problems.push_back(line == 0 ? fmt::format("{}: {}", lesson_.path, what)
                                         : fmt::format("{}:{}: {}", lesson_.path, line, what));
  }

 private:
  Result<void> write_file(const Block& block) {
    std::string text;
    for (std::size_t i = block.begin; i < block.end; ++i)
      text += lesson_.lines[i] + '\n';
    std::string path = scratch_ + "/" + block.file;
    SUIT_TRY(os::make_dirs(path.substr(0, path.rfind('/')), 0755));
    return os::replace_file(path, text, 0644);
  }

  Result<void> run_block(const Block& block) {
    if (block.needs_root && ::geteuid() != 0) {
      report_.skipped.push_back(fmt::format("{}:{}: {} commands need root", lesson_.path,
                                            block.line, block.commands.size()));
      return {};
    }
    for (const Command& command : block.commands) {
      SUIT_TRY(run_command(block, command));
      if (stopped_) break;
    }
    return {};
  }

  Result<void> run_command(const Block& block, const Command& command) {
    SUIT_LET(Outcome outcome, session_.run(command.text, block.timeout));
    ++report_.executed;
    if (outcome.timed_out || outcome.ended_shell) {
      stopped_ = true;
      problem(command.line, outcome.timed_out
                                ? fmt::format("`{}` did not end within {} s; it had printed:\n{}",
                                              command.text, block.timeout.count(), outcome.output)
                                : fmt::format("`{}` ended the lesson's shell", command.text));
      return {};
    }
    std::vector<std::string> lines = split_lines(outcome.output);
    auto difference = match_output(command.expected, lines, captures_);
    std::string what = difference ? *difference : difference.error().message();
    if (what.empty() && outcome.exit_code != command.exit_code) {
      what = fmt::format("expected exit code {}, got {}", command.exit_code, outcome.exit_code);
    }
    if (what.empty()) return {};
    problem(command.line, fmt::format("`{}`: {}\n{}", command.text, what, line_prefixed(lines)));
    promote(command, lines, outcome.exit_code);
    return {};
  }

  static std::string line_prefixed(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines)
      out += "  | " + line + '\n';
    return out;
  }

  void copy_until(std::size_t end) {
    for (; copied_ < end; ++copied_)
      report_.promoted += lesson_.lines[copied_] + '\n';
  }

  void promote(const Command& command, const std::vector<std::string>& lines, int exit_code) {
    copy_until(command.expected_begin);
    for (const std::string& line : lines)
      report_.promoted += line + '\n';
    if (exit_code != 0) report_.promoted += fmt::format("[exit {}]\n", exit_code);
    copied_ = command.expected_end;
  }

  const Lesson& lesson_;
  Session session_;
  std::string scratch_;
  Captures captures_;
  RunReport report_;
  std::size_t copied_ = 0;  ///< lines of the lesson that are in `report_.promoted`
  bool stopped_ = false;    ///< after a hang the shell's state is unknown: go no further
};

}  // namespace

Result<RunReport> run_lesson(const Lesson& lesson, const RunOptions& options) {
  SUIT_LET(os::TempDir scratch, os::TempDir::create("/tmp", "suit-lesson-"));
  SUIT_TRY(os::make_dirs(scratch.path() + "/.suit/run"));
  if (::geteuid() == 0) SUIT_TRY(enter_shared_mount_namespace());
  std::map<std::string, std::string> before = mounts();
  SUIT_LET(Session session, Session::start(scratch.path(), environment(options, scratch.path())));
  Runner runner(lesson, std::move(session), scratch.path());
  Result<void> ran = runner.run_all();
  RunReport report = runner.finish();
  // Before any return: the scratch directory is removed then, and a bind mount left in it would
  // lead the removal to the host's files.
  std::vector<std::string> leaks = leaked_mounts(before);
  if (!ran) return wrap(std::move(ran).error(), lesson.path);
  for (const std::string& leak : leaks) {
    report.problems.push_back(lesson.path + ": " + leak + " is still there after the lesson");
  }
  return report;
}

}  // namespace suit::lesson
