// The client's end of `attach`: gives its descriptors away, passes its signals on, waits.

#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include <fmt/format.h>

#include "engine/attach_internal.h"
#include "engine/engine.h"
#include "engine/json_internal.h"
#include "engine/signal_queue_internal.h"
#include "oci/json.h"
#include "runtime/console.h"

namespace suit::engine {
namespace {

Result<void> check_attachable(const Status& container) {
  switch (container.state.phase) {
    case State::Phase::Running:
      return {};
    case State::Phase::Paused:
      return fail(0, "You cannot attach to a paused container, unpause it first");
    case State::Phase::Restarting:
      return fail(0, "You cannot attach to a restarting container, wait until it is running");
    default:
      return fail(0, "You cannot attach to a stopped container, start it first");
  }
}

// False when one came that is not passed on: who does not proxy signals leaves by them.
bool pass_on(os::FdRef socket, const SignalQueue& signals, bool proxies) {
  while (const int signal = signals.next()) {
    oci::Json message = oci::Json::object();
    if (signal == SIGWINCH)
      message.set("resize", true);
    else if (proxies)
      message.set("signal", signal);
    else
      return false;
    send_message(socket, message.dump());
  }
  return true;
}

}  // namespace

Result<RunResult> Engine::attach(const Status& container, const Look& look) {
  SUIT_TRY(check_attachable(container));
  const bool input = look.input && container.record.interactive;
  const std::string keys = look.keys.empty() ? "ctrl-p,ctrl-q" : look.keys;
  SUIT_LET([[maybe_unused]] const DetachKeys checked, DetachKeys::parse(keys));
  SUIT_LET(const SignalQueue signals, SignalQueue::create());
  auto connected = attach_to(container_dir(container.record.id), input, keys);
  if (!connected)
    return wrap(std::move(connected).error(), fmt::format("attach to {}", container.record.name));
  const os::Fd socket = *std::move(connected);
  const runtime::RawMode raw(container.record.tty && input ? STDIN_FILENO : -1);
  bool is_seen = false;
  while (true) {
    std::array<pollfd, 2> waits = {{{socket.raw(), POLLIN, 0}, {signals.fd().raw(), POLLIN, 0}}};
    if (::poll(waits.data(), waits.size(), -1) < 0) continue;  // EINTR
    if (waits[1].revents != 0 && !pass_on(socket, signals, look.sig_proxy))
      return RunResult{{}, std::nullopt, true};
    if (waits[0].revents == 0) continue;
    const std::optional<std::string> text = receive_message(socket);
    if (!text) continue;
    if (text->empty()) break;
    SUIT_LET(const oci::Json message, oci::parse_json(*text));
    if (message.find("attached")) is_seen = true;
    if (message.find("detached")) return RunResult{{}, std::nullopt, true};
    if (message.find("exit"))
      return RunResult{{static_cast<int>(number(message, "exit")),
                        static_cast<int>(number(message, "signal")), false},
                       std::nullopt,
                       false};
  }
  if (!is_seen)
    return fail(0, fmt::format("attach to {}: its monitor let nobody in", container.record.name),
                "32 can look on at once");
  return fail(0, fmt::format("the monitor of container {} was killed, and with it the container",
                             container.record.name));
}

}  // namespace suit::engine
