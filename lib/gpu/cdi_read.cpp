// Reading and checking a CDI specification.

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/suggest.h"
#include "gpu/cdi_name.h"
#include "gpu/cdi_spec.h"
#include "gpu/cdi_version_internal.h"
#include "gpu/yaml.h"
#include "oci/cursor_internal.h"

namespace suit::gpu {
namespace {

using oci::Cursor;

constexpr std::int64_t kMostMinor = (1 << 20) - 1;  // mknod(2): 12 bits of major, 20 of minor
constexpr std::int64_t kMostMajor = (1 << 12) - 1;
constexpr std::size_t kMostDevices = 4096;

// Refuses members that are not among \p known: a misspelt one would be passed over in silence.
void only(const Cursor& at, std::initializer_list<std::string_view> known) {
  const std::vector<std::string_view> words(known);
  for (const auto& [key, member] : at.members()) {
    if (std::ranges::find(words, key) == words.end())
      member.refuse(fmt::format("unknown member{}", did_you_mean(key, words)));
  }
}

std::string not_empty(const Cursor& at) {
  std::string text = at.text();
  if (text.empty()) at.refuse("must not be empty");
  return text;
}

std::uint32_t read_id(const Cursor& at) {
  return static_cast<std::uint32_t>(at.natural(UINT32_MAX));
}

std::vector<std::string> read_env(const Cursor& at) {
  std::vector<std::string> env = at.texts();
  for (const std::string& item : env) {
    const std::size_t equals = item.find('=');
    if (equals == 0 || equals == std::string::npos)
      at.refuse(fmt::format("\"{}\" is not NAME=value", item));
  }
  return env;
}

CdiDeviceNode read_node(const Cursor& at) {
  only(at, {"path", "hostPath", "type", "major", "minor", "fileMode", "permissions", "uid", "gid"});
  CdiDeviceNode node;
  node.path = not_empty(at.required("path"));
  node.host_path = at.member("hostPath").text();
  node.type = at.member("type").text();
  constexpr std::array<std::string_view, 5> kTypes = {"", "b", "c", "u", "p"};
  if (std::ranges::find(kTypes, node.type) == kTypes.end())
    at.member("type").refuse(fmt::format("\"{}\" is none of b, c, u and p", node.type));
  node.major = at.member("major").integer(0, kMostMajor);
  node.minor = at.member("minor").integer(0, kMostMinor);
  if (const Cursor mode = at.member("fileMode"); mode.present())
    node.file_mode = static_cast<std::uint32_t>(mode.natural(0177777));
  node.permissions = at.member("permissions").text();
  if (node.permissions != "none" && node.permissions.find_first_not_of("rwm") != std::string::npos)
    at.member("permissions")
        .refuse(fmt::format("\"{}\" is neither of r, w and m, nor none", node.permissions));
  if (const Cursor uid = at.member("uid"); uid.present()) node.uid = read_id(uid);
  if (const Cursor gid = at.member("gid"); gid.present()) node.gid = read_id(gid);
  return node;
}

CdiMount read_mount(const Cursor& at) {
  only(at, {"hostPath", "containerPath", "options", "type"});
  CdiMount mount;
  mount.host_path = not_empty(at.required("hostPath"));
  mount.container_path = not_empty(at.required("containerPath"));
  mount.options = at.member("options").texts();
  mount.type = at.member("type").text();
  return mount;
}

CdiHook read_hook(const Cursor& at) {
  only(at, {"hookName", "path", "args", "env", "timeout"});
  CdiHook hook;
  hook.name = at.required("hookName").text();
  constexpr std::array<std::string_view, 6> kNames = {
      "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"};
  if (std::ranges::find(kNames, hook.name) == kNames.end())
    at.member("hookName")
        .refuse(fmt::format("unknown hook \"{}\"{}", hook.name, did_you_mean(hook.name, kNames)));
  hook.path = not_empty(at.required("path"));
  hook.args = at.member("args").texts();
  hook.env = read_env(at.member("env"));
  if (const Cursor timeout = at.member("timeout"); timeout.present())
    hook.timeout_s = timeout.integer(0, INT32_MAX);
  return hook;
}

std::vector<CdiNetDevice> read_net_devices(const Cursor& at) {
  std::vector<CdiNetDevice> out;
  std::set<std::string> interfaces;
  std::set<std::string> names;
  for (const Cursor& item : at.items()) {
    only(item, {"hostInterfaceName", "name"});
    CdiNetDevice device{not_empty(item.required("hostInterfaceName")),
                        not_empty(item.required("name"))};
    if (!interfaces.insert(device.host_interface).second)
      item.member("hostInterfaceName").refuse(fmt::format("\"{}\" twice", device.host_interface));
    if (!names.insert(device.name).second)
      item.member("name").refuse(fmt::format("\"{}\" twice", device.name));
    out.push_back(std::move(device));
  }
  return out;
}

CdiIntelRdt read_rdt(const Cursor& at) {
  only(at, {"closID", "l3CacheSchema", "memBwSchema", "schemata", "enableMonitoring", "enableCMT",
            "enableMBM"});
  CdiIntelRdt rdt;
  if (at.value().as_object()) rdt.members = at.value();
  rdt.clos_id = at.member("closID").text();
  // It becomes a directory of /sys/fs/resctrl; "/" is that directory itself.
  const bool is_path = rdt.clos_id == "." || rdt.clos_id == ".." ||
                       rdt.clos_id.find_first_of("/\n") != std::string::npos;
  if (rdt.clos_id != "/" && is_path) at.member("closID").refuse("is not a directory's name");
  (void)at.member("l3CacheSchema").text();
  (void)at.member("memBwSchema").text();
  (void)at.member("schemata").texts();
  for (std::string_view key : {"enableMonitoring", "enableCMT", "enableMBM"})
    (void)at.member(key).flag();
  return rdt;
}

template <typename T>
std::vector<T> read_each(const Cursor& at, T (*read)(const Cursor&)) {
  std::vector<T> out;
  for (const Cursor& item : at.items())
    out.push_back(read(item));
  return out;
}

ContainerEdits read_edits(const Cursor& at) {
  only(at, {"env", "deviceNodes", "netDevices", "hooks", "mounts", "intelRdt", "additionalGids"});
  ContainerEdits edits;
  edits.env = read_env(at.member("env"));
  edits.device_nodes = read_each(at.member("deviceNodes"), read_node);
  edits.net_devices = read_net_devices(at.member("netDevices"));
  edits.hooks = read_each(at.member("hooks"), read_hook);
  edits.mounts = read_each(at.member("mounts"), read_mount);
  if (const Cursor rdt = at.member("intelRdt"); rdt.present()) edits.intel_rdt = read_rdt(rdt);
  edits.additional_gids = read_each(at.member("additionalGids"), read_id);
  return edits;
}

std::vector<CdiDevice> read_devices(const Cursor& at) {
  std::vector<CdiDevice> out;
  std::set<std::string> names;
  const std::vector<Cursor> items = at.items();
  if (at.present() && items.empty()) at.refuse("must not be empty");
  if (items.size() > kMostDevices) at.refuse(fmt::format("more than {} devices", kMostDevices));
  for (const Cursor& item : items) {
    only(item, {"name", "annotations", "containerEdits"});
    CdiDevice device;
    device.name = item.required("name").text();
    if (auto checked = check_device_name(device.name); !checked)
      item.member("name").refuse(checked.error().what(), checked.error().hint());
    if (!names.insert(device.name).second)
      item.member("name").refuse(fmt::format("\"{}\" twice", device.name));
    device.annotations = item.member("annotations").text_map();
    device.edits = read_edits(item.required("containerEdits"));
    if (device.edits.empty()) item.member("containerEdits").refuse("must not be empty");
    out.push_back(std::move(device));
  }
  return out;
}

std::string read_version(const Cursor& at) {
  std::string version = at.text();
  if (version.starts_with('v')) version.erase(0, 1);
  if (!is_known_version(version))
    at.refuse(fmt::format("unknown version \"{}\"", version),
              fmt::format("versions {} to {} are understood", kVersions.front(), kVersions.back()));
  return version;
}

std::string read_kind(const Cursor& at) {
  std::string kind = at.text();
  const std::size_t slash = kind.find('/');
  auto checked = [&]() -> Result<void> {
    if (slash == std::string::npos)
      return fail(0, fmt::format("\"{}\" is not vendor/class", kind), "as in nvidia.com/gpu");
    SUIT_TRY(check_vendor(kind.substr(0, slash)));
    return check_class(kind.substr(slash + 1));
  }();
  if (!checked) at.refuse(checked.error().what(), checked.error().hint());
  return kind;
}

}  // namespace

Result<CdiSpec> parse_cdi(std::string_view text, CdiFormat format) {
  SUIT_LET(const oci::Json document,
           format == CdiFormat::Json ? oci::parse_json(text) : parse_yaml(text));
  oci::Walk walk(oci::PlaceStyle::Pointer);
  const Cursor root(walk, &document, "");
  if (!document.as_object()) root.refuse("must be an object");
  only(root, {"cdiVersion", "kind", "annotations", "devices", "containerEdits"});
  CdiSpec spec;
  spec.version = read_version(root.required("cdiVersion"));
  spec.kind = read_kind(root.required("kind"));
  spec.annotations = root.member("annotations").text_map();
  spec.devices = read_devices(root.required("devices"));
  spec.edits = read_edits(root.member("containerEdits"));
  if (const std::string_view least = minimum_version(spec); older(spec.version, least))
    root.member("cdiVersion")
        .refuse(fmt::format("{} is too old for what the file uses", spec.version),
                fmt::format("write {}", least));
  return walk.finish(std::move(spec));
}

}  // namespace suit::gpu
