/// \file
/// Images as the OCI image-spec and Docker describe them: descriptors, manifests, configs.
/// \source OCI image-spec v1.1: descriptor.md, manifest.md, image-index.md, config.md

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "digest/digest.h"
#include "oci/json.h"

namespace suit::oci {

inline constexpr std::string_view kMediaManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kMediaIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kMediaConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kMediaLayerTar = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view kMediaLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view kMediaLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";
// Docker's names for the same things, accepted on reading.
inline constexpr std::string_view kDockerManifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerIndex =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerConfig = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view kDockerLayerTar = "application/vnd.docker.image.rootfs.diff.tar";
inline constexpr std::string_view kDockerLayerGzip =
    "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// What a binary runs on. Go's names: `linux`, `amd64`, `arm64`.
struct Platform {
  std::string os = "linux";
  std::string architecture = "amd64";
  std::string variant;
  std::string os_version;
  std::vector<std::string> os_features = {};
  friend bool operator==(const Platform&, const Platform&) = default;
};

/// The platform this engine was built for.
Platform host_platform();

/// Where content is: type, digest and size of a blob.
struct Descriptor {
  std::string media_type;
  digest::Digest digest;
  std::uint64_t size_bytes = 0;
  std::optional<Platform> platform;
  std::map<std::string, std::string> annotations;
  Json others = {};  ///< members that are not named here (`urls`, `data`, …), as they were; or null
};

struct Manifest {
  std::string media_type = std::string(kMediaManifest);
  Descriptor config;
  std::vector<Descriptor> layers;  ///< lowest first
  std::map<std::string, std::string> annotations;
};

struct Index {
  std::string media_type = std::string(kMediaIndex);
  std::vector<Descriptor> manifests;
  std::map<std::string, std::string> annotations;
  Json others = {};  ///< members that are not named here, as they were; or null
};

/// How a container of the image is run: the `config` object of an image config.
struct ContainerConfig {
  std::string user;
  std::set<std::string> exposed_ports;  ///< \shape `8080/tcp`
  std::vector<std::string> env;         ///< \shape `NAME=value`
  std::optional<std::vector<std::string>> entrypoint;
  std::optional<std::vector<std::string>> cmd;
  std::set<std::string> volumes;
  std::string working_dir;
  std::map<std::string, std::string> labels;
  std::string stop_signal;
  std::optional<Json> healthcheck;  ///< Docker's extension, kept as written
  std::vector<std::string> on_build;
  std::optional<std::vector<std::string>> shell;
};

/// One step of an image's making.
struct History {
  std::string created;  ///< \shape RFC 3339
  std::string created_by;
  std::string author;
  std::string comment;
  bool empty_layer = false;
};

/// The image config: what `docker image inspect` shows, and whose digest is the image id.
struct ImageConfig {
  std::string created;  ///< \shape RFC 3339
  std::string author;
  Platform platform;
  ContainerConfig config;
  std::vector<digest::Digest> diff_ids;  ///< lowest layer first, digests of uncompressed tars
  std::vector<History> history;
};

// What a descriptor or an index has beside the members named here survives reading and writing:
// index.json is rewritten by us and may be another tool's. Manifests and configs keep their bytes.
//
// Readers refuse what the specification forbids: a missing or ill-formed digest, a negative size, a
// media type of another kind, `manifests` beside `layers`. Errors name the member:
// "layers[2].digest".
Result<Manifest> parse_manifest(std::string_view text);
Result<Index> parse_index(std::string_view text);
Result<ImageConfig> parse_image_config(std::string_view text);

std::string to_json(const Manifest& manifest);
std::string to_json(const Index& index);
std::string to_json(const ImageConfig& config);
/// The `config` object alone, Docker's spelling, for inspect.
Json to_json_value(const ContainerConfig& config);

/// The value of \p name in a list of `NAME=value`, or nullopt.
std::optional<std::string> env_value(const std::vector<std::string>& env, std::string_view name);
/// Sets \p name in a list of `NAME=value`: in place if it is there, appended if not.
void set_env(std::vector<std::string>& env, std::string_view name, std::string_view value);

}  // namespace suit::oci
