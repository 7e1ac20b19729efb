#include "runtime/console.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace suit::runtime {

Result<os::Fd> connect_console(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // A longer path goes by its directory's descriptor, whose name is short.
  std::string name = path;
  os::Fd directory;
  if (path.size() >= sizeof address.sun_path) {
    std::size_t slash = path.rfind('/');
    SUIT_LET(directory, os::open_at(os::FdRef::cwd(), path.substr(0, slash), O_PATH | O_DIRECTORY));
    name = fmt::format("/proc/self/fd/{}{}", directory.raw(), path.substr(slash));
  }
  if (name.size() >= sizeof address.sun_path)
    return fail(ENAMETOOLONG, fmt::format("--console-socket \"{}\"", path));
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  os::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return fail(errno, "socket(AF_UNIX)");
  if (::connect(socket.raw(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail(errno, fmt::format("connect(\"{}\")", path),
                "--console-socket names a socket where somebody listens for the terminal");
  return socket;
}

Result<std::pair<os::Fd, os::Fd>> console_pair() {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return fail(errno, "socketpair(AF_UNIX)");
  return std::pair(os::Fd(ends[0]), os::Fd(ends[1]));
}

Result<os::Fd> receive_terminal(os::FdRef socket) {
  std::array<char, 64> name{};
  iovec part{name.data(), name.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket.raw(), &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return fail(errno, "recvmsg(console)");
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
    return fail(EPROTO, "no terminal came through the console socket");
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return os::Fd(fd);
}

RawMode::RawMode(int fd) : fd_(fd) {
  termios now{};
  if (::tcgetattr(fd, &now) != 0) return;
  before_ = now;
  ::cfmakeraw(&now);
  ::tcsetattr(fd, TCSANOW, &now);
}

RawMode::~RawMode() {
  if (before_) ::tcsetattr(fd_, TCSANOW, &*before_);
}

void copy_window_size(int from, int to) {
  winsize size{};
  if (::ioctl(from, TIOCGWINSZ, &size) == 0) ::ioctl(to, TIOCSWINSZ, &size);
}

}  // namespace suit::runtime
