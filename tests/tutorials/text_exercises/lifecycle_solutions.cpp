// Right answers to the exercises of chapter 9, and answers that forget a rule.

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "engine/restart_internal.h"

namespace {
namespace engine = suit::engine;

int restarts(int argc, char** argv, bool forgets_long_runs) {
  const auto policy = engine::parse_restart(argv[2]);
  if (!policy) return 2;
  engine::EndOfRun last;
  for (int i = 3; i < argc; ++i) {
    int ran_for = 0;
    if (std::sscanf(argv[i], "%d:%d", &last.exit_code, &ran_for) != 2) return 2;
    last.ran_for = std::chrono::milliseconds(forgets_long_runs ? 0 : ran_for);
    const auto delay = engine::restart_delay(*policy, last);
    if (!delay) {
      std::printf("stays\n");
      return 0;
    }
    std::printf("%lld\n", static_cast<long long>(delay->count()));
    last.last_delay = *delay;
    ++last.restart_count;
  }
  return 0;
}

int exit_code(const char* text, bool forgets_the_core) {
  const int status = std::atoi(text);
  if (WIFEXITED(status)) {
    std::printf("%d\n", WEXITSTATUS(status));
  } else if (WIFSIGNALED(status)) {
    std::printf("%d\n", 128 + (forgets_the_core ? status & 0xff : WTERMSIG(status)));
  } else {
    std::printf("lives\n");
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 2 ? argv[1] : "";
  if (what.starts_with("restarts")) return restarts(argc, argv, what == "restarts-long");
  if (what.starts_with("exit-code")) return exit_code(argv[2], what == "exit-code-core");
  return 2;
}
