// Chapter 9: who looks after a container, and how one is asked to end.
//
//     09-lifecycle end SECONDS COMMAND [ARGUMENT...]    what `stop` does, to any process
//     09-lifecycle holder LOCK                          what `ps` does, to see whether one lives
//     09-lifecycle restarts POLICY CODE:MILLISECONDS... what a monitor would do after each end

#include <poll.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <span>
#include <string>
#include <vector>

#include "base/split.h"
#include "chapter.h"
#include "engine/record.h"
#include "engine/restart_internal.h"
#include "os/file.h"
#include "os/process.h"

namespace suit {
namespace {

Result<int> number(std::string_view text) {
  int value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code == std::errc() && end == text.data() + text.size() && value >= 0) return value;
  return fail(0, fmt::format("\"{}\" is no number", text));
}

//> end
// A pidfd is readable once its process has ended: waiting and watching are one poll(2).
bool has_ended(const os::Child& child, int seconds) {
  pollfd ended{child.pidfd().raw(), POLLIN, 0};
  return ::poll(&ended, 1, seconds * 1000) > 0;
}

Result<int> end(int seconds, const std::vector<std::string>& command) {
  SUIT_LET(os::Child child, os::Child::spawn(command, {}));
  if (!has_ended(child, 1)) {
    fmt::print("ask it: SIGTERM\n");
    SUIT_TRY(child.kill(SIGTERM));
  }
  if (!has_ended(child, seconds)) {
    fmt::print("{} s are over: SIGKILL\n", seconds);
    SUIT_TRY(child.kill(SIGKILL));
  }
  SUIT_LET(const os::WaitStatus status, child.wait());
  fmt::print("it ended with {}\n", status.shell_code());
  return 0;
}
//< end

//> holder
// The monitor holds a lock on this file as long as it lives, and no longer: the kernel lets go when
// a process dies, however it dies. So nobody has to be asked, and nobody can forget.
Result<int> holder(const std::string& path) {
  if (!os::exists(path)) {
    fmt::print("no lock: it has ended, and its monitor has cleared up\n");
    return 0;
  }
  const auto lock = os::Lock::acquire(path, os::LockMode::Exclusive, os::Wait::No);
  if (lock) {
    fmt::print("held by nobody: what is left is remains\n");
    return 1;
  }
  if (lock.error().code() != EWOULDBLOCK) return std::unexpected(lock.error());
  SUIT_LET(const std::string text, os::read_file(path));
  fmt::print("held by process {}: it lives\n", text.substr(0, text.find(' ')));
  return 0;
}
//< holder

//> restarts
Result<int> restarts(const std::string& text, std::span<const std::string> ends) {
  SUIT_LET(const engine::RestartPolicy policy, engine::parse_restart(text));
  engine::EndOfRun last;
  for (const std::string& word : ends) {
    const std::vector<std::string_view> parts = split(word, ':');
    SUIT_LET(last.exit_code, number(parts[0]));
    SUIT_LET(const int milliseconds, number(parts.back()));
    last.ran_for = std::chrono::milliseconds(milliseconds);
    const auto delay = engine::restart_delay(policy, last);
    if (!delay) {
      fmt::print("{}: it stays ended\n", word);
      return 0;
    }
    fmt::print("{}: again in {} ms\n", word, delay->count());
    last.last_delay = *delay;
    ++last.restart_count;
  }
  return 0;
}
//< restarts

Result<int> act(const std::vector<std::string>& words) {
  if (words.size() >= 3 && words[0] == "end") {
    SUIT_LET(const int seconds, number(words[1]));
    return end(seconds, {words.begin() + 2, words.end()});
  }
  if (words.size() == 2 && words[0] == "holder") return holder(words[1]);
  if (words.size() >= 3 && words[0] == "restarts")
    return restarts(words[1], std::span(words).subspan(2));
  return fail(0,
              "usage: 09-lifecycle end SECONDS COMMAND... | holder LOCK | restarts POLICY ENDS...");
}

}  // namespace
}  // namespace suit

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  return suit::chapter::finish("09-lifecycle", suit::act({argv + 1, argv + argc}));
}
