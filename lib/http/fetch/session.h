/// \file
/// All transfers of one client: they share connections, and one thread carries them all.

#pragma once

#include <curl/curl.h>

#include <map>
#include <memory>

#include "base/result.h"
#include "http/fetch/transfer.h"
#include "os/fd.h"

namespace suit::fetch {

struct MultiCloser {
  void operator()(CURLM* multi) const { ::curl_multi_cleanup(multi); }
};

class Session {
 public:
  /// \param control a seqpacket socket, each message of which hands over a request's socket
  static Result<Session> create(os::FdRef control);
  /// Serves until the client closes the control socket.
  Result<void> run();

 private:
  Session(os::FdRef control, os::Fd epoll, std::unique_ptr<CURLM, MultiCloser> multi)
      : control_(control), epoll_(std::move(epoll)), multi_(std::move(multi)) {}
  /// false: the client has gone
  Result<bool> accept();
  Result<bool> handle_sockets();
  void handle_finished();
  void flush_all();
  Result<void> watch(int operation, const Transfer& transfer);

  os::FdRef control_;
  os::Fd epoll_;
  std::unique_ptr<CURLM, MultiCloser> multi_;
  std::map<int, std::unique_ptr<Transfer>> transfers_;  ///< by their socket's number
};

}  // namespace suit::fetch
