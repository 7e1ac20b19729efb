// stop, kill, restart, pause, unpause, wait, rename, update.

#include <array>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/limit_flags.h"

namespace suit::cli {
namespace {

// What `stop` and `restart` are asked for.
struct StopFlags {
  std::optional<std::int64_t> timeout;
  std::string signal;

  void declare(FlagSet& flags) {
    flags.add('s', "signal", &signal, "string", "Signal to send to the container")
        .add('t', "timeout", &timeout, "int",
             "Seconds to wait before killing the container (default 10; -1: as long as it takes)")
        .add('\0', "time", &timeout, "int", "The same as --timeout");
  }

  Result<engine::StopRequest> request() const {
    engine::StopRequest request;
    constexpr std::int64_t kDay = 24 * 60 * 60;
    if (timeout) request.timeout = std::chrono::seconds(std::min(*timeout, kDay));
    if (!signal.empty()) {
      SUIT_LET(request.signal, engine::parse_signal(signal));
    }
    return request;
  }
};

// One after the other, each name printed when it is done.
template <typename Act>
Result<int> act_on_each(Invocation& in, const std::vector<std::string>& args, Act&& act) {
  SUIT_LET(engine::Engine engine, in.open_engine());
  return for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    SUIT_LET(const engine::Status container, engine.find(name));
    SUIT_TRY(act(engine, container));
    in.console.print("{}\n", name);
    return in.console.flush();
  });
}

}  // namespace

Result<int> container_stop(Invocation& in) {
  StopFlags stop;
  FlagSet flags;
  stop.declare(flags);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(const engine::StopRequest request, stop.request());
  return act_on_each(in, args, [&](engine::Engine& engine, const engine::Status& container) {
    return engine.stop(container, request);
  });
}

Result<int> container_restart(Invocation& in) {
  StopFlags stop;
  FlagSet flags;
  stop.declare(flags);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::StopRequest request, stop.request());
  request.keep = true;
  return act_on_each(in, args,
                     [&](engine::Engine& engine, const engine::Status& container) -> Result<void> {
                       SUIT_TRY(engine.stop(container, request));
                       SUIT_LET(engine::Held held, engine.hold(container));
                       const engine::Record record = held.record;
                       SUIT_TRY(engine.start_detached(std::move(held)));
                       engine.tell(record, "restart");
                       return {};
                     });
}

Result<int> container_kill(Invocation& in) {
  std::string signal = "SIGKILL";
  FlagSet flags;
  flags.add('s', "signal", &signal, "string", "Signal to send to the container (default SIGKILL)");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(const int number, engine::parse_signal(signal));
  return act_on_each(
      in, args, [&](engine::Engine& engine, const engine::Status& container) -> Result<void> {
        if (!container.state.lives())
          return fail(0, fmt::format("cannot kill container: {}: container {} is not running",
                                     container.record.name, container.record.id));
        return engine.kill(container, number);
      });
}

Result<int> container_pause(Invocation& in) {
  FlagSet flags;
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  return act_on_each(in, args, [](engine::Engine& engine, const engine::Status& container) {
    return engine.pause(container);
  });
}

Result<int> container_unpause(Invocation& in) {
  FlagSet flags;
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  return act_on_each(in, args, [](engine::Engine& engine, const engine::Status& container) {
    return engine.unpause(container);
  });
}

Result<int> container_wait(Invocation& in) {
  FlagSet flags;
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  return for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    SUIT_LET(const engine::Status container, engine.find(name));
    SUIT_LET(const int code, engine.wait(container));
    in.console.print("{}\n", code);
    return in.console.flush();
  });
}

Result<int> container_rename(Invocation& in) {
  FlagSet flags;
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const engine::Status container, engine.find(args[0]));
  SUIT_TRY(engine.rename(container, args[1]));
  return 0;
}

Result<int> container_update(Invocation& in) {
  std::string restart;
  FlagSet flags;
  flags.add('\0', "restart", &restart, "string",
            "Restart policy to apply when a container exits: no, on-failure[:n], always, "
            "unless-stopped");
  LimitFlags limit_flags;
  declare_update_flags(flags, limit_flags);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(const engine::Limits limits, read_limit_flags(limit_flags));
  if (restart.empty() && engine::is_empty(limits))
    return fail(0, "you must provide one or more flags when using this command");
  SUIT_TRY(engine::check_limits(limits, engine::LimitsFor::Update));
  SUIT_LET(const engine::RestartPolicy policy, engine::parse_restart(restart));
  return act_on_each(
      in, args, [&](engine::Engine& engine, const engine::Status& container) -> Result<void> {
        if (!engine::is_empty(limits)) SUIT_TRY(engine.set_limits(container, limits));
        return restart.empty() ? Result<void>() : engine.set_restart_policy(container, policy);
      });
}

}  // namespace suit::cli
