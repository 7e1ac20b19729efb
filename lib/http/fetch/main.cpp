// suit-fetch: what needs the network, in a process of its own.
//
// It is started by suit::http with a socket as its standard input, and is of no use by hand: it has
// no options, and nothing that it is asked travels in arguments or environment.

#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdlib>

#include <fmt/format.h>

#include "http/fetch/session.h"

int main() {
  struct stat info{};
  if (::fstat(0, &info) != 0 || !S_ISSOCK(info.st_mode)) {
    fmt::print(stderr, "suit-fetch is a part of suit: it is started by it, not by hand\n");
    return EXIT_FAILURE;
  }
  // Passwords pass through here: no core dump, no look into our memory.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::signal(SIGPIPE, SIG_IGN);
  // The terminal's interrupt is for the client, whose end is ours.
  ::signal(SIGINT, SIG_IGN);
  if (::curl_global_init(CURL_GLOBAL_DEFAULT) != 0) return EXIT_FAILURE;
  auto session = suit::fetch::Session::create(suit::os::FdRef::borrow(0));
  if (!session) {
    fmt::print(stderr, "suit-fetch: {}\n", session.error().message());
    return EXIT_FAILURE;
  }
  auto served = session->run();
  if (!served) fmt::print(stderr, "suit-fetch: {}\n", served.error().message());
  return served ? EXIT_SUCCESS : EXIT_FAILURE;
}
