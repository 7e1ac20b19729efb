/// \file
/// Runs several commands in turns and reports each run's wall time, CPU time and peak memory.
///
///     suit-interleave --rounds 40 --gap-ms 100 < contenders > rows
///
/// A line of input is one contender, fields separated by tabs: its name, a path that must be
/// unmounted for it (or `-`), then its command's words. A row of output: name, wall ns, user+system
/// CPU ns, peak resident KiB, exit code.
///
/// Why a program of its own, and a small one: a child's ru_maxrss counts what the *parent's* memory
/// was at vfork, so a driver in Python could not see less than its own 15 MiB. And why `unmount`:
/// crun refuses hosts with v1 controllers and a v2 tree; it gets one private mount namespace, made
/// once, in which the v2 tree is gone. Entering it costs its runs one setns(2), some 10 us.
/// CPU time and memory are those of the command and of all descendants that it waited for.

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Contender {
  std::string name;
  std::vector<std::string> words;
  std::vector<char*> argv;
  int mount_namespace = -1;  ///< entered before exec; -1: none
};

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "suit-interleave: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

/// A mount namespace like ours without \p path, held open by the returned descriptor.
int namespace_without(const std::string& path) {
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) die("pipe2");
  pid_t holder = ::fork();
  if (holder < 0) die("fork");
  if (holder == 0) {
    bool good = ::unshare(CLONE_NEWNS) == 0 &&
                ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                ::umount2(path.c_str(), MNT_DETACH) == 0;
    char answer = good ? 1 : 0;
    if (::write(ready[1], &answer, 1) != 1 || !good) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  if (::read(ready[0], &answer, 1) != 1 || answer == 0)
    die("private mount namespace without " + path);
  std::string link = "/proc/" + std::to_string(holder) + "/ns/mnt";
  int fd = ::open(link.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) die(link);
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  return fd;
}

std::vector<std::string> fields(std::string_view line) {
  std::vector<std::string> out;
  for (;;) {
    std::size_t tab = line.find('\t');
    out.emplace_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return out;
    line.remove_prefix(tab + 1);
  }
}

std::vector<Contender> read_contenders() {
  std::vector<Contender> out;
  std::string line;
  for (int c = std::getchar(); c != EOF; c = std::getchar()) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    std::vector<std::string> parts = fields(line);
    line.clear();
    if (parts.size() < 3) continue;
    Contender contender;
    contender.name = parts[0];
    if (parts[1] != "-") contender.mount_namespace = namespace_without(parts[1]);
    contender.words.assign(parts.begin() + 2, parts.end());
    out.push_back(std::move(contender));
  }
  for (Contender& contender : out) {
    for (std::string& word : contender.words)
      contender.argv.push_back(word.data());
    contender.argv.push_back(nullptr);
  }
  return out;
}

long long nanoseconds(const timeval& time) {
  return time.tv_sec * 1'000'000'000LL + time.tv_usec * 1000LL;
}

long long now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

/// Between vfork and exec: only system calls.
[[noreturn]] void become(const Contender& contender, int output) {
  if (contender.mount_namespace >= 0 && ::setns(contender.mount_namespace, CLONE_NEWNS) != 0)
    ::_exit(125);
  ::dup2(output, 1);
  ::execvp(contender.argv[0], contender.argv.data());
  ::_exit(127);
}

void run_once(const Contender& contender, int output, bool report) {
  long long begin = now_ns();
  pid_t child = ::vfork();
  if (child < 0) die("vfork");
  if (child == 0) become(contender, output);
  int status = 0;
  rusage usage{};
  while (::wait4(child, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  long long wall = now_ns() - begin;
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (!report) return;
  std::printf("%s\t%lld\t%lld\t%ld\t%d\n", contender.name.c_str(), wall,
              nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime), usage.ru_maxrss, code);
}

}  // namespace

int main(int argc, char** argv) {
  long rounds = 20;
  long gap_ms = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string_view(argv[i]) == "--rounds") rounds = std::atol(argv[i + 1]);
    if (std::string_view(argv[i]) == "--gap-ms") gap_ms = std::atol(argv[i + 1]);
  }
  std::vector<Contender> contenders = read_contenders();
  int output = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (output < 0) die("/dev/null");
  for (long round = -1; round < rounds; ++round) {  // round -1 fills the caches and is not reported
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      timespec gap{gap_ms / 1000, gap_ms % 1000 * 1'000'000};
      if (gap_ms > 0) ::nanosleep(&gap, nullptr);
      // Each round begins with another contender: nobody always follows the same neighbour.
      std::size_t turn = (i + static_cast<std::size_t>(round + 1)) % contenders.size();
      run_once(contenders[turn], output, round >= 0);
    }
  }
  return 0;
}
