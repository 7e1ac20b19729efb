/// \file
/// Where registries are, and how far they are trusted: one configuration file, and `certs.d`.
///
///     {
///       "insecure": ["registry.lan:5000", "10.0.0.0/8"],
///       "mirrors":  {"docker.io": ["https://mirror.lan"]},
///       "aliases":  {"python": "registry.lan/library/python"}
///     }
///
/// \see registry/README.md, "Configuration"

#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "naming/reference.h"

namespace suit::registry {

/// A server that may be asked for a repository.
struct Endpoint {
  std::string host;            ///< with its port, as it is dialled: `registry-1.docker.io`
  std::string account;         ///< whose credentials are sent: `docker.io`
  bool may_be_plain = false;   ///< http is tried when https does not answer
  bool must_be_plain = false;  ///< a mirror given as http://
  http::Tls tls;
};

struct Config {
  std::vector<std::string> insecure;  ///< \shape `host[:port]`, or `a.b.c.d/bits`
  std::map<std::string, std::vector<std::string>> mirrors;  ///< by registry; URLs, tried in order
  std::map<std::string, std::string> aliases;               ///< by what people type, without a tag
  std::vector<std::string> certs_dirs;                      ///< each with a folder a host

  /// Reads `$SUIT_REGISTRIES`, or `~/.config/spacesuit/registries.json`, or
  /// `/etc/spacesuit/registries.json`: the first that is there. None is no error.
  static Result<Config> load();
};

/// \errors 0 naming the member at fault; a member that is not known is one
Result<Config> parse_config(std::string_view text);

/// The servers to ask for \p registry, in order: its mirrors, then itself.
/// \errors 0 for a mirror that is no URL
Result<std::vector<Endpoint>> endpoints(const Config& config, const std::string& registry);
/// The server itself, for pushing.
Endpoint endpoint_of(const Config& config, const std::string& registry);

/// \p text with its alias resolved: `python:3` becomes `registry.lan/library/python:3`.
std::string apply_alias(const Config& config, const std::string& text);

/// Whether \p host is named in `insecure`, or is this machine.
bool is_insecure(const Config& config, std::string_view host);

}  // namespace suit::registry
