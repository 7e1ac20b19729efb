#include "network/slirp.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fmt/format.h>

#include "oci/json.h"

namespace suit::network {
namespace {

// Descriptors of the helper: its arguments name them.
constexpr int kNetns = 3, kReady = 4, kExit = 5, kDirectory = 6;
constexpr const char* kSocket = "slirp.sock";

// Beyond those, so that giving it one cannot overwrite another.
Result<os::Fd> copy_beyond(os::FdRef fd) {
  os::Fd copy(::fcntl(fd.raw(), F_DUPFD_CLOEXEC, 10));
  if (!copy.valid()) return fail(errno, "fcntl(F_DUPFD_CLOEXEC)");
  return copy;
}

Result<pid_t> spawn(const os::Fd& netns, const os::Fd& ready, const os::Fd& exit,
                    const os::Fd& directory) {
  const std::array<std::string, 10> words = {
      "slirp4netns",
      "--configure",
      "--disable-host-loopback",
      "--mtu=65520",
      "--ready-fd=4",
      "--exit-fd=5",
      fmt::format("--api-socket=/proc/self/fd/{}/{}", kDirectory, kSocket),
      "--macaddress=" + to_text(Slirp::endpoint().mac),
      "--netns-type=path",
      fmt::format("/proc/self/fd/{}", kNetns)};
  std::vector<char*> argv;
  for (const std::string& word : words)
    argv.push_back(const_cast<char*>(word.c_str()));
  std::string device = "tap0";
  argv.push_back(device.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (int fd : {0, 1, 2})  // it must not hold the caller's output open
    ::posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  ::posix_spawn_file_actions_adddup2(&actions, netns.raw(), kNetns);
  ::posix_spawn_file_actions_adddup2(&actions, ready.raw(), kReady);
  ::posix_spawn_file_actions_adddup2(&actions, exit.raw(), kExit);
  ::posix_spawn_file_actions_adddup2(&actions, directory.raw(), kDirectory);
  pid_t pid = -1;
  const int code = ::posix_spawnp(&pid, words[0].c_str(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (code == ENOENT)
    return fail(code, "start slirp4netns", "install it: it is a plain user's way to a network");
  if (code != 0) return fail(code, "start slirp4netns");
  return pid;
}

Result<void> check_tun() {
  auto tun = os::open_at(os::FdRef::cwd(), "/dev/net/tun", O_RDWR);
  if (tun) return {};
  return std::unexpected(
      std::move(tun).error().with_hint("a plain user's network needs /dev/net/tun: root makes it "
                                       "usable with chmod 666 /dev/net/tun"));
}

}  // namespace

Slirp::Slirp(Slirp&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      alive_(std::move(other.alive_)),
      directory_(std::move(other.directory_)) {}

Slirp& Slirp::operator=(Slirp&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(alive_, other.alive_);
  std::swap(directory_, other.directory_);
  return *this;
}

Slirp::~Slirp() {
  if (pid_ <= 0) return;
  alive_.reset();
  ::kill(pid_, SIGTERM);  // our child, not yet reaped
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR)
    continue;
  ::unlinkat(directory_.raw(), kSocket, 0);
}

Endpoint Slirp::endpoint() {
  Endpoint endpoint;
  endpoint.address = Address::v4(0x0a000264);
  endpoint.mac = mac_of(endpoint.address);
  endpoint.interface = "tap0";
  return endpoint;
}

Result<Slirp> Slirp::start(const Netns& space, const std::string& directory) {
  SUIT_TRY(check_tun());
  SUIT_LET(os::Pipe ready, os::Pipe::create());
  SUIT_LET(os::Pipe alive, os::Pipe::create());
  SUIT_LET(const os::Fd netns, copy_beyond(space.fd()));
  SUIT_LET(os::Fd ready_end, copy_beyond(ready.write_end));
  SUIT_LET(const os::Fd exit_end, copy_beyond(alive.read_end));
  Slirp slirp;
  {
    SUIT_LET(const os::Fd opened, os::open_at(os::FdRef::cwd(), directory, O_PATH | O_DIRECTORY));
    SUIT_LET(slirp.directory_, copy_beyond(opened));
  }
  ::unlinkat(slirp.directory_.raw(), kSocket, 0);
  SUIT_LET(slirp.pid_, spawn(netns, ready_end, exit_end, slirp.directory_));
  slirp.alive_ = std::move(alive.write_end);
  ready.write_end.reset();
  ready_end.reset();  // ours: its end of file must mean that the helper has ended
  char byte = 0;
  ssize_t got = 0;
  while ((got = ::read(ready.read_end.raw(), &byte, 1)) < 0 && errno == EINTR)
    continue;
  if (got != 1)
    return fail(0, "slirp4netns ended before the network was there",
                "`slirp4netns --configure PID tap0` by hand tells why");
  return slirp;
}

// \returns false for a port that is taken.
Result<bool> Slirp::forward(const PortRequest& request, std::uint16_t port) const {
  os::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  if (!socket.valid()) return fail(errno, "socket(AF_UNIX)");
  const std::string path = fmt::format("/proc/self/fd/{}/{}", directory_.raw(), kSocket);
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  if (::connect(socket.raw(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
    return fail(errno, fmt::format("connect(\"{}\")", path));
  oci::Json arguments = oci::Json::object();
  arguments.set("proto", name_of(request.container.protocol));
  arguments.set("host_addr", request.host_ip.empty() ? "0.0.0.0" : request.host_ip);
  arguments.set("host_port", int{port}).set("guest_port", int{request.container.number});
  oci::Json question = oci::Json::object();
  question.set("execute", "add_hostfwd").set("arguments", std::move(arguments));
  const std::string text = question.dump();
  if (::send(socket.raw(), text.data(), text.size(), MSG_NOSIGNAL) < 0)
    return fail(errno, "send to slirp4netns");
  ::shutdown(socket.raw(), SHUT_WR);
  std::array<char, 4096> answer{};
  const ssize_t got = ::recv(socket.raw(), answer.data(), answer.size(), 0);
  if (got < 0) return fail(errno, "receive from slirp4netns");
  SUIT_LET(oci::Json reply,
           oci::parse_json(std::string_view(answer.data(), static_cast<std::size_t>(got))));
  return !reply.find("error");
}

Result<std::vector<PublishedPort>> Slirp::publish(const std::vector<PortRequest>& requests,
                                                  const std::string& owner) {
  std::vector<PublishedPort> published;
  for (const PortRequest& request : requests) {
    const auto refuse = [&](std::uint16_t port, std::string_view why) {
      return fail(
          0, fmt::format("driver failed programming external connectivity on endpoint {}: "
                         "Bind for {}:{} failed: {}",
                         owner, request.host_ip.empty() ? "0.0.0.0" : request.host_ip, port, why));
    };
    std::uint16_t port = request.host_first;
    if (port == 0) {
      // Free a moment ago: slirp4netns wants to be told a number.
      PortRequest one = request;
      SUIT_LET(const Ports free, Ports::reserve({one}, Slirp::endpoint(), owner));
      port = free.published()[0].host_port;
    }
    SUIT_LET(bool done, forward(request, port));
    while (!done && port < request.host_last) {
      SUIT_LET(done, forward(request, ++port));
    }
    if (!done) return refuse(port, "port is already allocated");
    published.push_back(
        {request.host_ip.empty() ? "0.0.0.0" : request.host_ip, port, request.container});
  }
  return published;
}

}  // namespace suit::network
