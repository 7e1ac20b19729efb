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
#include "oci/spec_read_internal.h"

namespace suit::oci {
namespace {

constexpr std::array<std::string_view, 8> kNamespaces = {"pid", "network", "mount",  "ipc",
                                                         "uts", "user",    "cgroup", "time"};

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

std::vector<IdMapping> read_mappings(const Cursor& at) {
  std::vector<IdMapping> out;
  for (const Cursor& item : at.items()) {
    check_object(item);
    IdMapping mapping;
    mapping.container_id = read_id(item.required("containerID"));
    mapping.host_id = read_id(item.required("hostID"));
    mapping.size = read_id(item.required("size"));
    for (const char* key : {"containerID", "hostID"})
      if (item.member(key).natural(kIdLimit) + mapping.size > kIdLimit + 1)
        item.refuse(fmt::format("{} and size reach beyond the last id", key));
    out.push_back(mapping);
  }
  return out;
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
    mount.uid_mappings = read_mappings(item.member("uidMappings"));
    mount.gid_mappings = read_mappings(item.member("gidMappings"));
    if (mount.uid_mappings.empty() != mount.gid_mappings.empty())
      item.refuse("uidMappings and gidMappings are given together or not at all");
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

std::map<std::string, TimeOffset> read_time_offsets(const Cursor& at) {
  std::map<std::string, TimeOffset> out;
  for (const auto& [clock, value] : at.members()) {
    check_object(value);
    if (clock != "monotonic" && clock != "boottime")
      value.refuse("has no offset: monotonic and boottime have");
    constexpr std::int64_t kMostSeconds = INT64_MAX / 1'000'000'000;
    constexpr std::uint64_t kMostNanoseconds = 999'999'999;
    out[clock] = {value.member("secs").integer(-kMostSeconds, kMostSeconds),
                  static_cast<std::uint32_t>(value.member("nanosecs").natural(kMostNanoseconds))};
  }
  return out;
}

std::string read_personality(const Cursor& at) {
  if (!at.present()) return "";
  check_object(at);
  const Cursor domain = at.required("domain");
  if (domain.text() != "LINUX" && domain.text() != "LINUX32")
    domain.refuse("must be LINUX or LINUX32");
  if (!at.member("flags").is_empty()) at.member("flags").refuse("must be empty: none is defined");
  return domain.text();
}

Linux read_linux(const Cursor& at) {
  check_object(at);
  Linux out;
  out.namespaces = read_namespaces(at.member("namespaces"));
  out.uid_mappings = read_mappings(at.member("uidMappings"));
  out.gid_mappings = read_mappings(at.member("gidMappings"));
  out.devices = read_devices(at.member("devices"));
  out.cgroups_path = at.member("cgroupsPath").text();
  out.masked_paths = read_absolutes(at.member("maskedPaths"));
  out.readonly_paths = read_absolutes(at.member("readonlyPaths"));
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
  out.mount_label = at.member("mountLabel").text();
  out.time_offsets = read_time_offsets(at.member("timeOffsets"));
  out.personality = read_personality(at.member("personality"));
  out.resources = read_resources(at.member("resources"));
  if (const Cursor seccomp = at.member("seccomp"); seccomp.present())
    out.seccomp = read_seccomp(seccomp);
  refuse_unsupported(at, {"intelRdt", "netDevices", "memoryPolicy"});
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
  // Without a process there is nothing to start, but it is a legal document: create says so.
  if (root.member("process").present()) spec.process = read_process(root.member("process"));
  spec.hostname = root.member("hostname").text();
  spec.domainname = root.member("domainname").text();
  spec.mounts = read_mounts(root.member("mounts"));
  spec.linux_ = read_linux(root.member("linux"));
  spec.annotations = root.member("annotations").text_map();
  spec.hooks = read_hooks(root.member("hooks"));
  refuse_unsupported(root, {"solaris", "windows", "vm", "zos", "freebsd"});
  return walk.finish(std::move(spec));
}

}  // namespace suit::oci
