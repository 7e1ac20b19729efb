#include "runner/session.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "os/file.h"
#include "runner/regions.h"

namespace suit::lesson {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kMaxOutput = 1U << 20;  // 1 MiB: a lesson that prints more is not read
constexpr milliseconds kGrace{1500};          // for what is just ending when the lesson does

// Commands arrive on 9, NUL-terminated, and their exit codes leave on 8: nothing a command prints
// can be taken for the runner's own words. Both are closed for the command itself, so that a
// background process that it leaves behind does not hold them open. Standard input is /dev/null:
// a command that would wait for a reader's typing ends at once.
constexpr const char* kLoop = R"(while IFS= read -r -d '' -u 9 suit_command; do
  eval "$suit_command" </dev/null 8>&- 9<&-
  echo $? >&8
done)";

struct Pipe {
  os::Fd read;
  os::Fd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(errno, "pipe2()");
  return Pipe{os::Fd(ends[0]), os::Fd(ends[1])};
}

/// Children of this process, orphans of the lesson among them.
std::vector<pid_t> children() {
  std::vector<pid_t> out;
  auto text = os::read_file(fmt::format("/proc/self/task/{}/children", ::getpid()));
  if (!text) return out;
  const char* at = text->c_str();
  char* end = nullptr;
  for (long pid = std::strtol(at, &end, 10); end != at; pid = std::strtol(at = end, &end, 10)) {
    out.push_back(static_cast<pid_t>(pid));
  }
  return out;
}

void reap_dead() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

std::string described(pid_t pid) {
  auto text = os::read_file(fmt::format("/proc/{}/cmdline", pid));
  std::string words = text ? *text : "?";
  for (char& c : words) {
    if (c == '\0') c = ' ';
  }
  return fmt::format("process {} ({})", pid, trimmed(words));
}

/// Kills children until there are none: each death may hand us its orphans.
void kill_all_children() {
  for (int round = 0; round < 200; ++round) {
    reap_dead();
    std::vector<pid_t> left = children();
    if (left.empty()) return;
    for (pid_t pid : left)
      ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(milliseconds(5));
  }
}

}  // namespace

Session::Session(Session&& other) noexcept
    : commands_(std::move(other.commands_)),
      status_(std::move(other.status_)),
      output_(std::move(other.output_)),
      shell_(std::exchange(other.shell_, -1)) {}

Session::~Session() {
  if (shell_ > 0) end();
}

Result<Session> Session::start(const std::string& directory,
                               const std::map<std::string, std::string>& environment) {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    return fail(errno, "prctl(PR_SET_CHILD_SUBREAPER)");
  }
  SUIT_LET(Pipe commands, make_pipe());
  SUIT_LET(Pipe status, make_pipe());
  SUIT_LET(Pipe output, make_pipe());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.write.raw(), 1);
  posix_spawn_file_actions_adddup2(&actions, output.write.raw(), 2);
  posix_spawn_file_actions_adddup2(&actions, status.write.raw(), 8);
  posix_spawn_file_actions_adddup2(&actions, commands.read.raw(), 9);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);

  std::vector<std::string> pairs;
  for (const auto& [name, value] : environment)
    pairs.push_back(name + "=" + value);
  std::vector<char*> envp;
  for (std::string& pair : pairs)
    envp.push_back(pair.data());
  envp.push_back(nullptr);
  std::string loop = kLoop;
  std::array<std::string, 4> words = {"bash", "--norc", "--noprofile", "-c"};
  std::array<char*, 6> argv = {words[0].data(), words[1].data(), words[2].data(),
                               words[3].data(), loop.data(),     nullptr};
  Session session;
  int error =
      ::posix_spawn(&session.shell_, "/bin/bash", &actions, &attributes, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail(error, fmt::format("start /bin/bash in {}", directory));
  session.commands_ = std::move(commands.write);
  session.status_ = std::move(status.read);
  session.output_ = std::move(output.read);
  ::fcntl(session.output_.raw(), F_SETFL, O_NONBLOCK);
  return session;
}

Result<Outcome> Session::run(const std::string& command, milliseconds timeout) {
  std::string line = command + '\0';
  os::FdWriter writer(commands_);
  SUIT_TRY(writer.write(bytes_of(line)));
  return collect(timeout);
}

void Session::drain(Outcome& outcome) {
  std::array<char, 65536> buffer;  // 64 KiB: default pipe capacity, pipe(7)
  ssize_t count = 0;
  while ((count = ::read(output_.raw(), buffer.data(), buffer.size())) > 0) {
    std::size_t room = kMaxOutput - std::min(kMaxOutput, outcome.output.size());
    outcome.output.append(buffer.data(), std::min(static_cast<std::size_t>(count), room));
  }
}

Result<Outcome> Session::collect(milliseconds timeout) {
  Outcome outcome;
  Clock::time_point deadline = Clock::now() + timeout;
  std::string code;
  while (code.empty() || code.back() != '\n') {
    auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) {
      outcome.timed_out = true;
      drain(outcome);
      return outcome;
    }
    std::array<pollfd, 2> waits = {{{status_.raw(), POLLIN, 0}, {output_.raw(), POLLIN, 0}}};
    if (::poll(waits.data(), waits.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) {
      return fail(errno, "poll()");
    }
    drain(outcome);
    if ((waits[0].revents & (POLLIN | POLLHUP)) == 0) continue;
    char c = 0;
    if (::read(status_.raw(), &c, 1) <= 0) {
      outcome.ended_shell = true;
      return outcome;
    }
    code += c;
  }
  // The code was written after the command ended: all that it printed is in the pipe by now.
  drain(outcome);
  outcome.exit_code = std::atoi(code.c_str());
  return outcome;
}

std::vector<std::string> Session::end() {
  commands_.reset();
  Clock::time_point deadline = Clock::now() + kGrace;
  std::vector<pid_t> left;
  do {
    reap_dead();
    left = children();
    if (left.empty()) break;
    std::this_thread::sleep_for(milliseconds(5));
  } while (Clock::now() < deadline);
  std::vector<std::string> leaks;
  for (pid_t pid : left)
    leaks.push_back(described(pid));
  kill_all_children();
  shell_ = -1;
  return leaks;
}

}  // namespace suit::lesson
