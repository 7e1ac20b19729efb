// The helper's life, and what one `send` decides: where it may go, and whether it goes on
// elsewhere.

#include "http/client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include <fmt/format.h>

#include "os/file.h"

namespace suit::http {
namespace {

constexpr int kMaxRedirects = 10;

// Beside the program, or where distributions put helpers that nobody calls by hand.
Result<std::string> find_helper() {
  SUIT_LET(std::string self, os::read_link(os::FdRef::cwd(), "/proc/self/exe"));
  std::string dir = self.substr(0, self.rfind('/'));
  for (const char* place : {"/suit-fetch", "/../libexec/spacesuit/suit-fetch"})
    if (::access((dir + place).c_str(), X_OK) == 0) return dir + place;
  return fail(ENOENT, fmt::format("no suit-fetch in {}", dir),
              "install it beside this program: it does what needs the network");
}

// Only what a transfer needs: the environment of a build may hold passwords.
std::vector<std::string> helper_environment() {
  std::vector<std::string> env;
  auto copy = [&](const char* from, const char* to) {
    if (const char* value = ::getenv(from))  // NOLINT(concurrency-mt-unsafe): nobody sets it here
      env.push_back(fmt::format("{}={}", to, value));
  };
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY",
                           "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "LC_ALL"})
    copy(name, name);
  // libcurl reads only the lower-case one, as a CGI script's client can set the other. We are none.
  if (!::getenv("http_proxy")) copy("HTTP_PROXY", "http_proxy");  // NOLINT(concurrency-mt-unsafe)
  return env;
}

bool has_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

Result<void> check(const Request& request) {
  if (request.method.empty() ||
      !std::ranges::all_of(request.method, [](char c) { return c >= 'A' && c <= 'Z'; }))
    return fail(EINVAL, "a method is upper-case letters");
  for (const Header& header : request.headers)
    if (header.name.empty() || has_break(header.name) || has_break(header.value) ||
        header.name.find(':') != std::string::npos)
      return fail(EINVAL, fmt::format("a line break in the header \"{}\"",
                                      header.name.substr(0, header.name.find_first_of("\r\n:"))));
  return {};
}

Result<void> check_plain(const Request& request, const Url& url) {
  if (url.scheme == "https" || request.plain == PlainHttp::Allow ||
      (request.plain == PlainHttp::Loopback && url.is_loopback()))
    return {};
  return fail(EPERM, fmt::format("{} is not encrypted", url.origin()),
              "use https, or name the host as insecure");
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// What is asked next. Credentials stay behind when the origin changes.
Result<Request> redirected(Request request, const Url& from, const Response& answer) {
  auto location = answer.header("Location");
  if (!location) return fail(EPROTO, "redirected without a Location");
  auto to = resolve_url(from, *location);
  if (!to) return wrap(std::move(to).error(), "redirected");
  if (from.scheme == "https" && to->scheme == "http")
    return fail(EPERM, fmt::format("redirected from https to {}", to->origin()),
                "the server would have us go on without encryption");
  if (to->origin() != from.origin())
    std::erase_if(request.headers,
                  [](const Header& header) { return header.credential == Credential::Yes; });
  bool becomes_get = answer.status() == 303 || (answer.status() <= 302 && request.method == "POST");
  if (becomes_get && request.method != "HEAD") {
    request.method = "GET";
    request.body_text.clear();
    request.body_stream = nullptr;
    request.body_size.reset();
  }
  if (request.body_stream)
    return fail(EPROTO, fmt::format("redirected to {} after the body was sent", to->origin()));
  request.url = to->text();
  return request;
}

}  // namespace

Header range_from(std::uint64_t first_byte) {
  return {.name = "Range", .value = fmt::format("bytes={}-", first_byte)};
}

Result<Client> Client::start(const ClientOptions& options) {
  std::string helper = options.helper;
  if (helper.empty()) {
    SUIT_LET(std::string found, find_helper());
    helper = std::move(found);
  }
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return fail(errno, "socketpair()");
  os::Fd ours(ends[0]);
  os::Fd theirs(ends[1]);
  os::SpawnOptions spawn;
  spawn.env = helper_environment();
  spawn.directory = "/";
  spawn.stdin_ = theirs;
  SUIT_LET(os::Child child, os::Child::spawn({helper}, spawn));
  return Client(std::move(child), std::move(ours), options);
}

Result<os::Fd> Client::open_request() const {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return fail(errno, "socketpair()");
  os::Fd ours(ends[0]);
  os::Fd theirs(ends[1]);
  char mark = 'R';
  iovec data{.iov_base = &mark, .iov_len = 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  int fd = theirs.raw();
  std::copy_n(reinterpret_cast<const char*>(&fd), sizeof fd,
              reinterpret_cast<char*>(CMSG_DATA(rights)));
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(control_.raw(), &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return fail(errno, "hand a request to suit-fetch");
  return ours;
}

Result<Response> Client::send(const Request& request) const {
  SUIT_TRY(check(request));
  SUIT_LET(Url url, parse_url(request.url));
  Request current = request;
  for (int hop = 0; hop <= kMaxRedirects; ++hop) {
    SUIT_TRY(check_plain(current, url));
    auto answer = exchange(current, url);
    if (!answer)
      return wrap(std::move(answer).error(), current.method + " " + url.origin() + url.path);
    if (!is_redirect(answer->status()) || request.redirects == Redirects::Refuse) return answer;
    auto next = redirected(std::move(current), url, *answer);
    if (!next) return wrap(std::move(next).error(), request.method + " " + url.origin() + url.path);
    current = std::move(*next);
    SUIT_LET(Url there, parse_url(current.url));
    url = std::move(there);
  }
  return fail(ELOOP, fmt::format("{} {}: more than {} redirects", request.method,
                                 request.url.substr(0, request.url.find('?')), kMaxRedirects));
}

}  // namespace suit::http
