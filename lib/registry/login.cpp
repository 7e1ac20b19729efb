#include <cerrno>

#include <fmt/format.h>

#include "registry/session.h"

namespace suit::registry {

Result<Login> check_login(const Access& access, const std::string& registry, const Login& login) {
  Session session(access, endpoint_of(access.config, registry), "", Action::Pull);
  session.use_login(login);
  http::Request ping;
  ping.url = "/v2/";
  ping.limits.body_bytes = 1U << 20;
  auto answer = session.send(std::move(ping));
  if (!answer) return std::unexpected(std::move(answer).error());
  if (!answer->is_ok()) {
    int status = answer->status();
    Error error = refused(*answer, fmt::format("login attempt to {} failed", answer->url().text()));
    return std::unexpected(
        status == 401 ? Error(0, error.what() + ": unauthorized: incorrect username or password")
                      : std::move(error));
  }
  Login kept = login;
  if (!session.identity_token().empty()) {
    kept.identity_token = session.identity_token();
    kept.password.clear();
  }
  return kept;
}

}  // namespace suit::registry
