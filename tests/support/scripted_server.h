/// \file
/// An HTTP server that does what a test says, and nothing else: each connection is handed to a
/// script that reads requests and writes whatever bytes it likes.

#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>

namespace suit::test {

/// One accepted connection.
class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::close(fd_); }

  /// Reads up to the empty line after a request's head; empty when the client has gone.
  std::string read_head() {
    while (true) {
      if (std::size_t end = in_.find("\r\n\r\n"); end != std::string::npos) {
        std::string head = in_.substr(0, end + 4);
        in_.erase(0, end + 4);
        return head;
      }
      if (!fill()) return {};
    }
  }
  /// Reads exactly \p size bytes of a body, or what there is.
  std::string read_body(std::size_t size) {
    while (in_.size() < size)
      if (!fill()) break;
    std::string body = in_.substr(0, size);
    in_.erase(0, body.size());
    return body;
  }
  /// false: the client has gone
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// A whole answer with its length.
  bool answer(std::string_view status, std::string_view body, std::string_view headers = "") {
    return write(fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(),
                             headers, body));
  }
  int fd() const { return fd_; }

 private:
  bool fill() {
    char buffer[65536];
    ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    in_.append(buffer, static_cast<std::size_t>(got));
    return in_[0] != '\x16';  // a TLS hello: nobody here speaks that
  }
  int fd_;
  std::string in_;
};

/// Listens on a free port of loopback until the end of the scope.
class ScriptedServer {
 public:
  using Script = std::function<void(Connection&)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), length);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    ::listen(listener_, 64);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      std::lock_guard lock(mutex_);
      for (Connection* connection : open_)
        ::shutdown(connection->fd(), SHUT_RDWR);
    }
    for (std::thread& thread : threads_)
      thread.join();
  }

  std::string host() const { return fmt::format("127.0.0.1:{}", port_); }
  std::string url(std::string_view path = "/") const {
    return fmt::format("http://{}{}", host(), path);
  }
  /// How many connections were made.
  int connections() const { return connections_; }

 private:
  void accept_all() {
    while (true) {
      int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++connections_;
      threads_.emplace_back([this, fd] {
        Connection connection(fd);
        {
          std::lock_guard lock(mutex_);
          open_.push_back(&connection);
        }
        script_(connection);
        std::lock_guard lock(mutex_);
        std::erase(open_, &connection);
      });
    }
  }
  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::thread acceptor_;
  std::mutex mutex_;
  std::vector<Connection*> open_;
  std::vector<std::thread> threads_;
};

}  // namespace suit::test
