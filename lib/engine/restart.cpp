/// \file
/// The restart policy: the decision, and the monitor's life between two runs.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "base/log.h"
#include "base/time.h"
#include "engine/line_file.h"
#include "engine/marks_internal.h"
#include "engine/restart_internal.h"
#include "engine/supervise_internal.h"

namespace suit::engine {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// The caller has got his result: whoever reads his output must see its end.
void let_go_of_caller() {
  int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd : {0, 1, 2})
    if (null >= 0 && ::dup2(null, fd) < 0) SUIT_LOG(Debug, "descriptor {} stays the caller's", fd);
  if (null > 2) ::close(null);
}

// True when the time is over and nobody has asked for the end meanwhile.
bool sleep_unless_stopped(const std::string& dir, milliseconds delay) {
  LineWatch marks(mark_path(dir, Mark::Stopped));
  auto deadline = Clock::now() + delay;
  while (!has_mark(dir, Mark::Stopped)) {
    auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return true;
    marks.wait(static_cast<int>(left.count()));
  }
  return false;
}

// The end that was asked for between two runs.
void set_phase(const std::string& dir, State::Phase phase) {
  auto text = os::read_file(dir + "/state.json");
  auto state = text ? parse_state(*text) : Result<State>(std::unexpected(text.error()));
  Result<void> written;
  if (state) {
    state->phase = phase;
    written = os::replace_file(dir + "/state.json", to_json(*state));
  }
  if (!state || !written)
    SUIT_LOG(Warn, "{}", state ? written.error().message() : state.error().message());
}

}  // namespace

std::optional<milliseconds> restart_delay(const RestartPolicy& policy, const EndOfRun& end) {
  using When = RestartPolicy::When;
  constexpr milliseconds kFirst(100), kLongest(60'000), kLongRun(10'000);
  if (end.asked_for || policy.when == When::No) return std::nullopt;
  if (policy.when == When::OnFailure) {
    bool used_up = policy.most > 0 && end.restart_count >= policy.most;
    if (end.exit_code == 0 || used_up) return std::nullopt;
  }
  if (end.last_delay.count() == 0 || end.ran_for >= kLongRun) return kFirst;
  return std::min(end.last_delay * 2, kLongest);
}

// The policy may have been changed while it ran.
void Supervisor::decide(const Record& record, int exit_code) {
  end_.exit_code = exit_code;
  end_.asked_for = has_mark(engine_.container_dir(record.id), Mark::Stopped);
  delay_.reset();
  auto now = may_restart_ ? engine_.read_status(record.id) : std::nullopt;
  if (now) delay_ = restart_delay(now->record.restart, end_);
}

void Supervisor::restart_as_wished(Record& record, const Result<RunResult>& first,
                                   const Callbacks& callbacks) {
  const std::string dir = engine_.container_dir(record.id);
  callbacks.ended(first);
  let_go_of_caller();
  while (delay_) {
    end_.last_delay = *delay_;
    if (!sleep_unless_stopped(dir, *delay_)) {
      set_phase(dir, State::Phase::Exited);
      return;
    }
    // Renamed or updated meanwhile.
    if (auto now = engine_.read_status(record.id)) record = std::move(now->record);
    ++end_.restart_count;
    // What fails is in the state; there is nobody to be told.
    (void)run_once(record, Onlooker::None, []() -> Result<void> { return {}; });
  }
}

}  // namespace suit::engine
