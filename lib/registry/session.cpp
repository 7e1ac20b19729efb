#include "registry/session.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"

namespace suit::registry {
namespace {

constexpr std::size_t kDocumentBytes = 1U << 20;
// A plain server may wait for the end of what it takes for a request line.
constexpr std::chrono::seconds kProbe(5);

http::Header authorization_header(const std::string& value) {
  return {.name = "Authorization", .value = value, .credential = http::Credential::Yes};
}

// What tells that https is not spoken there, as against a server that is known but not believed.
bool may_speak_plain(const Error& error) {
  return error.code() == EPROTO || error.code() == ECONNREFUSED || error.code() == ECONNRESET ||
         error.code() == ETIMEDOUT;
}

Result<std::vector<Challenge>> challenges_of(const http::Response& refusal) {
  std::vector<Challenge> out;
  for (std::string_view header : refusal.all_headers("WWW-Authenticate")) {
    SUIT_LET(std::vector<Challenge> some, parse_challenges(header));
    std::ranges::move(some, std::back_inserter(out));
  }
  return out;
}

std::string status_text(int status) {
  switch (status) {
    case 400:
      return "400 Bad Request";
    case 401:
      return "401 Unauthorized";
    case 403:
      return "403 Forbidden";
    case 404:
      return "404 Not Found";
    case 405:
      return "405 Method Not Allowed";
    case 416:
      return "416 Range Not Satisfiable";
    case 429:
      return "429 Too Many Requests";
    case 500:
      return "500 Internal Server Error";
    case 502:
      return "502 Bad Gateway";
    case 503:
      return "503 Service Unavailable";
    case 504:
      return "504 Gateway Timeout";
    default:
      return fmt::format("status {}", status);
  }
}

}  // namespace

Result<Access> Access::open(const std::string& user_agent) {
  SUIT_LET(Config config, Config::load());
  SUIT_LET(http::Client client, http::Client::start({.helper = {}, .user_agent = user_agent}));
  return Access{.client = std::move(client),
                .config = std::move(config),
                .logins = LoginFiles::from_environment()};
}

Session::Session(const Access& access, Endpoint endpoint, std::string repository, Action action)
    : access_(access),
      endpoint_(std::move(endpoint)),
      repository_(std::move(repository)),
      action_(action) {
  if (!endpoint_.may_be_plain) scheme_ = "https";
  if (endpoint_.must_be_plain) scheme_ = "http";
}

Result<http::Response> Session::send_once(http::Request request, const std::string& authorization) {
  std::string base;
  {
    std::lock_guard lock(mutex_);
    base = scheme_ + "://" + endpoint_.host;
  }
  if (request.url.starts_with('/')) request.url = base + request.url;
  SUIT_LET(http::Url target, http::parse_url(request.url));
  SUIT_LET(http::Url own, http::parse_url(base));
  bool is_own = target.origin() == own.origin();
  request.plain = own.scheme == "http" ? http::PlainHttp::Allow : http::PlainHttp::Refuse;
  if (is_own) request.tls = endpoint_.tls;
  if (is_own && !authorization.empty())
    request.headers.push_back(authorization_header(authorization));
  return http::send_with_retries(access_.client, request, access_.retries);
}

// The first request to a host that may lack TLS. Nothing secret is in it yet. To another machine
// https goes first; to this one http, as reading the system's authorities takes longer than all the
// rest, and a server with TLS says 400 to that.
Result<http::Response> Session::probe(const http::Request& request) {
  bool is_here = http::is_loopback(endpoint_.host);
  auto attempt = [&](const std::string& scheme) {
    http::Request first = request;
    first.url = scheme + "://" + endpoint_.host + request.url;
    first.tls = endpoint_.tls;
    first.plain = scheme == "http" ? http::PlainHttp::Allow : http::PlainHttp::Refuse;
    first.limits.connect = kProbe;
    return access_.client.send(first);
  };
  std::string scheme = is_here ? "http" : "https";
  auto answer = attempt(scheme);
  bool is_other = answer ? is_here && answer->status() == 400 : may_speak_plain(answer.error());
  if (is_other) {
    std::string other = is_here ? "https" : "http";
    SUIT_LOG(Debug, "{} does not speak {}; trying {}", endpoint_.host, scheme, other);
    auto second = attempt(other);
    // What nobody understands is the first one's affair, unless TLS is there and not believed.
    if (second || !is_here || second.error().code() == EKEYREJECTED) {
      answer = std::move(second);
      scheme = other;
    }
  }
  std::lock_guard lock(mutex_);
  if (answer) scheme_ = scheme;
  return answer;
}

Result<http::Response> Session::send_known(const http::Request& request) {
  auto is_known = [this] {
    std::lock_guard lock(mutex_);
    return !scheme_.empty();
  };
  if (!is_known()) {
    std::lock_guard one(probe_);
    if (!is_known()) return probe(request);
  }
  std::string authorization;
  {
    std::lock_guard lock(mutex_);
    authorization = authorization_;
  }
  return send_once(request, authorization);
}

Result<http::Response> Session::send(http::Request request) {
  auto answer = send_known(request);
  if (!answer || answer->status() != 401) return answer;
  SUIT_LET(std::string fresh, authorize(*answer));
  {
    std::lock_guard lock(mutex_);
    authorization_ = fresh;
  }
  if (request.body_stream)
    return fail(EACCES,
                fmt::format("{}: the login ended in the middle of an upload", endpoint_.host),
                "push again");
  return send_once(std::move(request), fresh);
}

Result<Login> Session::login() {
  std::lock_guard lock(mutex_);
  if (!login_) {
    SUIT_LET(Login found, find_login(access_.logins, endpoint_.account, repository_));
    login_ = std::move(found);
  }
  return *login_;
}

Result<std::string> Session::authorize(const http::Response& refusal) {
  SUIT_LET(std::vector<Challenge> challenges, challenges_of(refusal));
  SUIT_LET(Login who, login());
  if (!who.registry_token.empty()) return "Bearer " + who.registry_token;
  for (const Challenge& challenge : challenges)
    if (challenge.scheme == "bearer") return fetch_token(challenge);
  for (const Challenge& challenge : challenges)
    if (challenge.scheme == "basic") return basic();
  return fail(EACCES, fmt::format("{} wants a login of a kind that is not known", endpoint_.host));
}

Result<std::string> Session::basic() {
  SUIT_LET(Login who, login());
  if (who.username.empty())
    return fail(EACCES, "no basic auth credentials",
                fmt::format("log in: suit login {}", endpoint_.account));
  return "Basic " + base64_encode(who.username + ":" + who.password);
}

std::string Session::scopes() const {
  if (repository_.empty()) return {};
  std::string out = fmt::format("&scope={}", http::percent_encode(fmt::format(
                                                 "repository:{}:{}", repository_,
                                                 action_ == Action::Push ? "pull,push" : "pull")));
  if (!extra_pull_.empty())
    out += fmt::format("&scope={}",
                       http::percent_encode(fmt::format("repository:{}:pull", extra_pull_)));
  return out;
}

Result<http::Request> Session::token_request(const Challenge& challenge, const Login& login) const {
  std::string realm(challenge.get("realm"));
  SUIT_LET(http::Url url, http::parse_url(realm));
  http::Request request;
  request.limits.body_bytes = kDocumentBytes;
  request.limits.total = std::chrono::seconds(60);
  request.redirects = http::Redirects::Refuse;  // a login is for whom the registry names
  {
    std::lock_guard lock(mutex_);
    request.plain = scheme_ == "http" ? http::PlainHttp::Allow : http::PlainHttp::Refuse;
  }
  if (url.host == endpoint_.host.substr(0, endpoint_.host.rfind(':'))) request.tls = endpoint_.tls;
  std::string query = "service=" + http::percent_encode(challenge.get("service")) + scopes();
  if (!login.identity_token.empty()) {
    request.method = "POST";
    request.url = url.text();
    request.headers.push_back(
        {.name = "Content-Type", .value = "application/x-www-form-urlencoded"});
    // The form takes one scope, with spaces between.
    std::string form = query;
    for (std::size_t at = form.find("&scope=");
         (at = form.find("&scope=", at + 1)) != std::string::npos;)
      form.replace(at, 7, "%20");
    request.body_text = form + "&grant_type=refresh_token&client_id=suit&refresh_token=" +
                        http::percent_encode(login.identity_token);
    return request;
  }
  if (!login.username.empty()) {
    query += "&account=" + http::percent_encode(login.username);
    if (repository_.empty()) query += "&offline_token=true&client_id=suit";
    request.headers.push_back(
        authorization_header("Basic " + base64_encode(login.username + ":" + login.password)));
  }
  url.query += (url.query.empty() ? "" : "&") + query;
  request.url = url.text();
  return request;
}

Result<std::string> Session::fetch_token(const Challenge& challenge) {
  SUIT_LET(Login who, login());
  auto request = token_request(challenge, who);
  if (!request) return wrap(std::move(request).error(), "the token service of " + endpoint_.host);
  SUIT_LET(http::Response answer,
           http::send_with_retries(access_.client, *request, access_.retries));
  if (!answer.is_ok()) {
    Error error = refused(answer, fmt::format("the token service of {}", endpoint_.host));
    return std::unexpected(
        Error(EACCES, error.what())
            .with_hint(fmt::format("log in{}: suit login {}", who.is_anonymous() ? "" : " anew",
                                   endpoint_.account)));
  }
  SUIT_LET(std::string body, answer.text());
  auto token = parse_token(body);
  if (!token) return wrap(std::move(token).error(), endpoint_.host);
  identity_token_ = token->refresh;
  return "Bearer " + token->text;
}

Result<std::string> Session::locate(const http::Response& from) {
  auto location = from.header("Location");
  if (!location)
    return fail(EPROTO, fmt::format("{}: no Location in its answer", from.url().origin()));
  SUIT_LET(http::Url url, http::resolve_url(from.url(), *location));
  return url.text();
}

Error refused(http::Response& answer, std::string_view what) {
  int status = answer.status();
  auto body = answer.text();
  std::string reason = body ? describe_errors(*body) : "";
  std::string text = fmt::format("{}: {}", what, status_text(status));
  if (!reason.empty()) text += ": " + reason;
  int code = status == 404 ? ENOENT : status == 401 || status == 403 ? EACCES : 0;
  return Error(code, std::move(text));
}

}  // namespace suit::registry
