// Reading images. What would make two readers disagree, or fail later, is refused here.

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "base/time.h"
#include "oci/cursor_internal.h"
#include "oci/image.h"

namespace suit::oci {
namespace {

constexpr std::uint64_t kSizeLimit = std::numeric_limits<std::int64_t>::max();  // Go's int64
constexpr std::size_t kMediaTypePartLimit = 127;                                // RFC 6838, 4.2

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_media_type_part(std::string_view part) {
  return !part.empty() && part.size() <= kMediaTypePartLimit && is_alnum(part[0]) &&
         std::all_of(part.begin(), part.end(), [](char c) {
           return is_alnum(c) || std::string_view("!#$&^_.+-").find(c) != std::string_view::npos;
         });
}

std::string read_media_type(const Cursor& at) {
  std::string type = at.text();
  const std::size_t slash = type.find('/');
  if (at.present() &&
      (slash == std::string::npos || !is_media_type_part(std::string_view(type).substr(0, slash)) ||
       !is_media_type_part(std::string_view(type).substr(slash + 1))))
    at.refuse(fmt::format("\"{}\" is not a media type", type));
  return type;
}

digest::Digest read_digest(const Cursor& at) {
  if (!at.present()) return {};
  Result<digest::Digest> digest = digest::Digest::parse(at.text());
  if (!digest) at.refuse(digest.error().message());
  return digest.value_or(digest::Digest());
}

// RFC 4648 with padding; only the shape counts, nobody here decodes it.
void check_base64(const Cursor& at) {
  const std::string text = at.text();
  std::string_view rest = text;
  for (int i = 0; i < 2 && rest.ends_with('='); ++i)
    rest.remove_suffix(1);
  const bool alphabet = std::all_of(rest.begin(), rest.end(),
                                    [](char c) { return is_alnum(c) || c == '+' || c == '/'; });
  if (text.size() % 4 != 0 || !alphabet) at.refuse("must be base64 with padding");
}

// RFC 3986: which characters a URI may hold at all.
void check_uri(const Cursor& at) {
  const std::string text = at.text();
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) ||
           std::string_view("-._~:/?#[]@!$&'()*+,;=%").find(c) != std::string_view::npos;
  });
  if (!plain || text.find(':') == std::string::npos) at.refuse("must be a URI");
}

std::string read_time(const Cursor& at) {
  std::string text = at.text();
  if (!text.empty() && !parse_rfc3339(text))
    at.refuse(fmt::format("\"{}\" is not a time as in RFC 3339", text));
  return text;
}

Platform read_platform(const Cursor& at) {
  Platform platform;
  platform.architecture = at.required("architecture").text();
  platform.os = at.required("os").text();
  platform.variant = at.member("variant").text();
  platform.os_version = at.member("os.version").text();
  platform.os_features = at.member("os.features").texts();
  return platform;
}

// The members of an object that nothing here has a name for.
Json other_members(const Cursor& at, std::initializer_list<std::string_view> known) {
  Json others;
  if (!at.present() || !at.value().as_object()) return others;
  for (const auto& [key, value] : *at.value().as_object())
    if (std::find(known.begin(), known.end(), key) == known.end()) others.set(key, value);
  return others;
}

Descriptor read_descriptor(const Cursor& at) {
  Descriptor descriptor;
  if (!at.present()) return descriptor;
  descriptor.media_type = read_media_type(at.required("mediaType"));
  descriptor.digest = read_digest(at.required("digest"));
  descriptor.size_bytes = at.required("size").natural(kSizeLimit);
  for (const Cursor& url : at.member("urls").items())
    check_uri(url);
  if (const Cursor data = at.member("data"); data.present()) check_base64(data);
  read_media_type(at.member("artifactType"));
  if (const Cursor platform = at.member("platform"); platform.present())
    descriptor.platform = read_platform(platform);
  descriptor.annotations = at.member("annotations").text_map();
  descriptor.others = other_members(at, {"mediaType", "digest", "size", "platform", "annotations"});
  return descriptor;
}

// What manifests and indexes have in common. A document with the members of both kinds is two
// documents to two readers (CVE-2021-41190).
std::string read_kind(const Cursor& root, std::array<std::string_view, 2> types,
                      std::initializer_list<std::string_view> foreign) {
  if (root.required("schemaVersion").natural(kSizeLimit) != 2)
    root.member("schemaVersion").refuse("must be 2");
  for (std::string_view key : foreign) {
    if (root.member(key).present())
      root.member(key).refuse("belongs to another kind of document (CVE-2021-41190)");
  }
  const Cursor at = root.member("mediaType");
  std::string type = read_media_type(at);
  if (at.present() && std::find(types.begin(), types.end(), type) == types.end())
    at.refuse(fmt::format("\"{}\" is not {}", type, types[0]));
  read_media_type(root.member("artifactType"));
  read_descriptor(root.member("subject"));
  return at.present() ? type : std::string(types[0]);
}

