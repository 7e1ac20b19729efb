// What a specification holds, and writing it.

#include "gpu/cdi_spec.h"

#include <algorithm>

#include "gpu/cdi_version_internal.h"

namespace suit::gpu {
namespace {

using oci::Json;

std::string_view minimum_version(const ContainerEdits& edits) {
  std::string_view least = kVersions.front();
  const auto need = [&](std::string_view version, bool used) {
    if (used && older(least, version)) least = version;
  };
  need("0.4.0", std::ranges::any_of(edits.mounts, [](const auto& m) { return !m.type.empty(); }));
  need("0.5.0", std::ranges::any_of(edits.device_nodes,
                                    [](const auto& node) { return !node.host_path.empty(); }));
  need("0.7.0", edits.intel_rdt.has_value() || !edits.additional_gids.empty());
  const bool new_rdt = edits.intel_rdt && (edits.intel_rdt->members.find("schemata") ||
                                           edits.intel_rdt->members.find("enableMonitoring"));
  need("1.1.0", new_rdt || !edits.net_devices.empty());
  return least;
}

void put(Json& object, std::string_view key, const std::string& text) {
  if (!text.empty()) object.set(key, text);
}

void put(Json& object, std::string_view key, const std::vector<std::string>& texts) {
  if (!texts.empty()) object.set(key, texts);
}

void put(Json& object, std::string_view key, const std::map<std::string, std::string>& map) {
  if (map.empty()) return;
  Json out = Json::object();
  for (const auto& [name, value] : map)
    out.append_unchecked(name, value);
  object.set(key, std::move(out));
}

Json to_value(const CdiDeviceNode& node) {
  Json out = Json::object();
  out.set("path", node.path);
  put(out, "hostPath", node.host_path);
  put(out, "type", node.type);
  if (node.major != 0 || node.minor != 0) out.set("major", node.major).set("minor", node.minor);
  if (node.file_mode) out.set("fileMode", *node.file_mode);
  put(out, "permissions", node.permissions);
  if (node.uid) out.set("uid", *node.uid);
  if (node.gid) out.set("gid", *node.gid);
  return out;
}

Json to_value(const CdiMount& mount) {
  Json out = Json::object();
  out.set("hostPath", mount.host_path).set("containerPath", mount.container_path);
  put(out, "type", mount.type);
  put(out, "options", mount.options);
  return out;
}

Json to_value(const CdiHook& hook) {
  Json out = Json::object();
  out.set("hookName", hook.name).set("path", hook.path);
  put(out, "args", hook.args);
  put(out, "env", hook.env);
  if (hook.timeout_s) out.set("timeout", *hook.timeout_s);
  return out;
}

Json to_value(const CdiNetDevice& device) {
  Json out = Json::object();
  return out.set("hostInterfaceName", device.host_interface).set("name", device.name);
}

Json to_value(std::uint32_t number) { return number; }

template <typename T>
void put_each(Json& object, std::string_view key, const std::vector<T>& items) {
  if (items.empty()) return;
  Json out = Json::array();
  for (const T& item : items)
    out.push(to_value(item));
  object.set(key, std::move(out));
}

template <typename T>
void append_to(std::vector<T>& list, const std::vector<T>& more) {
  list.insert(list.end(), more.begin(), more.end());
}

}  // namespace

bool ContainerEdits::empty() const { return *this == ContainerEdits{}; }

void ContainerEdits::append(const ContainerEdits& other) {
  append_to(env, other.env);
  append_to(device_nodes, other.device_nodes);
  append_to(net_devices, other.net_devices);
  append_to(hooks, other.hooks);
  append_to(mounts, other.mounts);
  append_to(additional_gids, other.additional_gids);
  if (other.intel_rdt) intel_rdt = other.intel_rdt;
}

std::string_view minimum_version(const CdiSpec& spec) {
  std::string_view least = minimum_version(spec.edits);
  const auto need = [&](std::string_view version, bool used) {
    if (used && older(least, version)) least = version;
  };
  const std::size_t slash = std::min(spec.kind.find('/'), spec.kind.size());
  need("0.6.0", !spec.annotations.empty() || spec.kind.find('.', slash) != std::string::npos);
  for (const CdiDevice& device : spec.devices) {
    need(minimum_version(device.edits), true);
    need("0.6.0", !device.annotations.empty());
    need("0.5.0", !device.name.empty() && device.name[0] >= '0' && device.name[0] <= '9');
  }
  return least;
}

Json to_value(const ContainerEdits& edits) {
  Json out = Json::object();
  put(out, "env", edits.env);
  put_each(out, "deviceNodes", edits.device_nodes);
  put_each(out, "netDevices", edits.net_devices);
  put_each(out, "hooks", edits.hooks);
  put_each(out, "mounts", edits.mounts);
  if (edits.intel_rdt) out.set("intelRdt", edits.intel_rdt->members);
  put_each(out, "additionalGids", edits.additional_gids);
  return out;
}

Json to_value(const CdiSpec& spec) {
  Json out = Json::object();
  out.set("cdiVersion", spec.version).set("kind", spec.kind);
  put(out, "annotations", spec.annotations);
  Json devices = Json::array();
  for (const CdiDevice& device : spec.devices) {
    Json one = Json::object();
    one.set("name", device.name);
    put(one, "annotations", device.annotations);
    one.set("containerEdits", to_value(device.edits));
    devices.push(std::move(one));
  }
  out.set("devices", std::move(devices));
  if (!spec.edits.empty()) out.set("containerEdits", to_value(spec.edits));
  return out;
}

}  // namespace suit::gpu
