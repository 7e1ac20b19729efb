#include "registry/credentials.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "oci/json.h"
#include "os/file.h"
#include "os/process.h"

namespace suit::registry {
namespace {

constexpr std::string_view kHubKey = "https://index.docker.io/v1/";
constexpr std::string_view kTokenUser = "<token>";  // a helper's word for an identity token
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string variable(const char* name) {
  const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it here
  return value ? value : "";
}

// The host of a key: `https://index.docker.io/v1/` is `index.docker.io`.
std::string host_of_key(std::string_view key) {
  if (std::size_t mark = key.find("://"); mark != std::string_view::npos)
    key.remove_prefix(mark + 3);
  return std::string(key.substr(0, key.find('/')));
}

bool names_registry(std::string_view key, const std::string& registry) {
  if (key == registry || key == login_key(registry)) return true;
  std::string host = host_of_key(key);
  // A key with a path but no scheme is podman's, for a part of the registry.
  bool is_part =
      key.find("://") == std::string_view::npos && key.find('/') != std::string_view::npos;
  if (is_part) return false;
  return host == registry ||
         (registry == "docker.io" && (host == "index.docker.io" || host == "registry-1.docker.io"));
}

Result<oci::Json> read_json(const std::string& path) {
  auto text = os::read_file(path, 4U << 20);
  if (!text && text.error().code() == ENOENT) return oci::Json::object();
  if (!text) return std::unexpected(std::move(text).error());
  if (text->find_first_not_of(" \t\r\n") == std::string::npos) return oci::Json::object();
  auto json = oci::parse_json(*text);
  // The parser's message may quote what it found: a password is in there.
  if (!json || !json->as_object())
    return fail(0, fmt::format("{} is no JSON object", path),
                "mend it, or log in anew after removing it");
  return *std::move(json);
}

Result<Login> login_of(const oci::Json& entry, const std::string& path) {
  Login login;
  login.identity_token = entry.string_or("identitytoken");
  login.registry_token = entry.string_or("registrytoken");
  login.username = entry.string_or("username");
  login.password = entry.string_or("password");
  std::string auth = entry.string_or("auth");
  if (auth.empty()) return login;
  auto text = base64_decode(auth);
  std::size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos)
    return fail(0, fmt::format("{}: an \"auth\" is not base64 of name:password", path));
  login.username = text->substr(0, colon);
  login.password = text->substr(colon + 1);
  // Docker of old padded with zero bytes.
  login.password.erase(std::min(login.password.find('\0'), login.password.size()));
  return login;
}

// Which helper keeps the logins for a registry; empty when none does.
std::string helper_of(const oci::Json& config, const std::string& registry) {
  if (const oci::Json* helpers = config.find("credHelpers"); helpers && helpers->as_object())
    for (const auto& [key, value] : *helpers->as_object())
      if (value.as_string() && names_registry(key, registry)) return *value.as_string();
  return config.string_or("credsStore");
}

// The search that execvp(3) would do: our spawn takes a path.
Result<std::string> find_helper_program(const std::string& helper) {
  if (helper.empty() || helper.find('/') != std::string::npos)
    return fail(EINVAL, fmt::format("credential helper \"{}\"", helper));
  std::string program = "docker-credential-" + helper;
  std::string path = variable("PATH");
  std::size_t at = 0;
  while (at <= path.size()) {
    std::size_t end = std::min(path.find(':', at), path.size());
    std::string candidate = path.substr(at, end - at) + "/" + program;
    if (end > at && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    at = end + 1;
  }
  return fail(ENOENT, fmt::format("{} is not in PATH", program),
              "install it, or take it out of credHelpers and credsStore in Docker's config.json");
}

Result<os::Captured> run_helper(const std::string& helper, const std::string& action,
                                const std::string& input) {
  SUIT_LET(std::string program, find_helper_program(helper));
  os::SpawnOptions options;
  for (char** entry = ::environ; *entry; ++entry)
    options.env.emplace_back(*entry);
  return os::run_and_capture({program, action}, input, std::move(options));
}

Result<Login> ask_helper(const std::string& helper, const std::string& registry) {
  SUIT_LET(os::Captured said, run_helper(helper, "get", login_key(registry)));
  std::string text = said.out + said.err;
  if (said.status.shell_code() != 0) {
    if (text.find("credentials not found") != std::string::npos) return Login();
    return fail(
        0, fmt::format("docker-credential-{} get: exit code {}", helper, said.status.shell_code()));
  }
  auto json = oci::parse_json(said.out);
  if (!json || !json->as_object())
    return fail(0, fmt::format("docker-credential-{} get: its answer is no JSON object", helper));
  Login login;
  std::string username = json->string_or("Username");
  std::string secret = json->string_or("Secret");
  if (username == kTokenUser) {
    login.identity_token = secret;
  } else {
    login.username = username;
    login.password = secret;
  }
  return login;
}

Result<Login> login_in_docker(const std::string& path, const std::string& registry) {
  SUIT_LET(oci::Json config, read_json(path));
  if (std::string helper = helper_of(config, registry); !helper.empty()) {
    SUIT_LET(Login login, ask_helper(helper, registry));
    if (!login.is_anonymous()) return login;
  }
  const oci::Json* auths = config.find("auths");
  if (!auths || !auths->as_object()) return Login();
  for (const auto& [key, entry] : *auths->as_object())
    if (names_registry(key, registry)) return login_of(entry, path);
  return Login();
}

// The longest key that the repository lies below.
Result<Login> login_in_podman(const std::string& path, const std::string& registry,
                              std::string_view repository) {
  SUIT_LET(oci::Json config, read_json(path));
  const oci::Json* auths = config.find("auths");
  if (!auths || !auths->as_object()) return Login();
  std::string name = registry + "/" + std::string(repository);
  const oci::Json* best = nullptr;
  std::size_t best_size = 0;
  for (const auto& [key, entry] : *auths->as_object()) {
    bool below = name == key || name.starts_with(key + "/") || names_registry(key, registry);
    if (!below || (best && key.size() <= best_size)) continue;
    best = &entry;
    best_size = key.size();
  }
  return best ? login_of(*best, path) : Login();
}

Result<void> write_config(const std::string& path, const oci::Json& config) {
  SUIT_TRY(os::make_dirs(path.substr(0, path.rfind('/'))));
  return os::replace_file(path, config.dump(2) + "\n", 0600, os::Durable::Yes);
}

// `config` without the entry of `registry` in auths.
std::pair<oci::Json, bool> without(const oci::Json& config, const std::string& registry) {
  oci::Json auths = oci::Json::object();
  bool found = false;
  if (const oci::Json* old = config.find("auths"); old && old->as_object())
    for (const auto& [key, entry] : *old->as_object()) {
      if (names_registry(key, registry))
        found = true;
      else
        auths.set(key, entry);
    }
  oci::Json out = config;
  out.set("auths", std::move(auths));
  return {std::move(out), found};
}

}  // namespace

std::string login_key(const std::string& registry) {
  return registry == "docker.io" ? std::string(kHubKey) : registry;
}

LoginFiles LoginFiles::from_environment() {
  LoginFiles files;
  std::string home = variable("HOME");
  std::string docker = variable("DOCKER_CONFIG");
  if (docker.empty() && !home.empty()) docker = home + "/.docker";
  if (!docker.empty()) files.docker = docker + "/config.json";
  if (std::string named = variable("REGISTRY_AUTH_FILE"); !named.empty())
    files.podman.push_back(named);
  if (std::string run = variable("XDG_RUNTIME_DIR"); !run.empty())
    files.podman.push_back(run + "/containers/auth.json");
  if (!home.empty()) files.podman.push_back(home + "/.config/containers/auth.json");
  return files;
}

Result<Login> find_login(const LoginFiles& files, const std::string& registry,
                         std::string_view repository) {
  if (!files.docker.empty()) {
    SUIT_LET(Login login, login_in_docker(files.docker, registry));
    if (!login.is_anonymous()) return login;
  }
  for (const std::string& path : files.podman) {
    SUIT_LET(Login login, login_in_podman(path, registry, repository));
    if (!login.is_anonymous()) return login;
  }
  return Login();
}

Result<Stored> store_login(const LoginFiles& files, const std::string& registry,
                           const Login& login) {
  if (files.docker.empty())
    return fail(0, "HOME is not set, so there is no place for the login",
                "set it, or DOCKER_CONFIG");
  SUIT_LET(oci::Json config, read_json(files.docker));
  bool is_token = !login.identity_token.empty();
  if (std::string helper = helper_of(config, registry); !helper.empty()) {
    oci::Json item = oci::Json::object();
    item.set("ServerURL", login_key(registry));
    item.set("Username", is_token ? std::string(kTokenUser) : login.username);
    item.set("Secret", is_token ? login.identity_token : login.password);
    SUIT_LET(os::Captured said, run_helper(helper, "store", item.dump()));
    if (said.status.shell_code() != 0)
      return fail(0, fmt::format("docker-credential-{} store: exit code {}", helper,
                                 said.status.shell_code()));
    return Stored{.where = "docker-credential-" + helper, .is_readable = false};
  }
  auto [out, found] = without(config, registry);
  oci::Json auths = *out.find("auths");
  oci::Json entry = oci::Json::object();
  entry.set("auth", base64_encode(login.username + ":" + (is_token ? "" : login.password)));
  if (is_token) entry.set("identitytoken", login.identity_token);
  auths.set(login_key(registry), std::move(entry));
  out.set("auths", std::move(auths));
  SUIT_TRY(write_config(files.docker, out));
  return Stored{.where = files.docker, .is_readable = true};
}

Result<bool> erase_login(const LoginFiles& files, const std::string& registry) {
  bool found = false;
  for (const std::string& path : files.podman) {
    SUIT_LET(oci::Json config, read_json(path));
    auto [out, here] = without(config, registry);
    if (here) SUIT_TRY(write_config(path, out));
    found = found || here;
  }
  if (files.docker.empty()) return found;
  SUIT_LET(oci::Json config, read_json(files.docker));
  if (std::string helper = helper_of(config, registry); !helper.empty()) {
    SUIT_LET(os::Captured said, run_helper(helper, "erase", login_key(registry)));
    found = found || said.status.shell_code() == 0;
  }
  auto [out, here] = without(config, registry);
  if (here) SUIT_TRY(write_config(files.docker, out));
  return found || here;
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8U | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      out += k <= count ? kBase64[(group >> (18 - 6 * k)) & 63U] : '=';
  }
  return out;
}

Result<std::string> base64_decode(std::string_view text) {
  while (text.ends_with('='))
    text.remove_suffix(1);
  std::string out;
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (char c : text) {
    std::size_t value = kBase64.find(c);
    if (value == std::string_view::npos) return fail(0, "not base64");
    group = (group << 6U | static_cast<std::uint32_t>(value)) & 0xffffffU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>((group >> bits) & 0xffU);
  }
  return out;
}

}  // namespace suit::registry
