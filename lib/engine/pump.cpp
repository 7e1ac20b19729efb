#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "engine/pump_internal.h"
#include "oci/json.h"
#include "runtime/console.h"

namespace suit::engine {
namespace {

// 64 KiB: default pipe capacity, pipe(7); more cannot be had in one read.
constexpr std::size_t kChunkBytes = 64 * 1024;

// PIPE_BUF, pipe(7): a pipe that poll(2) calls writable takes this much without blocking. The
// caller's descriptor stays in blocking mode, because its file description is not ours alone.
constexpr std::size_t kWriteBytes = 4096;

// More at once than anybody needs; the next one is sent away.
constexpr std::size_t kMostOnlookers = 32;

// What control-D does at a terminal in its usual mode.
constexpr char kEndOfTransmission = 4;

bool is_writable(int fd) {
  pollfd room{fd, POLLOUT, 0};
  return ::poll(&room, 1, 0) > 0;
}

}  // namespace

std::string_view Outlet::read() {
  chunk_.resize(kChunkBytes);
  ssize_t count = ::read(from_.raw(), chunk_.data(), chunk_.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return {};
  if (count <= 0) {  // a terminal says EIO when its last user has closed it
    from_.reset();
    return {};
  }
  chunk_.resize(static_cast<std::size_t>(count));
  return chunk_;
}

Result<Inlet> Inlet::create(os::Fd to, Kind kind) {
  if (::fcntl(to.raw(), F_SETFL, O_NONBLOCK) != 0) return fail(errno, "fcntl(O_NONBLOCK)");
  Inlet inlet;
  inlet.to_ = std::move(to);
  inlet.kind_ = kind;
  return inlet;
}

void Inlet::put(std::string_view bytes) {
  pending_ += bytes;
  write_pending();
}

void Inlet::write_pending() {
  if (pending_.empty() || !to_.valid()) return;
  ssize_t count = ::write(to_.raw(), pending_.data(), pending_.size());
  if (count > 0)
    pending_.erase(0, static_cast<std::size_t>(count));
  else if (count < 0 && errno != EAGAIN && errno != EINTR)
    to_.reset();
}

void Inlet::end() {
  if (kind_ == Kind::Terminal)
    put(std::string_view(&kEndOfTransmission, 1));
  else
    to_.reset();
}

// The descriptors of one round. poll(2) passes over negative ones: what is finished is not waited
// for.
struct Pump::Waiting {
  static constexpr std::size_t kFixed = 6;
  static constexpr std::size_t kEach = 4;  // of an onlooker: out, err, in, socket
  std::vector<pollfd> all;
  bool is_ready(std::size_t index) const { return all[index].revents != 0; }
};

bool Pump::has_pending(std::size_t stream) const {
  return std::ranges::any_of(
      onlookers_, [&](const Onlooking& who) { return !who.out[stream].pending.empty(); });
}

bool Pump::is_done() const {
  if (!ended_) return false;
  for (std::size_t i = 0; i < outlets_.size(); ++i)
    if (!outlets_[i].is_over() || has_pending(i)) return false;
  return true;
}

void Pump::add(Onlooking who) {
  resize(who);
  onlookers_.push_back(std::move(who));
}

void Pump::run(const runtime::Container& container, const SignalQueue& signals) {
  stopped_ = false;
  while (!is_done() && !stopped_) {
    Waiting waits;
    // Output is read only when all that was read has been written: the kernel's pipe is the buffer.
    const auto source = [&](std::size_t i) { return has_pending(i) ? -1 : outlets_[i].fd(); };
    waits.all = {
        {ended_ ? -1 : container.pidfd().raw(), POLLIN, 0},
        {signals.fd().raw(), POLLIN, 0},
        {source(0), POLLIN, 0},
        {source(1), POLLIN, 0},
        ended_ ? pollfd{-1, 0, 0} : inlet_.waits_for_room(),
        {ended_ || onlookers_.size() >= kMostOnlookers ? -1 : server_.fd().raw(), POLLIN, 0}};
    const bool takes_input = !ended_ && inlet_.has_room();
    for (const Onlooking& who : onlookers_) {
      for (const Sink& sink : who.out)
        waits.all.push_back({sink.pending.empty() ? -1 : sink.fd, POLLOUT, 0});
      waits.all.push_back({takes_input ? who.in : -1, POLLIN, 0});
      waits.all.push_back({who.client ? who.client->socket.raw() : -1, POLLIN, 0});
    }
    if (::poll(waits.all.data(), waits.all.size(), -1) < 0) continue;  // EINTR: poll again
    if (waits.is_ready(0)) ended_ = true;
    if (waits.is_ready(1)) forward(container, signals);
    if (waits.is_ready(4)) inlet_.write_pending();
    std::size_t at = Waiting::kFixed;
    for (Onlooking& who : onlookers_) {
      for (std::size_t i = 0; i < outlets_.size(); ++i)
        if (waits.is_ready(at + i)) write_to(who, i);
      if (waits.is_ready(at + 2)) read_from(who);
      if (waits.is_ready(at + 3)) hear(who, container);
      at += Waiting::kEach;
    }
    for (std::size_t i = 0; i < outlets_.size(); ++i)
      if (waits.is_ready(2 + i)) drain(i);
    std::erase_if(onlookers_, [](const Onlooking& who) {
      return who.client && !who.client->socket.valid() && !who.is_caller;
    });
    if (!waits.is_ready(5)) continue;
    if (auto client = server_.accept()) {
      Onlooking who;
      who.out[0].fd = client->files[1].raw();
      who.out[1].fd = client->files[2].raw();
      if (client->wants_input) who.in = who.window = client->files[0].raw();
      if (auto keys = DetachKeys::parse(client->keys); keys && terminal_.valid()) who.keys = *keys;
      send_message(client->socket, R"({"attached":true})");
      who.client = std::move(client);
      add(std::move(who));
    }
  }
  if (log_) note(log_->flush());
}

void Pump::tell_end(const runtime::ExitStatus& status) {
  oci::Json object = oci::Json::object();
  object.set("exit", status.code).set("signal", status.signal);
  for (const Onlooking& who : onlookers_)
    if (who.client) send_message(who.client->socket, object.dump());
}

Result<void> Pump::delivered() const {
  for (const Onlooking& who : onlookers_)
    for (std::size_t i = 0; i < who.out.size(); ++i)
      if (who.is_caller && who.out[i].error != 0)
        return fail(who.out[i].error, i == 0 ? "write to stdout" : "write to stderr");
  return {};
}

void Pump::drain(std::size_t stream) {
  const std::string_view bytes = outlets_[stream].read();
  if (bytes.empty()) return;
  for (Onlooking& who : onlookers_) {
    if (who.out[stream].fd < 0) continue;
    who.out[stream].pending = bytes;
    write_to(who, stream);
  }
  if (log_) note(log_->write(outlets_[stream].stream(), bytes));
}

void Pump::write_to(Onlooking& who, std::size_t stream) {
  Sink& sink = who.out[stream];
  std::string_view rest = sink.pending;
  while (!rest.empty() && is_writable(sink.fd)) {
    ssize_t count = ::write(sink.fd, rest.data(), std::min(rest.size(), kWriteBytes));
    if (count >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR && errno != EAGAIN) {
      sink.error = errno == EPIPE ? 0 : errno;
      sink.fd = -1;
      rest = {};
      if (who.is_caller && !terminal_.valid()) outlets_[stream].close();
    }
  }
  sink.pending.erase(0, sink.pending.size() - rest.size());
}

void Pump::read_from(Onlooking& who) {
  std::array<char, kChunkBytes> chunk;
  ssize_t count = ::read(who.in, chunk.data(), chunk.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count <= 0) {
    who.in = -1;
    if (who.is_caller) inlet_.end();  // passed on; one who only came by leaves it open to others
    return;
  }
  const DetachKeys::Typed typed = who.keys.feed({chunk.data(), static_cast<std::size_t>(count)});
  if (!typed.bytes.empty()) inlet_.put(typed.bytes);
  if (typed.detached) leave(who);
}

// He goes, the container runs on.
void Pump::leave(Onlooking& who) {
  for (Sink& sink : who.out)
    sink = {-1, {}, sink.error};
  who.in = who.window = -1;
  if (who.client) {
    send_message(who.client->socket, R"({"detached":true})");
    who.client->socket.reset();
  } else if (on_detach_) {
    on_detach_();
  }
}

void Pump::hear(Onlooking& who, const runtime::Container& container) {
  const std::optional<std::string> text = receive_message(who.client->socket);
  if (!text) return;
  if (text->empty()) {
    leave(who);
    return;
  }
  const auto message = oci::parse_json(*text);
  if (!message) return;
  if (message->find("resize")) resize(who);
  const oci::Json* signal = message->find("signal");
  const int number = signal ? static_cast<int>(signal->as_int().value_or(0)) : 0;
  if (number <= 0 || number > SIGRTMAX) return;
  if (auto sent = container.kill(number); !sent)
    SUIT_LOG(Debug, "signal {} of a client: {}", number, sent.error().message());
}

void Pump::resize(const Onlooking& who) const {
  if (terminal_.valid() && who.window >= 0) runtime::copy_window_size(who.window, terminal_.raw());
}

// A full disk must not stop the container; the log ends there.
void Pump::note(const Result<void>& logged) {
  if (logged) return;
  SUIT_LOG(Warn, "the log ends here: {}", logged.error().message());
  log_.reset();
}

void Pump::forward(const runtime::Container& container, const SignalQueue& signals) {
  while (int signal = signals.next()) {
    if (signal == SIGWINCH && terminal_.valid()) {
      for (const Onlooking& who : onlookers_)
        if (who.is_caller) resize(who);
      continue;
    }
    bool asks_to_end = signal == SIGINT || signal == SIGTERM;
    if (ended_ && asks_to_end) {
      // Only a reader that does not read is left to wait for, and the caller gives up on it.
      for (Onlooking& who : onlookers_)
        for (Sink& sink : who.out)
          sink = {-1, {}, sink.error};
      continue;
    }
    // Process 1 of a pid namespace ignores what it has no handler for (pid_namespaces(7)):
    // whoever asks a third time means it.
    if (asks_to_end && ++requests_ >= 3) signal = SIGKILL;
    if (auto sent = container.kill(signal); !sent)
      SUIT_LOG(Debug, "forward signal {}: {}", signal, sent.error().message());
  }
}

}  // namespace suit::engine
