#include "registry/config.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "http/url.h"
#include "oci/json.h"
#include "os/file.h"

namespace suit::registry {
namespace {

// Docker Hub answers under another name than the one that images have.
constexpr std::string_view kHub = "docker.io";
constexpr std::string_view kHubHost = "registry-1.docker.io";

std::string home_dir() {
  const char* home = ::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): nobody sets it here
  return home ? home : "";
}

std::optional<std::uint32_t> ipv4(std::string_view host) {
  in_addr address{};
  std::string name(host.substr(0, host.find(':')));
  if (::inet_pton(AF_INET, name.c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

bool is_in_network(std::string_view host, std::string_view network) {
  std::size_t slash = network.find('/');
  unsigned bits = 33;
  std::string_view text = network.substr(slash + 1);
  std::from_chars(text.data(), text.data() + text.size(), bits);
  auto base = ipv4(network.substr(0, slash));
  auto address = ipv4(host);
  if (!base || !address || bits > 32) return false;
  std::uint32_t mask = bits == 0 ? 0 : ~std::uint32_t{0} << (32 - bits);
  return (*base & mask) == (*address & mask);
}

Result<std::vector<std::string>> texts_of(const oci::Json& value, std::string_view what) {
  std::vector<std::string> out;
  if (!value.as_array()) return fail(0, fmt::format("\"{}\" must be a list of texts", what));
  for (const oci::Json& item : *value.as_array()) {
    if (!item.as_string()) return fail(0, fmt::format("\"{}\" must be a list of texts", what));
    out.push_back(*item.as_string());
  }
  return out;
}

Result<void> read_member(Config& config, const std::string& name, const oci::Json& value) {
  if (name == "insecure") {
    SUIT_LET(config.insecure, texts_of(value, name));
    return {};
  }
  const oci::Json::Object* object = value.as_object();
  if (name != "mirrors" && name != "aliases")
    return fail(0,
                fmt::format("\"{}\" is not known: there are insecure, mirrors and aliases", name));
  if (!object) return fail(0, fmt::format("\"{}\" must be an object", name));
  for (const auto& [key, item] : *object) {
    if (name == "mirrors") {
      SUIT_LET(config.mirrors[key], texts_of(item, name + "." + key));
    } else if (!item.as_string()) {
      return fail(0, fmt::format("\"aliases.{}\" must be a text", key));
    } else {
      config.aliases[key] = *item.as_string();
    }
  }
  return {};
}

// certs.d/<host>/: ca.crt and other *.crt, client.cert with client.key.
http::Tls find_certificates(const Config& config, const std::string& host) {
  http::Tls tls;
  for (const std::string& dir : config.certs_dirs) {
    std::string folder = dir + "/" + host;
    auto names = os::list_dir(folder);
    if (!names) continue;
    for (const std::string& name : *names) {
      if (name.ends_with(".crt") && (tls.ca_file.empty() || name == "ca.crt"))
        tls.ca_file = folder + "/" + name;
      if (!name.ends_with(".cert")) continue;
      std::string key = folder + "/" + name.substr(0, name.size() - 5) + ".key";
      if (::access(key.c_str(), R_OK) != 0) continue;
      tls.cert_file = folder + "/" + name;
      tls.key_file = key;
    }
    return tls;
  }
  return tls;
}

}  // namespace

Result<Config> parse_config(std::string_view text) {
  SUIT_LET(oci::Json json, oci::parse_json(text));
  if (!json.as_object()) return fail(0, "an object is expected");
  Config config;
  for (const auto& [name, value] : *json.as_object())
    SUIT_TRY(read_member(config, name, value));
  return config;
}

Result<Config> Config::load() {
  std::vector<std::string> paths;
  const char* named = ::getenv("SUIT_REGISTRIES");  // NOLINT(concurrency-mt-unsafe)
  std::string home = home_dir();
  if (named) paths = {named};
  if (!named && !home.empty()) paths.push_back(home + "/.config/spacesuit/registries.json");
  if (!named) paths.emplace_back("/etc/spacesuit/registries.json");
  Config config;
  for (const std::string& path : paths) {
    auto text = os::read_file(path, 1U << 20);
    if (!text && text.error().code() == ENOENT && !named) continue;
    if (!text) return std::unexpected(std::move(text).error());
    auto parsed = parse_config(*text);
    if (!parsed) return wrap(std::move(parsed).error(), path);
    config = *std::move(parsed);
    break;
  }
  if (!home.empty()) config.certs_dirs.push_back(home + "/.config/spacesuit/certs.d");
  for (const char* dir :
       {"/etc/spacesuit/certs.d", "/etc/docker/certs.d", "/etc/containers/certs.d"})
    config.certs_dirs.emplace_back(dir);
  return config;
}

bool is_insecure(const Config& config, std::string_view host) {
  if (http::is_loopback(host)) return true;
  return std::ranges::any_of(config.insecure, [&](const std::string& each) {
    return each.find('/') == std::string::npos ? each == host : is_in_network(host, each);
  });
}

Endpoint endpoint_of(const Config& config, const std::string& registry) {
  Endpoint out;
  out.host = registry == kHub ? kHubHost : registry;
  out.account = registry;
  out.may_be_plain = is_insecure(config, registry);
  out.tls = find_certificates(config, registry);
  // Loopback may be plain, but what shows a certificate there must show a good one.
  out.tls.verify = !out.may_be_plain || http::is_loopback(registry);
  return out;
}

Result<std::vector<Endpoint>> endpoints(const Config& config, const std::string& registry) {
  std::vector<Endpoint> out;
  if (auto mirrors = config.mirrors.find(registry); mirrors != config.mirrors.end())
    for (const std::string& text : mirrors->second) {
      auto url = http::parse_url(text);
      if (!url) return wrap(std::move(url).error(), "mirror of " + registry);
      std::string host = url->host + (url->port.empty() ? "" : ":" + url->port);
      Endpoint mirror = endpoint_of(config, host);
      mirror.must_be_plain = url->scheme == "http";
      mirror.may_be_plain = mirror.must_be_plain;
      out.push_back(std::move(mirror));
    }
  out.push_back(endpoint_of(config, registry));
  return out;
}

std::string apply_alias(const Config& config, const std::string& text) {
  std::size_t slash = text.rfind('/');
  std::size_t end = text.find_first_of(":@", slash == std::string::npos ? 0 : slash);
  auto alias = config.aliases.find(text.substr(0, end));
  if (alias == config.aliases.end()) return text;
  return alias->second + (end == std::string::npos ? "" : text.substr(end));
}

}  // namespace suit::registry
