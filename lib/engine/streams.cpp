// What a program that is launched speaks through.

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "engine/supervise_internal.h"
#include "os/file.h"
#include "runtime/console.h"

namespace suit::engine {

Result<Streams> Streams::create(bool tty, bool input) {
  Streams out;
  out.tty_ = tty;
  SUIT_LET(out.out_, os::Pipe::create());
  SUIT_LET(out.err_, os::Pipe::create());
  if (tty) {
    SUIT_LET(auto pair, runtime::console_pair());
    out.console_ = std::move(pair.first);
    out.console_here_ = std::move(pair.second);
  }
  if (input && !tty) {
    SUIT_LET(os::Pipe pipe, os::Pipe::create());
    out.in_ = std::move(pipe.read_end);
    out.input_ = std::move(pipe.write_end);
  } else {
    SUIT_LET(out.in_, os::open_at(os::FdRef::cwd(), "/dev/null", O_RDONLY));
  }
  return out;
}

runtime::LaunchInputs Streams::inputs(os::FdRef root) const {
  runtime::LaunchInputs inputs{root, in_, out_.write_end, err_.write_end};
  if (tty_) inputs.console = console_;
  return inputs;
}

Result<Pump> Streams::pump(std::optional<LogWriter> log) {
  in_.reset();
  out_.write_end.reset();
  err_.write_end.reset();
  console_.reset();
  if (!tty_) {
    Inlet inlet;
    if (input_.valid()) {
      SUIT_LET(inlet, Inlet::create(std::move(input_), Inlet::Kind::Pipe));
    }
    return Pump({Outlet{Stream::Stdout, std::move(out_.read_end)},
                 Outlet{Stream::Stderr, std::move(err_.read_end)}},
                std::move(inlet), std::move(log));
  }
  SUIT_LET(os::Fd terminal, runtime::receive_terminal(console_here_));
  os::Fd for_reading(::fcntl(terminal.raw(), F_DUPFD_CLOEXEC, 3));
  os::Fd for_writing(::fcntl(terminal.raw(), F_DUPFD_CLOEXEC, 3));
  if (!for_reading.valid() || !for_writing.valid()) return fail(errno, "fcntl(F_DUPFD_CLOEXEC)");
  SUIT_LET(Inlet inlet, Inlet::create(std::move(for_writing), Inlet::Kind::Terminal));
  Pump pump({Outlet{Stream::Stdout, std::move(for_reading)}, Outlet{Stream::Stderr, os::Fd()}},
            std::move(inlet), std::move(log));
  pump.set_terminal(std::move(terminal));
  return pump;
}

}  // namespace suit::engine
