/// \file
/// Requests to one repository of one registry, with whatever it takes to be let in.
///
///     GET ──> 401, WWW-Authenticate ──> token service ──> GET, Authorization ──> 200
///
/// A token is kept for the next requests. Threads may share a session.
/// \source OCI distribution-spec v1.1; distribution/docs, token authentication

#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/client.h"
#include "http/retry.h"
#include "registry/challenge.h"
#include "registry/config.h"
#include "registry/credentials.h"

namespace suit::registry {

/// What the commands of this module need: the helper process, and whom to believe.
struct Access {
  http::Client client;
  Config config;
  LoginFiles logins;
  http::RetryPolicy retries = {};
  /// \param user_agent `suit/0.1`
  static Result<Access> open(const std::string& user_agent);
};

/// What shall be done with a repository: the scope of a token.
enum class Action { Pull, Push };

class Session {
 public:
  /// \param repository `library/python`; empty: the registry itself
  Session(const Access& access, Endpoint endpoint, std::string repository, Action action);

  const Endpoint& endpoint() const { return endpoint_; }
  const http::RetryPolicy& retries() const { return access_.retries; }
  const std::string& repository() const { return repository_; }
  /// `/v2/<repository>/<rest>`
  std::string path(std::string_view rest) const {
    return "/v2/" + repository_ + "/" + std::string(rest);
  }

  /// Sends \p request, whose URL is a path of this registry or a whole URL (an upload's
  /// `Location`); logs in when asked to. Credentials go to the registry's own origin alone.
  /// \errors as `http::Client::send`; EACCES when the registry does not let us in
  Result<http::Response> send(http::Request request);
  /// \p location in an answer from \p from, as a URL for `send`.
  static Result<std::string> locate(const http::Response& from);
  /// Another repository that may be read, too: for mounting its blobs.
  void also_pull(const std::string& repository) { extra_pull_ = repository; }
  /// Instead of what is found in the files: for `login`.
  void use_login(Login login) { login_ = std::move(login); }
  /// Who the token service says that we are, if it gave an identity token.
  const std::string& identity_token() const { return identity_token_; }

 private:
  Result<http::Response> send_once(http::Request request, const std::string& authorization);
  Result<http::Response> send_known(const http::Request& request);
  Result<http::Response> probe(const http::Request& request);
  Result<std::string> authorize(const http::Response& refusal);
  Result<std::string> basic();
  Result<std::string> fetch_token(const Challenge& challenge);
  Result<http::Request> token_request(const Challenge& challenge, const Login& login) const;
  Result<Login> login();
  std::string scopes() const;

  const Access& access_;
  Endpoint endpoint_;
  std::string repository_;
  Action action_;
  std::string extra_pull_;
  std::string identity_token_;
  std::mutex probe_;           ///< held while nobody knows yet whether TLS is spoken there
  mutable std::mutex mutex_;   ///< for what follows
  std::string scheme_;         ///< empty until something has answered
  std::string authorization_;  ///< of the header, or empty
  std::optional<Login> login_;
};

/// The error for an answer that is no success: `what: 404 Not Found: MANIFEST_UNKNOWN: ...`.
Error refused(http::Response& answer, std::string_view what);

/// Tries \p login at \p registry.
/// \errors EACCES when it is wrong
Result<Login> check_login(const Access& access, const std::string& registry, const Login& login);

}  // namespace suit::registry
