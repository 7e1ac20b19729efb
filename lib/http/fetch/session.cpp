#include "http/fetch/session.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace suit::fetch {

Result<Session> Session::create(os::FdRef control) {
  os::Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return fail(errno, "epoll_create1()");
  std::unique_ptr<CURLM, MultiCloser> multi(::curl_multi_init());
  if (!multi) return fail(ENOMEM, "curl_multi_init()");
  ::curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, 32L);
  epoll_event event{.events = EPOLLIN, .data = {.fd = control.raw()}};
  if (::epoll_ctl(epoll.raw(), EPOLL_CTL_ADD, control.raw(), &event) != 0)
    return fail(errno, "epoll_ctl()");
  return Session(control, std::move(epoll), std::move(multi));
}

Result<void> Session::run() {
  while (true) {
    int running = 0;
    if (CURLMcode code = ::curl_multi_perform(multi_.get(), &running); code != CURLM_OK)
      return fail(EPROTO, ::curl_multi_strerror(code));
    handle_finished();
    flush_all();
    // The clients' sockets are behind one epoll descriptor, because curl_multi_poll does not tell
    // its caller of a hang-up.
    curl_waitfd ours{.fd = epoll_.raw(), .events = CURL_WAIT_POLLIN, .revents = 0};
    ::curl_multi_poll(multi_.get(), &ours, 1, 60000, nullptr);
    SUIT_LET(bool goes_on, handle_sockets());
    if (!goes_on) return {};
  }
}

Result<bool> Session::handle_sockets() {
  std::array<epoll_event, 64> events;
  int count = ::epoll_wait(epoll_.raw(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd == control_.raw()) {
      SUIT_LET(bool goes_on, accept());
      if (!goes_on) return false;
      continue;
    }
    auto found = transfers_.find(event.data.fd);
    if (found == transfers_.end()) continue;
    Life life = Life::Goes;
    if ((event.events & EPOLLIN) != 0) life = found->second->on_input(multi_.get());
    if ((event.events & (EPOLLHUP | EPOLLERR)) != 0 && (event.events & EPOLLIN) == 0)
      life = Life::Over;
    if (life == Life::Over) transfers_.erase(found);
  }
  return true;
}

Result<bool> Session::accept() {
  char mark = 0;
  iovec data{.iov_base = &mark, .iov_len = 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = ::recvmsg(control_.raw(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got <= 0) return false;
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  if (!rights || rights->cmsg_type != SCM_RIGHTS) return fail(EPROTO, "a message without a socket");
  int raw = -1;
  std::copy_n(reinterpret_cast<const char*>(CMSG_DATA(rights)), sizeof raw,
              reinterpret_cast<char*>(&raw));
  auto transfer = std::make_unique<Transfer>(os::Fd(raw));
  SUIT_TRY(watch(EPOLL_CTL_ADD, *transfer));
  transfers_.emplace(raw, std::move(transfer));
  return true;
}

Result<void> Session::watch(int operation, const Transfer& transfer) {
  epoll_event event{.events = 0, .data = {.fd = transfer.socket().raw()}};
  if (transfer.wants_input()) event.events |= EPOLLIN;
  if (transfer.wants_output()) event.events |= EPOLLOUT;
  if (::epoll_ctl(epoll_.raw(), operation, transfer.socket().raw(), &event) != 0)
    return fail(errno, "epoll_ctl()");
  return {};
}

void Session::handle_finished() {
  int left = 0;
  while (CURLMsg* message = ::curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Transfer* transfer = nullptr;
    ::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    transfer->finish(message->data.result);
  }
}

void Session::flush_all() {
  for (auto it = transfers_.begin(); it != transfers_.end();) {
    if (it->second->flush() == Life::Over || !watch(EPOLL_CTL_MOD, *it->second))
      it = transfers_.erase(it);
    else
      ++it;
  }
}

}  // namespace suit::fetch
