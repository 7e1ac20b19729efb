/// \file
/// A container as the OCI runtime-spec describes it: the whole input of the runtime.
/// \source OCI runtime-spec v1.2: config.md, config-linux.md

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "oci/json.h"
#include "oci/process.h"
#include "oci/resources.h"
#include "oci/seccomp.h"

namespace suit::oci {

struct SpecMount {
  std::string destination;  ///< absolute path inside the root
  std::string type;
  std::string source;
  std::vector<std::string> options;
  std::vector<IdMapping> uid_mappings = {};  ///< of the mount: an id-mapped bind
  std::vector<IdMapping> gid_mappings = {};
};

struct Namespace {
  std::string type;  ///< \shape `pid network mount ipc uts user cgroup time`
  std::string path;  ///< empty: a new one
};

struct Device {
  std::string path;
  char type = 'c';
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  mode_t mode = 0666;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

struct TimeOffset {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
};

struct Linux {
  std::vector<Namespace> namespaces;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  std::vector<Device> devices;
  std::string cgroups_path;
  Resources resources;
  std::optional<Seccomp> seccomp;
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;
  std::map<std::string, std::string> sysctl;
  std::string rootfs_propagation;
  std::string mount_label = {};                         ///< SELinux context of the mounts
  std::map<std::string, TimeOffset> time_offsets = {};  ///< by clock: `monotonic`, `boottime`
  std::string personality = {};                         ///< \shape `LINUX32`; empty: ours
};

/// A program that is run at a point of the container's life.
struct Hook {
  std::string path;  ///< absolute
  std::vector<std::string> args = {};
  std::vector<std::string> env = {};
  std::optional<std::uint32_t> timeout_s = {};
};

/// The six kinds, in the order in which they run.
/// \source config.md, "POSIX-platform Hooks"
struct Hooks {
  std::vector<Hook> prestart, create_runtime, create_container, start_container, poststart,
      poststop;
};

/// config.json of a bundle.
struct Spec {
  std::string oci_version = "1.2.0";
  std::string root_path = "rootfs";  ///< relative to the bundle, or absolute
  bool root_readonly = false;
  Process process;
  std::string hostname;
  std::string domainname;
  std::vector<SpecMount> mounts;
  Linux linux_;
  std::map<std::string, std::string> annotations;
  Hooks hooks = {};
};

/// \errors 0 with the JSON pointer of the member at fault: `/process/args: must not be empty`. A
/// member that the runtime does not implement yet is refused by name, never ignored.
Result<Spec> parse_spec(std::string_view text);
std::string to_json(const Spec& spec);

/// What Docker gives every container: its mounts, masked and read-only paths, 14 capabilities,
/// namespaces (all but user). Process and hostname are for the caller to fill.
Spec default_spec();

}  // namespace suit::oci
