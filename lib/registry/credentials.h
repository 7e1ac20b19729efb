/// \file
/// Who we are at a registry: Docker's config.json with its helpers, and podman's auth.json.
///
/// Read in this order, the first that knows the registry wins:
///
///     $DOCKER_CONFIG/config.json or ~/.docker/config.json: credHelpers, credsStore, auths
///     $REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json, ~/.config/containers/auth.json
///
/// \source docker/cli, config file; containers-auth.json(5); docker-credential-helpers protocol

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace suit::registry {

/// A name with a password, or a token instead. Has no formatter, so that no message can hold one.
struct Login {
  std::string username;
  std::string password;
  std::string identity_token;  ///< for the token service, instead of a password
  std::string registry_token;  ///< for the registry itself, as it is
  bool is_anonymous() const {
    return username.empty() && identity_token.empty() && registry_token.empty();
  }
};

/// Where logins are kept.
struct LoginFiles {
  std::string docker;               ///< path of config.json: read, and written
  std::vector<std::string> podman;  ///< paths of auth.json: read
  static LoginFiles from_environment();
};

/// \param registry as in names: `docker.io`, `localhost:5000`
/// \param repository `library/python`: podman's files may be more specific than a registry
/// \errors when a file is there but cannot be read, or a helper fails; nobody known is an anonymous
/// login, not an error
Result<Login> find_login(const LoginFiles& files, const std::string& registry,
                         std::string_view repository = {});

/// How a login was stored.
struct Stored {
  std::string where;         ///< the file, or `docker-credential-x`
  bool is_readable = false;  ///< base64 in a file, which whoever reads the file can undo
};

/// Keeps \p login: with the helper that config.json names for \p registry, or in config.json
/// itself, mode 0600. What else is in the file stays as it is.
Result<Stored> store_login(const LoginFiles& files, const std::string& registry,
                           const Login& login);
/// Forgets it; false when there was nothing to forget.
Result<bool> erase_login(const LoginFiles& files, const std::string& registry);

/// The key of a registry in `auths`: `https://index.docker.io/v1/` for Docker Hub.
std::string login_key(const std::string& registry);

std::string base64_encode(std::string_view bytes);
/// \errors 0 when it is none
Result<std::string> base64_decode(std::string_view text);

}  // namespace suit::registry