std::optional<std::vector<std::string>> read_command(const Cursor& at) {
  if (!at.present()) return std::nullopt;
  return at.texts();
}

std::set<std::string> read_set(const Cursor& at) {
  std::set<std::string> out;
  for (const auto& [key, value] : at.members()) {
    if (!value.present() || !value.value().as_object()) value.refuse("must be an object");
    out.insert(key);
  }
  return out;
}

ContainerConfig read_container_config(const Cursor& at) {
  ContainerConfig config;
  if (at.present() && !at.value().as_object()) at.refuse("must be an object");
  config.user = at.member("User").text();
  config.exposed_ports = read_set(at.member("ExposedPorts"));
  config.env = at.member("Env").texts();
  for (std::size_t i = 0; i < config.env.size(); ++i) {
    const std::size_t equals = config.env[i].find('=');
    if (equals == std::string::npos || equals == 0)
      at.member("Env").items()[i].refuse(fmt::format("\"{}\" is not NAME=value", config.env[i]));
  }
  config.entrypoint = read_command(at.member("Entrypoint"));
  config.cmd = read_command(at.member("Cmd"));
  config.volumes = read_set(at.member("Volumes"));
  config.working_dir = at.member("WorkingDir").text();
  config.labels = at.member("Labels").text_map();
  config.stop_signal = at.member("StopSignal").text();
  if (const Cursor healthcheck = at.member("Healthcheck"); healthcheck.present()) {
    if (!healthcheck.value().as_object()) healthcheck.refuse("must be an object");
    config.healthcheck = healthcheck.value();
  }
  config.on_build = at.member("OnBuild").texts();
  config.shell = read_command(at.member("Shell"));
  return config;
}

History read_history(const Cursor& at) {
  History history;
  history.created = read_time(at.member("created"));
  history.created_by = at.member("created_by").text();
  history.author = at.member("author").text();
  history.comment = at.member("comment").text();
  history.empty_layer = at.member("empty_layer").flag();
  return history;
}

void check_object(const Cursor& root) {
  if (!root.present() || !root.value().as_object()) root.refuse("must be an object");
}

}  // namespace

Result<Manifest> parse_manifest(std::string_view text) {
  SUIT_LET(const Json document, parse_json(text));
  Walk walk(PlaceStyle::Dotted);
  const Cursor root(walk, &document, "");
  check_object(root);
  Manifest manifest;
  manifest.media_type =
      read_kind(root, {kMediaManifest, kDockerManifest}, {"manifests", "fsLayers"});
  manifest.config = read_descriptor(root.required("config"));
  for (const Cursor& layer : root.required("layers").items()) {
    if (!layer.present()) layer.refuse("must be an object");
    manifest.layers.push_back(read_descriptor(layer));
  }
  manifest.annotations = root.member("annotations").text_map();
  return walk.finish(std::move(manifest));
}

Result<Index> parse_index(std::string_view text) {
  SUIT_LET(const Json document, parse_json(text));
  Walk walk(PlaceStyle::Dotted);
  const Cursor root(walk, &document, "");
  check_object(root);
  Index index;
  index.media_type = read_kind(root, {kMediaIndex, kDockerIndex}, {"config", "layers", "fsLayers"});
  for (const Cursor& manifest : root.required("manifests").items()) {
    if (!manifest.present()) manifest.refuse("must be an object");
    index.manifests.push_back(read_descriptor(manifest));
  }
  index.annotations = root.member("annotations").text_map();
  index.others = other_members(root, {"schemaVersion", "mediaType", "manifests", "annotations"});
  return walk.finish(std::move(index));
}

Result<ImageConfig> parse_image_config(std::string_view text) {
  SUIT_LET(const Json document, parse_json(text));
  Walk walk(PlaceStyle::Dotted);
  const Cursor root(walk, &document, "");
  check_object(root);
  ImageConfig config;
  config.created = read_time(root.member("created"));
  config.author = root.member("author").text();
  config.platform = read_platform(root);
  config.config = read_container_config(root.member("config"));
  const Cursor rootfs = root.required("rootfs");
  if (rootfs.required("type").text() != "layers")
    rootfs.member("type").refuse("must be \"layers\"");
  for (const Cursor& diff_id : rootfs.member("diff_ids").items()) {
    if (!diff_id.present()) diff_id.refuse("must be a digest");
    config.diff_ids.push_back(read_digest(diff_id));
  }
  for (const Cursor& step : root.member("history").items())
    config.history.push_back(read_history(step));
  return walk.finish(std::move(config));
}

}  // namespace suit::oci
