// Reading config.json. Members that the runtime does not implement are refused by name, unless they
// ask for nothing; members that the specification does not know are ignored, as it demands
// (runtime-spec, config.md, "Extensibility").

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "base/suggest.h"
#include "oci/cursor_internal.h"
#include "oci/resources_read_internal.h"
#include "oci/seccomp_read_internal.h"
#include "oci/spec.h"

namespace suit::oci {
namespace {

constexpr std::uint64_t kIdLimit = std::numeric_limits<std::uint32_t>::max();
constexpr std::array<std::string_view, 8> kNamespaces = {"pid", "network", "mount",  "ipc",
                                                         "uts", "user",    "cgroup", "time"};

std::uint32_t read_id(const Cursor& at) { return static_cast<std::uint32_t>(at.natural(kIdLimit)); }

void refuse_unsupported(const Cursor& at, std::initializer_list<std::string_view> keys) {
  for (std::string_view key : keys) {
    if (const Cursor member = at.member(key); !member.is_empty())
      member.refuse("is not supported yet", "leave it out, or run the bundle with crun or runc");
  }
}

void check_object(const Cursor& at) {
  if (at.present() && !at.value().as_object()) at.refuse("must be an object");
}

std::string read_absolute(const Cursor& at) {
  std::string path = at.text();
  if (at.present() && !path.starts_with('/'))
    at.refuse(fmt::format("must be an absolute path, not \"{}\"", path));
  return path;
}

// SemVer of the 1.x series: what came before and what comes after means something else.
std::string read_version(const Cursor& at) {
  std::string version = at.text();
  const std::string_view numbers = std::string_view(version).substr(0, version.find_first_of("-+"));
  const bool shaped = numbers.starts_with("1.") &&
                      std::count(numbers.begin(), numbers.end(), '.') == 2 &&
                      numbers.find("..") == std::string_view::npos && !numbers.ends_with('.') &&
                      numbers.find_first_not_of("0123456789.") == std::string_view::npos;
  if (at.present() && !shaped)
    at.refuse(fmt::format("\"{}\" is not a version that is understood", version), "1.0.0 to 1.x.y");
  return version;
}

Capabilities read_capabilities(const Cursor& at) {
  check_object(at);
  auto read_set = [&](std::string_view key) {
    const Cursor set = at.member(key);
    std::vector<std::string> names = set.texts();
    for (const std::string& name : names) {
      if (!name.starts_with("CAP_") ||
          name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != std::string::npos)
        set.refuse(fmt::format("\"{}\" is not a capability, such as CAP_CHOWN", name));
    }
    return names;
  };
  Capabilities sets;
  sets.bounding = read_set("bounding");
  sets.effective = read_set("effective");
  sets.inheritable = read_set("inheritable");
  sets.permitted = read_set("permitted");
  sets.ambient = read_set("ambient");
  return sets;
}

std::vector<Rlimit> read_rlimits(const Cursor& at) {
  std::vector<Rlimit> out;
  std::set<std::string> seen;
  for (const Cursor& item : at.items()) {
    check_object(item);
    Rlimit limit;
    limit.type = item.required("type").text();
    limit.soft = item.required("soft").natural(UINT64_MAX);
    limit.hard = item.required("hard").natural(UINT64_MAX);
    if (!limit.type.starts_with("RLIMIT_"))
      item.member("type").refuse(
          fmt::format("\"{}\" is not a limit, such as RLIMIT_NOFILE", limit.type));
    if (!seen.insert(limit.type).second) item.refuse(fmt::format("{} is given twice", limit.type));
    if (limit.soft > limit.hard)
      item.refuse(fmt::format("soft limit {} is above the hard limit {}", limit.soft, limit.hard));
    out.push_back(std::move(limit));
  }
  return out;
}

SpecUser read_user(const Cursor& at) {
  check_object(at);
  SpecUser user;
  user.uid = read_id(at.member("uid"));
  user.gid = read_id(at.member("gid"));
  for (const Cursor& gid : at.member("additionalGids").items())
    user.additional_gids.push_back(read_id(gid));
  if (const Cursor umask = at.member("umask"); umask.present())
    user.umask = static_cast<std::uint32_t>(umask.natural(0777));
  return user;
}

Process read_process(const Cursor& at) {
  check_object(at);
  Process process;
  process.terminal = at.member("terminal").flag();
  process.user = read_user(at.member("user"));
  process.args = at.required("args").texts();
  if (process.args.empty()) at.member("args").refuse("must not be empty");
  process.env = at.member("env").texts();
  process.cwd = read_absolute(at.required("cwd"));
  process.capabilities = read_capabilities(at.member("capabilities"));
  process.rlimits = read_rlimits(at.member("rlimits"));
  process.no_new_privileges = at.member("noNewPrivileges").flag();
  if (const Cursor score = at.member("oomScoreAdj"); score.present())
    process.oom_score_adj = static_cast<int>(score.integer(-1000, 1000));
  refuse_unsupported(
      at, {"apparmorProfile", "selinuxLabel", "scheduler", "ioPriority", "execCPUAffinity"});
  // Without a terminal its size "MUST be ignored" (config.md).
  if (process.terminal) refuse_unsupported(at, {"consoleSize"});
  return process;
}

std::vector<SpecMount> read_mounts(const Cursor& at) {
  std::vector<SpecMount> out;
  for (const Cursor& item : at.items()) {
    check_object(item);
    SpecMount mount;
    mount.destination = read_absolute(item.required("destination"));
    mount.type = item.member("type").text();
    mount.source = item.member("source").text();
    mount.options = item.member("options").texts();
    refuse_unsupported(item, {"uidMappings", "gidMappings"});
    out.push_back(std::move(mount));
  }
  return out;
}

std::vector<Namespace> read_namespaces(const Cursor& at) {
  std::vector<Namespace> out;
  std::set<std::string> seen;
  for (const Cursor& item : at.items()) {
    check_object(item);
    Namespace space;
    space.type = item.required("type").text();
    space.path = read_absolute(item.member("path"));
    if (std::find(kNamespaces.begin(), kNamespaces.end(), space.type) == kNamespaces.end())
      item.member("type").refuse(fmt::format("unknown namespace \"{}\"{}", space.type,
                                             did_you_mean(space.type, kNamespaces)));
    if (!seen.insert(space.type).second)
      item.refuse(fmt::format("namespace {} is given twice", space.type));
    out.push_back(std::move(space));
  }
  return out;
}

std::vector<IdMapping> read_mappings(const Cursor& at) {
  std::vector<IdMapping> out;
  for (const Cursor& item : at.items()) {
    check_object(item);
    IdMapping mapping;
    mapping.container_id = read_id(item.required("containerID"));
    mapping.host_id = read_id(item.required("hostID"));
    mapping.size = read_id(item.required("size"));
    out.push_back(mapping);
  }
  return out;
}

std::vector<Device> read_devices(const Cursor& at) {
  std::vector<Device> out;
  for (const Cursor& item : at.items()) {
    check_object(item);
    Device device;
    device.path = read_absolute(item.required("path"));
    const std::string type = item.required("type").text();
    if (type != "c" && type != "b" && type != "u" && type != "p") {
      item.member("type").refuse(fmt::format("\"{}\" is none of c, b, u and p", type));
    } else {
      device.type = type == "u" ? 'c' : type[0];
    }
    if (device.type != 'p') {
      device.major = read_id(item.required("major"));
      device.minor = read_id(item.required("minor"));
    }
    if (const Cursor mode = item.member("fileMode"); mode.present())
      device.mode = static_cast<mode_t>(mode.natural(0177777)) & 07777U;
    device.uid = read_id(item.member("uid"));
    device.gid = read_id(item.member("gid"));
    out.push_back(std::move(device));
  }
  return out;
}

Linux read_linux(const Cursor& at) {
  check_object(at);
  Linux out;
  out.namespaces = read_namespaces(at.member("namespaces"));
  out.uid_mappings = read_mappings(at.member("uidMappings"));
  out.gid_mappings = read_mappings(at.member("gidMappings"));
  out.devices = read_devices(at.member("devices"));
  out.cgroups_path = at.member("cgroupsPath").text();
  out.masked_paths = at.member("maskedPaths").texts();
  out.readonly_paths = at.member("readonlyPaths").texts();
  out.sysctl = at.member("sysctl").text_map();
  const Cursor propagation = at.member("rootfsPropagation");
  out.rootfs_propagation = propagation.text();
  constexpr std::array<std::string_view, 9> kPropagations = {
      "",        "shared", "slave",    "private",    "unbindable",
      "rshared", "rslave", "rprivate", "runbindable"};
  if (std::find(kPropagations.begin(), kPropagations.end(), out.rootfs_propagation) ==
      kPropagations.end())
    propagation.refuse(fmt::format("unknown propagation \"{}\"{}", out.rootfs_propagation,
                                   did_you_mean(out.rootfs_propagation, kPropagations)));
  out.resources = read_resources(at.member("resources"));
  if (const Cursor seccomp = at.member("seccomp"); seccomp.present())
    out.seccomp = read_seccomp(seccomp);
  refuse_unsupported(
      at, {"timeOffsets", "mountLabel", "intelRdt", "personality", "netDevices", "memoryPolicy"});
  return out;
}

}  // namespace

Result<Spec> parse_spec(std::string_view text) {
  SUIT_LET(const Json document, parse_json(text));
  Walk walk(PlaceStyle::Pointer);
  const Cursor root(walk, &document, "");
  if (!document.as_object()) root.refuse("must be an object");
  Spec spec;
  spec.oci_version = read_version(root.required("ociVersion"));
  const Cursor rootfs = root.required("root");
  check_object(rootfs);
  spec.root_path = rootfs.required("path").text();
  if (rootfs.present() && spec.root_path.empty()) rootfs.member("path").refuse("must not be empty");
  spec.root_readonly = rootfs.member("readonly").flag();
  spec.process = read_process(root.required("process"));
  spec.hostname = root.member("hostname").text();
  spec.domainname = root.member("domainname").text();
  spec.mounts = read_mounts(root.member("mounts"));
  spec.linux_ = read_linux(root.member("linux"));
  spec.annotations = root.member("annotations").text_map();
  refuse_unsupported(root, {"hooks", "solaris", "windows", "vm", "zos", "freebsd"});
  return walk.finish(std::move(spec));
}

}  // namespace suit::oci
