#include "gpu/cdi_apply.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "oci/image.h"

namespace suit::gpu {
namespace {

using oci::Json;

// The member \p key of \p object, made when it is not there.
Json& child(Json& object, std::string_view key, Json otherwise) {
  if (const Json* found = object.find(key); !found || found->is_null())
    object.set(key, std::move(otherwise));
  return const_cast<Json&>(*object.find(key));
}

// \p array without the items whose \p key is \p value.
Json without(const Json& array, std::string_view key, const std::string& value) {
  Json kept = Json::array();
  if (const auto* items = array.as_array())
    for (const Json& item : *items)
      if (item.string_or(key) != value) kept.push(item);
  return kept;
}

void apply_env(Json& config, const std::vector<std::string>& env) {
  if (env.empty()) return;
  Json& process = child(config, "process", Json::object());
  std::vector<std::string> all;
  if (const Json* old = process.find("env"); old && old->as_array())
    for (const Json& item : *old->as_array())
      if (const std::string* text = item.as_string()) all.push_back(*text);
  for (const std::string& item : env) {
    const std::size_t equals = item.find('=');
    oci::set_env(all, item.substr(0, equals), item.substr(equals + 1));
  }
  process.set("env", all);
}

char node_type(mode_t mode) {
  return S_ISBLK(mode) ? 'b' : S_ISCHR(mode) ? 'c' : S_ISFIFO(mode) ? 'p' : '\0';
}

// What the file leaves open is as on the host. lstat: a link under a device's name is no device.
Result<void> complete(CdiDeviceNode& node, const os::Root& host) {
  if (!node.type.empty() && (node.major != 0 || node.type == "p")) return {};
  const std::string& path = node.host_path.empty() ? node.path : node.host_path;
  auto info = host.lstat(path);
  if (!info) return wrap(std::move(info).error(), fmt::format("device node \"{}\"", path));
  const char type = node_type(info->st_mode);
  if (type == '\0') return fail(0, fmt::format("\"{}\" is not a device node", path));
  const bool differs =
      !node.type.empty() && node.type[0] != type && !(node.type == "u" && type == 'c');
  if (differs)
    return fail(0, fmt::format("device node \"{}\" is of type {}, not {}", path, type, node.type));
  node.type = type;
  if (node.major == 0 && type != 'p') {
    node.major = major(info->st_rdev);
    node.minor = minor(info->st_rdev);
  }
  if (!node.file_mode) node.file_mode = info->st_mode & 07777U;
  return {};
}

// A process that is not root should own what was made for it; root owns what nobody else does.
void give_to_process(CdiDeviceNode& node, const Json& config) {
  const Json* process = config.find("process");
  const Json* user = process ? process->find("user") : nullptr;
  if (!user) return;
  const auto id = [&](std::string_view key) -> std::optional<std::uint32_t> {
    const Json* value = user->find(key);
    const auto number = value ? value->as_uint() : std::nullopt;
    return number && *number > 0 && *number <= UINT32_MAX
               ? std::optional(static_cast<std::uint32_t>(*number))
               : std::nullopt;
  };
  if (!node.uid) node.uid = id("uid");
  if (!node.gid) node.gid = id("gid");
}

Json device_of(const CdiDeviceNode& node) {
  Json out = Json::object();
  out.set("path", node.path).set("type", node.type);
  if (node.type != "p") out.set("major", node.major).set("minor", node.minor);
  if (node.file_mode) out.set("fileMode", *node.file_mode);
  if (node.uid) out.set("uid", *node.uid);
  if (node.gid) out.set("gid", *node.gid);
  return out;
}

void allow_device(Json& linux_part, const CdiDeviceNode& node) {
  if (node.type != "b" && node.type != "c") return;
  Json rule = Json::object();
  rule.set("allow", true).set("type", node.type).set("major", node.major).set("minor", node.minor);
  rule.set("access", node.permissions.empty()     ? "rwm"
                     : node.permissions == "none" ? ""
                                                  : node.permissions);
  Json& resources = child(linux_part, "resources", Json::object());
  child(resources, "devices", Json::array()).push(std::move(rule));
}

Result<void> apply_nodes(Json& config, std::vector<CdiDeviceNode> nodes, const os::Root& host) {
  for (CdiDeviceNode& node : nodes) {
    SUIT_TRY(complete(node, host));
    give_to_process(node, config);
    Json& linux_part = child(config, "linux", Json::object());
    Json devices = without(child(linux_part, "devices", Json::array()), "path", node.path);
    devices.push(device_of(node));
    linux_part.set("devices", std::move(devices));
    allow_device(linux_part, node);
  }
  return {};
}

bool has_user_namespace(const Json& config) {
  const Json* linux_part = config.find("linux");
  const Json* spaces = linux_part ? linux_part->find("namespaces") : nullptr;
  const auto* items = spaces ? spaces->as_array() : nullptr;
  return items && std::ranges::any_of(
                      *items, [](const Json& item) { return item.string_or("type") == "user"; });
}

// Components of a path, `.` and empty ones not counted: what must be mounted first is shorter.
std::size_t depth_of(const std::string& path) {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = std::string_view(path).substr(at, end - at);
    if (!part.empty() && part != ".") ++depth;
    at = end + 1;
  }
  return depth;
}

std::vector<std::string> mount_options(const CdiMount& mount, bool in_user_namespace) {
  std::vector<std::string> options = mount.options;
  const auto has = [&](std::string_view word) {
    return std::ranges::find(options, word) != options.end();
  };
  // Else the files would belong to nobody in there.
  if (in_user_namespace && mount.type == "bind" && !has("idmap") && !has("ridmap"))
    options.emplace_back(has("rbind") ? "ridmap" : "idmap");
  return options;
}

void apply_mounts(Json& config, const std::vector<CdiMount>& mounts) {
  if (mounts.empty()) return;
  const bool in_user_namespace = has_user_namespace(config);
  Json all = child(config, "mounts", Json::array());
  for (const CdiMount& mount : mounts) {
    Json item = Json::object();
    item.set("destination", mount.container_path);
    if (!mount.type.empty()) item.set("type", mount.type);
    item.set("source", mount.host_path);
    if (const auto options = mount_options(mount, in_user_namespace); !options.empty())
      item.set("options", options);
    all = without(all, "destination", mount.container_path);
    all.push(std::move(item));
  }
  Json::Array sorted = *all.as_array();
  std::ranges::stable_sort(
      sorted, {}, [](const Json& item) { return depth_of(item.string_or("destination")); });
  Json out = Json::array();
  for (Json& item : sorted)
    out.push(std::move(item));
  config.set("mounts", std::move(out));
}

void apply_hooks(Json& config, const std::vector<CdiHook>& hooks) {
  for (const CdiHook& hook : hooks) {
    Json item = Json::object();
    item.set("path", hook.path);
    if (!hook.args.empty()) item.set("args", hook.args);
    // Exactly these: a hook that inherited the container's variables would be the container's
    // (CVE-2025-23266).
    if (!hook.env.empty()) item.set("env", hook.env);
    if (hook.timeout_s) item.set("timeout", *hook.timeout_s);
    child(child(config, "hooks", Json::object()), hook.name, Json::array()).push(std::move(item));
  }
}

void apply_net_devices(Json& config, const std::vector<CdiNetDevice>& devices) {
  for (const CdiNetDevice& device : devices) {
    Json item = Json::object();
    item.set("name", device.name);
    Json& linux_part = child(config, "linux", Json::object());
    child(linux_part, "netDevices", Json::object()).set(device.host_interface, std::move(item));
  }
}

void apply_groups(Json& config, const std::vector<std::uint32_t>& groups) {
  if (groups.empty()) return;
  Json& user = child(child(config, "process", Json::object()), "user", Json::object());
  Json& list = child(user, "additionalGids", Json::array());
  std::set<std::uint64_t> there = {0};  // root's group is nobody's additional one
  if (const auto* items = list.as_array())
    for (const Json& item : *items)
      there.insert(item.as_uint().value_or(0));
  for (std::uint32_t group : groups)
    if (there.insert(group).second) list.push(group);
}

// What `child` reaches into must be what it seems to be.
Result<void> check_shapes(const Json& config) {
  const auto check = [](const Json* at, std::string_view pointer, bool is_object) -> Result<void> {
    const bool fits = !at || at->is_null() ||
                      (is_object ? at->as_object() != nullptr : at->as_array() != nullptr);
    if (fits) return {};
    return fail(0, fmt::format("{}: must be an {}", pointer, is_object ? "object" : "array"));
  };
  SUIT_TRY(check(&config, "/", true));
  if (config.is_null()) return fail(0, "/: must be an object");
  const Json* process = config.find("process");
  const Json* user = process ? process->find("user") : nullptr;
  const Json* linux_part = config.find("linux");
  const Json* resources = linux_part ? linux_part->find("resources") : nullptr;
  const Json* hooks = config.find("hooks");
  SUIT_TRY(check(process, "/process", true));
  SUIT_TRY(check(user, "/process/user", true));
  SUIT_TRY(
      check(user ? user->find("additionalGids") : nullptr, "/process/user/additionalGids", false));
  SUIT_TRY(check(linux_part, "/linux", true));
  SUIT_TRY(check(linux_part ? linux_part->find("devices") : nullptr, "/linux/devices", false));
  SUIT_TRY(check(linux_part ? linux_part->find("netDevices") : nullptr, "/linux/netDevices", true));
  SUIT_TRY(check(resources, "/linux/resources", true));
  SUIT_TRY(
      check(resources ? resources->find("devices") : nullptr, "/linux/resources/devices", false));
  SUIT_TRY(check(config.find("mounts"), "/mounts", false));
  SUIT_TRY(check(hooks, "/hooks", true));
  if (hooks && hooks->as_object())
    for (const auto& [name, list] : *hooks->as_object())
      SUIT_TRY(check(&list, "/hooks/" + name, false));
  return {};
}

}  // namespace

Result<void> apply_edits(oci::Json& config, const ContainerEdits& edits, const os::Root& host) {
  SUIT_TRY(check_shapes(config));
  Json edited = config;
  apply_env(edited, edits.env);
  SUIT_TRY(apply_nodes(edited, edits.device_nodes, host));
  apply_net_devices(edited, edits.net_devices);
  apply_mounts(edited, edits.mounts);
  apply_hooks(edited, edits.hooks);
  if (edits.intel_rdt)
    child(edited, "linux", Json::object()).set("intelRdt", edits.intel_rdt->members);
  apply_groups(edited, edits.additional_gids);
  config = std::move(edited);
  return {};
}

Result<void> apply_edits(oci::Spec& spec, const ContainerEdits& edits, const os::Root& host) {
  if (edits.empty()) return {};
  SUIT_LET(Json config, oci::parse_json(oci::to_json(spec)));
  SUIT_TRY(apply_edits(config, edits, host));
  SUIT_LET(spec, oci::parse_spec(config.dump()));
  return {};
}

}  // namespace suit::gpu
