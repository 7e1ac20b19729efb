/// \file
/// The process that stays with a container: launches it, moves its output, forwards signals,
/// records the end.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/split.h"
#include "base/time.h"
#include "engine/logs.h"
#include "engine/marks_internal.h"
#include "engine/process_internal.h"
#include "engine/pump_internal.h"
#include "engine/supervise_internal.h"
#include "os/process.h"
#include "runtime/explain.h"

namespace suit::engine {
namespace {

// What cannot be read of /proc stays empty: then the process counts as gone once it has no monitor.
State running_state(const runtime::Container& container, const runtime::LaunchPlan& plan) {
  State state;
  state.cgroup_dir = plan.cgroup_dir;
  for (const runtime::Cgroup1Dir& dir : plan.cgroup1_dirs)
    state.cgroup1_dirs.push_back(dir.path);
  state.phase = State::Phase::Running;
  state.pid = container.pid();
  state.monitor_pid = ::getpid();
  state.boot_id = os::boot_id().value_or("");
  state.pid_start_ticks = start_ticks(container.pid()).value_or(0);
  state.started = to_rfc3339(now_ns());
  return state;
}

// Docker's codes for a program that never ran.
int failed_start_code(const Error& error) {
  if (error.step() != "exec") return 125;
  return error.code() == ENOENT ? 127 : 126;
}

// Writes what became of it, then lets go: whoever waits for the lock finds the record.
State exited_state(State state, const Result<runtime::ExitStatus>& status) {
  state.phase = State::Phase::Exited;
  state.cgroup_dir.clear();
  state.cgroup1_dirs.clear();
  state.oom_killed = status && status->oom_killed;
  state.finished = to_rfc3339(now_ns());
  state.exit_code = status ? status->shell_code() : 255;
  if (!status) state.error = status.error().message();
  return state;
}

std::map<std::string, std::string> log_attributes(const Record& record) {
  std::map<std::string, std::string> attributes;
  auto names = [&](const char* option) {
    auto given = record.log.given.find(option);
    return given == record.log.given.end() ? std::vector<std::string_view>()
                                           : split(given->second, ',');
  };
  for (std::string_view name : names("labels"))
    if (auto label = record.labels.find(std::string(name)); label != record.labels.end())
      attributes.insert(*label);
  for (std::string_view name : names("env"))
    if (auto value = oci::env_value(record.env, name)) attributes.emplace(name, *value);
  return attributes;
}

// Who sees the output from the first byte on: the caller of `run`.
Onlooking caller_of(const Record& record, const Look& look, const DetachKeys& keys) {
  Onlooking who;
  who.is_caller = true;
  if (look.out) who.out[0].fd = STDOUT_FILENO;
  if (look.err) who.out[1].fd = STDERR_FILENO;
  if (record.interactive && look.input) who.in = STDIN_FILENO;
  if (record.tty) who.window = look.input ? STDIN_FILENO : STDOUT_FILENO;
  if (record.tty) who.keys = keys;
  return who;
}

Result<Launched> launch_container(Prepared prepared, const Record& record, const std::string& dir,
                                  Onlooker onlooker, const Look& look, const DetachKeys& keys,
                                  Connection connection) {
  SUIT_LET(SignalQueue signals, SignalQueue::create());
  SUIT_LET(Streams streams, Streams::create(record.tty, record.interactive));
  std::optional<LogWriter> log;
  bool wanted = record.log.driver != "none";
  if (wanted && (!record.auto_remove || onlooker == Onlooker::None)) {
    SUIT_LET(log,
             LogWriter::create(dir + "/log.json", {record.log.max_size_bytes, record.log.max_files},
                               log_attributes(record)));
  }
  AttachServer server;
  if (onlooker != Onlooker::CallerExplained) {
    SUIT_LET(server, AttachServer::listen(dir));
  }
  runtime::LaunchInputs inputs = streams.inputs(prepared.rootfs);
  inputs.die_with_parent = true;
  inputs.timed = onlooker == Onlooker::CallerExplained;
  SUIT_LET(runtime::Container container, runtime::launch(prepared.plan, inputs));
  SUIT_LET(Pump pump, streams.pump(std::move(log)));
  pump.serve(std::move(server));
  if (onlooker != Onlooker::None) pump.add(caller_of(record, look, keys));
  return Launched{std::move(prepared.plan), std::move(container), std::move(signals),
                  std::move(pump), std::move(connection)};
}

// --debug: every operation with its arguments, before it is made.
void log_plan(const runtime::LaunchPlan& plan) {
  if (!log::enabled(log::Level::Debug)) return;
  const std::string text = runtime::explain_text(plan, nullptr);
  for (std::string_view line : split(text, '\n'))
    if (!line.empty()) log::write(log::Level::Debug, line);
}

void record_failed_start(const std::string& dir, const Error& error, State::Phase phase,
                         int restart_count) {
  State state;
  state.phase = phase;
  state.exit_code = failed_start_code(error);
  state.error = error.message();
  state.restart_count = restart_count;
  if (phase != State::Phase::Created) state.finished = to_rfc3339(now_ns());
  if (auto written = os::replace_file(dir + "/state.json", to_json(state)); !written)
    SUIT_LOG(Warn, "{}", written.error().message());
}

}  // namespace

// The record's own list, not the image: the image may have been removed since. Snapshots that a
// power cut has made doubtful are unpacked again, and for that the image must still be there.
Result<std::vector<std::string>> lower_dirs(store::Store& store, const Record& record) {
  auto missing = [&](const digest::Digest& id) { return !store.has_snapshot(id); };
  if (std::ranges::any_of(record.snapshots, missing)) {
    SUIT_LET(store::Image image, store.find_image(record.image_id.text()));
    return store.lower_dirs(image);
  }
  std::vector<std::string> dirs;
  for (const auto& id : record.snapshots)
    dirs.push_back(store.snapshot_dir(id));
  std::ranges::reverse(dirs);
  dirs.push_back(store.scaffold_dir());
  return dirs;
}

// From the exec to the record of the end. Whatever fails here, the program has run, and the state
// says so.
Result<RunResult> Supervisor::watch(Launched launched, const Record& record, Onlooker onlooker,
                                    const std::function<Result<void>()>& started) {
  const std::string dir = engine_.container_dir(record.id);
  runtime::Container& container = launched.container;
  State state = running_state(container, launched.plan);
  state.restart_count = end_.restart_count;
  auto announced = os::replace_file(dir + "/state.json", to_json(state));
  if (announced) engine_.tell(record, "start");
  if (announced) announced = started();
  if (!announced) (void)container.kill(SIGKILL);  // nobody could find it: it must not run on
  auto began = std::chrono::steady_clock::now();
  launched.pump.on_detach(detached_);
  launched.pump.run(container, launched.signals);
  end_.ran_for =
      std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  runtime::Timeline timeline = container.timeline();
  Result<runtime::ExitStatus> status = container.wait();
  // Before the record of the end: whoever reads it may take the ports.
  launched.connection = Connection();
  forget_network(engine_, record.id);
  state = exited_state(std::move(state), status);
  decide(record, state.exit_code);
  if (delay_) state.phase = State::Phase::Restarting;
  if (!announced) state.error = announced.error().message();
  if (!record.auto_remove || has_mark(dir, Mark::Kept))
    SUIT_TRY(os::replace_file(dir + "/state.json", to_json(state), 0600, os::Durable::Yes));
  if (state.oom_killed) engine_.tell(record, "oom");
  engine_.tell(record, "die", {{"exitCode", std::to_string(state.exit_code)}});
  if (status) launched.pump.tell_end(*status);
  SUIT_TRY(std::move(announced));
  if (!status) return std::unexpected(std::move(status).error());
  if (status->shell_code() == 0) SUIT_TRY(launched.pump.delivered());
  RunResult result{*status, std::nullopt, false};
  if (onlooker == Onlooker::CallerExplained)
    result.explanation = Explanation{std::move(launched.plan), std::move(timeline)};
  return result;
}

Result<RunResult> Supervisor::run_once(const Record& record, Onlooker onlooker,
                                       const std::function<Result<void>()>& started) {
  const std::string dir = engine_.container_dir(record.id);
  end_.ran_for = {};
  delay_.reset();
  auto launched = [&]() -> Result<Launched> {
    SUIT_LET(std::vector<std::string> lower, lower_dirs(engine_.store_, record));
    SUIT_LET(Connection connection, Connection::open(engine_, record));
    SUIT_LET(Prepared prepared,
             prepare(record, dir, std::move(lower), engine_.volumes(), connection));
    refresh_names(engine_, connection.state());
    log_plan(prepared.plan);
    SUIT_LET(const DetachKeys keys,
             look_.keys.empty() ? DetachKeys::usual() : DetachKeys::parse(look_.keys));
    return launch_container(std::move(prepared), record, dir, onlooker, look_, keys,
                            std::move(connection));
  }();
  if (launched) return watch(*std::move(launched), record, onlooker, started);
  forget_network(engine_, record.id);
  // One that never ran tells its caller why, and is not tried again.
  State::Phase phase = State::Phase::Created;
  if (end_.restart_count > 0) {
    decide(record, failed_start_code(launched.error()));
    phase = delay_ ? State::Phase::Restarting : State::Phase::Exited;
  }
  if (!record.auto_remove) record_failed_start(dir, launched.error(), phase, end_.restart_count);
  return std::unexpected(std::move(launched).error());
}

void Supervisor::finish(const Record& record, os::Lock lock) {
  const bool kept = has_mark(engine_.container_dir(record.id), Mark::Kept);
  if (record.auto_remove && !kept) {
    auto removed = engine_.remove_held(record);
    if (!removed) SUIT_LOG(Warn, "remove {}: {}", record.name, removed.error().message());
    engine_.remove_anonymous_volumes(record);
  }
  engine_.unlock(record.id, std::move(lock));
}

Result<RunResult> Supervisor::run(Held held, Onlooker onlooker, const Callbacks& callbacks) {
  Record record = held.record;
  detached_ = callbacks.detached;
  const std::string dir = engine_.container_dir(record.id);
  // What was said about an earlier run.
  auto cleared = clear_mark(dir, Mark::Stopped);
  if (cleared) cleared = clear_mark(dir, Mark::Kept);
  // Whom the start is explained to is no monitor, and goes with the program.
  may_restart_ = onlooker != Onlooker::CallerExplained;
  Result<RunResult> result = cleared ? run_once(record, onlooker, callbacks.started)
                                     : std::unexpected(std::move(cleared).error());
  if (delay_) restart_as_wished(record, result, callbacks);
  finish(record, std::move(held.lock));
  return result;
}

}  // namespace suit::engine
