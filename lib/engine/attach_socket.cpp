#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "engine/attach_internal.h"
#include "oci/json.h"
#include "os/file.h"

namespace suit::engine {
namespace {

// A message is a few words; whoever sends more is not understood.
constexpr std::size_t kMessageBytes = 4096;

// A socket's path has room for 108 bytes (unix(7)); a container's may be longer. Through a
// descriptor of its directory it is short.
sockaddr_un address_in(const os::Fd& dir) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = fmt::format("/proc/self/fd/{}/attach", dir.raw());
  std::memcpy(static_cast<char*>(address.sun_path), path.c_str(), path.size() + 1);
  return address;
}

Result<os::Fd> make_socket() {
  os::Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return fail(errno, "socket(AF_UNIX)");
  return socket;
}

// The first message and its three descriptors; whatever else comes along is closed.
std::optional<std::string> receive_files(os::FdRef socket, std::array<os::Fd, 3>& files) {
  std::array<char, kMessageBytes> text{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(3 * sizeof(int))> control{};
  iovec part{text.data(), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t count = ::recvmsg(socket.raw(), &message, MSG_CMSG_CLOEXEC);
  if (count <= 0) return std::nullopt;
  std::size_t taken = 0;
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t room = (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < room && taken < files.size(); ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(one) + i * sizeof fd, sizeof fd);
      files[taken++].reset(fd);
    }
  }
  if (taken != files.size() || (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0)
    return std::nullopt;
  return std::string(text.data(), static_cast<std::size_t>(count));
}

}  // namespace

void send_message(os::FdRef socket, std::string_view text) {
  while (::send(socket.raw(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
         errno == EINTR)
    continue;
}

std::optional<std::string> receive_message(os::FdRef socket) {
  std::array<char, kMessageBytes> text{};
  ssize_t count = 0;
  do
    count = ::recv(socket.raw(), text.data(), text.size(), MSG_DONTWAIT);
  while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EAGAIN) return std::nullopt;
  if (count <= 0) return std::string();
  return std::string(text.data(), static_cast<std::size_t>(count));
}

Result<AttachServer> AttachServer::listen(const std::string& container_dir) {
  SUIT_LET(const os::Fd dir, os::open_at(os::FdRef::cwd(), container_dir, O_PATH | O_DIRECTORY));
  SUIT_LET(os::Fd socket, make_socket());
  if (::unlinkat(dir.raw(), "attach", 0) != 0 && errno != ENOENT)
    return fail(errno, fmt::format("unlink(\"{}/attach\")", container_dir));
  const sockaddr_un address = address_in(dir);
  if (::bind(socket.raw(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.raw(), 8) != 0 || ::fcntl(socket.raw(), F_SETFL, O_NONBLOCK) != 0)
    return fail(errno, fmt::format("listen(\"{}/attach\")", container_dir));
  AttachServer server;
  server.listening_ = std::move(socket);
  return server;
}

std::optional<Attached> AttachServer::accept() const {
  Attached out;
  out.socket.reset(::accept4(listening_.raw(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!out.socket.valid()) return std::nullopt;
  // He sends at once, or is sent away: nobody may keep the loop waiting.
  const timeval patience{1, 0};
  ::setsockopt(out.socket.raw(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const auto text = receive_files(out.socket, out.files);
  const auto message = text ? oci::parse_json(*text) : std::unexpected(Error(0, "no message"));
  if (!message) return std::nullopt;
  const oci::Json* input = message->find("stdin");
  out.wants_input = input && input->as_bool().value_or(false);
  out.keys = message->string_or("keys");
  return out;
}

Result<os::Fd> attach_to(const std::string& container_dir, bool wants_input,
                         const std::string& keys) {
  SUIT_LET(const os::Fd dir, os::open_at(os::FdRef::cwd(), container_dir, O_PATH | O_DIRECTORY));
  SUIT_LET(os::Fd socket, make_socket());
  const sockaddr_un address = address_in(dir);
  if (::connect(socket.raw(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail(errno, "connect to the container's monitor");
  oci::Json hello = oci::Json::object();
  hello.set("stdin", wants_input).set("keys", keys);
  std::string text = hello.dump();
  const std::array<int, 3> files = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof files)> control{};
  iovec part{text.data(), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof files);
  std::memcpy(CMSG_DATA(header), files.data(), sizeof files);
  if (::sendmsg(socket.raw(), &message, MSG_NOSIGNAL) < 0)
    return fail(errno, "send to the container's monitor");
  return socket;
}

}  // namespace suit::engine
