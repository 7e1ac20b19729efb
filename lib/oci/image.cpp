// Writing images: the members, their order and what is left out are those of Docker, so that the
// same content has the same digest whoever wrote it.

#include "oci/image.h"

#include "oci/omitempty_internal.h"

namespace suit::oci {
namespace {

Json object_of(const std::map<std::string, std::string>& map) {
  Json object = Json::object();
  for (const auto& [key, value] : map)
    object.append_unchecked(key, value);
  return object;
}

Json object_of(const std::set<std::string>& set) {
  Json object = Json::object();
  for (const std::string& key : set)
    object.append_unchecked(key, Json::object());
  return object;
}

void append(Json& out, const Json& others) {
  if (!others.as_object()) return;
  for (const auto& [key, value] : *others.as_object())
    out.set(key, value);
}

Json to_value(const Descriptor& descriptor) {
  Json out = Json::object();
  out.set("mediaType", descriptor.media_type);
  out.set("digest", descriptor.digest.text());
  out.set("size", descriptor.size_bytes);
  if (!descriptor.annotations.empty()) out.set("annotations", object_of(descriptor.annotations));
  if (descriptor.platform) {
    Json platform = Json::object();
    platform.set("architecture", descriptor.platform->architecture);
    platform.set("os", descriptor.platform->os);
    put(platform, "os.version", descriptor.platform->os_version);
    if (!descriptor.platform->os_features.empty())
      platform.set("os.features", descriptor.platform->os_features);
    put(platform, "variant", descriptor.platform->variant);
    out.set("platform", std::move(platform));
  }
  append(out, descriptor.others);
  return out;
}

Json to_value(const std::vector<Descriptor>& descriptors) {
  Json out = Json::array();
  for (const Descriptor& descriptor : descriptors)
    out.push(to_value(descriptor));
  return out;
}

Json to_value(const History& history) {
  Json out = Json::object();
  put(out, "created", history.created);
  put(out, "created_by", history.created_by);
  put(out, "author", history.author);
  put(out, "comment", history.comment);
  if (history.empty_layer) out.set("empty_layer", true);
  return out;
}

}  // namespace

Platform host_platform() {
  Platform platform;
#if defined(__x86_64__)
  platform.architecture = "amd64";
#elif defined(__aarch64__)
  platform.architecture = "arm64";
#elif defined(__riscv) && __riscv_xlen == 64
  platform.architecture = "riscv64";
#else
#error "name this architecture as Go does (GOARCH)"
#endif
  return platform;
}

std::string to_json(const Manifest& manifest) {
  Json out = Json::object();
  out.set("schemaVersion", 2);
  out.set("mediaType", manifest.media_type);
  out.set("config", to_value(manifest.config));
  out.set("layers", to_value(manifest.layers));
  if (!manifest.annotations.empty()) out.set("annotations", object_of(manifest.annotations));
  return out.dump();
}

std::string to_json(const Index& index) {
  Json out = Json::object();
  out.set("schemaVersion", 2);
  out.set("mediaType", index.media_type);
  out.set("manifests", to_value(index.manifests));
  if (!index.annotations.empty()) out.set("annotations", object_of(index.annotations));
  append(out, index.others);
  return out.dump();
}

Json to_json_value(const ContainerConfig& config) {
  Json out = Json::object();
  put(out, "User", config.user);
  if (!config.exposed_ports.empty()) out.set("ExposedPorts", object_of(config.exposed_ports));
  if (!config.env.empty()) out.set("Env", config.env);
  if (config.entrypoint) out.set("Entrypoint", *config.entrypoint);
  if (config.cmd) out.set("Cmd", *config.cmd);
  if (!config.volumes.empty()) out.set("Volumes", object_of(config.volumes));
  put(out, "WorkingDir", config.working_dir);
  if (!config.labels.empty()) out.set("Labels", object_of(config.labels));
  put(out, "StopSignal", config.stop_signal);
  if (config.healthcheck) out.set("Healthcheck", *config.healthcheck);
  if (!config.on_build.empty()) out.set("OnBuild", config.on_build);
  if (config.shell) out.set("Shell", *config.shell);
  return out;
}

std::string to_json(const ImageConfig& config) {
  Json out = Json::object();
  out.set("architecture", config.platform.architecture);
  put(out, "author", config.author);
  out.set("config", to_json_value(config.config));
  put(out, "created", config.created);
  if (!config.history.empty()) {
    Json history = Json::array();
    for (const History& step : config.history)
      history.push(to_value(step));
    out.set("history", std::move(history));
  }
  out.set("os", config.platform.os);
  if (!config.platform.os_features.empty()) out.set("os.features", config.platform.os_features);
  put(out, "os.version", config.platform.os_version);
  Json diff_ids = Json::array();
  for (const digest::Digest& diff_id : config.diff_ids)
    diff_ids.push(diff_id.text());
  Json rootfs = Json::object();
  rootfs.set("type", "layers").set("diff_ids", std::move(diff_ids));
  out.set("rootfs", std::move(rootfs));
  put(out, "variant", config.platform.variant);
  return out.dump();
}

std::optional<std::string> env_value(const std::vector<std::string>& env, std::string_view name) {
  // The first one, as getenv(3).
  for (const std::string& entry : env) {
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
      return entry.substr(name.size() + 1);
  }
  return std::nullopt;
}

void set_env(std::vector<std::string>& env, std::string_view name, std::string_view value) {
  std::string entry = std::string(name).append("=").append(value);
  for (std::string& old : env) {
    if (old.size() > name.size() && old.starts_with(name) && old[name.size()] == '=') {
      old = std::move(entry);
      return;
    }
  }
  env.push_back(std::move(entry));
}

}  // namespace suit::oci
