/// \file
/// `attach`: how somebody who comes later gets at a running container's input and output.
///
/// A monitor listens on `<container>/attach`, a socket in the engine's own directory. Who comes
/// sends one message, with his stdin, stdout and stderr as descriptors: the monitor reads and
/// writes them itself from then on, as it does with those of the caller of `run`. So no byte is
/// copied twice, and a client that is killed takes nothing with it. Messages are JSON, one a
/// packet:
///
///     client: {"stdin":true,"keys":"ctrl-p,ctrl-q"} + 3 descriptors   monitor: {"attached":true}
///             {"signal":15}  {"resize":true}                                   {"detached":true}
///                                                                              {"exit":0,"signal":0}
/// \see unix(7), SCM_RIGHTS

#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "os/fd.h"

namespace suit::engine {

/// One client, at the monitor's end.
struct Attached {
  os::Fd socket;
  std::array<os::Fd, 3> files;
  bool wants_input = false;
  std::string keys;
};

/// Sends one message; a peer that has gone is no error.
void send_message(os::FdRef socket, std::string_view text);
/// The next message; "" when the peer has gone, nullopt when there is none now.
std::optional<std::string> receive_message(os::FdRef socket);

/// The monitor's end.
class AttachServer {
 public:
  AttachServer() = default;  ///< nobody can come
  /// Listens in the container's directory, in place of what a dead monitor left there.
  static Result<AttachServer> listen(const std::string& container_dir);
  os::FdRef fd() const { return listening_; }
  /// Somebody who has come, with his first message; none for one who says nothing sensible: he is
  /// sent away.
  std::optional<Attached> accept() const;

 private:
  os::Fd listening_;
};

/// The client's end: connects, and gives 0, 1 and 2 away.
/// \errors ECONNREFUSED, ENOENT when nobody listens
Result<os::Fd> attach_to(const std::string& container_dir, bool wants_input,
                         const std::string& keys);

}  // namespace suit::engine
