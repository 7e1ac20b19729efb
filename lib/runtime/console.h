/// \file
/// The outer end of a container's terminal.
///
/// The pair is made inside, in the container's own devpts; its master travels out over a socket:
/// one that we made, or the one of `--console-socket`, where conmon or a shim waits for it.
/// \see pty(7), unix(7), SCM_RIGHTS

#pragma once

#include <termios.h>

#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "os/fd.h"

namespace suit::runtime {

/// Connects to a socket that is listening at \p path.
Result<os::Fd> connect_console(const std::string& path);

/// A pair of sockets: what a launch is given, and where the terminal arrives.
Result<std::pair<os::Fd, os::Fd>> console_pair();

/// Takes the terminal's master off a socket.
Result<os::Fd> receive_terminal(os::FdRef socket);

/// A terminal in raw mode until the end of the scope: keys go through as they are.
class [[nodiscard]] RawMode {
 public:
  /// Nothing happens where \p fd is no terminal.
  explicit RawMode(int fd);
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;
  ~RawMode();

 private:
  int fd_;
  std::optional<termios> before_;
};

/// Gives the terminal \p to the size of \p from.
void copy_window_size(int from, int to);

}  // namespace suit::runtime
