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
#include "oci/resources.h"
#include "oci/seccomp.h"

namespace suit::oci {

struct SpecUser {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> additional_gids;
  std::optional<std::uint32_t> umask;
};

struct Rlimit {
  std::string type;  ///< \shape `RLIMIT_NOFILE`
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

/// Capability names such as `CAP_CHOWN`, one list for each set of capabilities(7).
struct Capabilities {
  std::vector<std::string> bounding, effective, inheritable, permitted, ambient;
};

struct Process {
  bool terminal = false;
  SpecUser user;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd = "/";
  Capabilities capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::optional<int> oom_score_adj;
};

struct SpecMount {
  std::string destination;  ///< absolute path inside the root
  std::string type;
  std::string source;
  std::vector<std::string> options;
};

struct Namespace {
  std::string type;  ///< \shape `pid network mount ipc uts user cgroup time`
  std::string path;  ///< empty: a new one
};

struct IdMapping {
  std::uint32_t container_id = 0;
  std::uint32_t host_id = 0;
  std::uint32_t size = 0;
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
};

/// \errors 0 with the JSON pointer of the member at fault: `/process/args: must not be empty`. A
/// member that the runtime does not implement yet is refused by name, never ignored.
Result<Spec> parse_spec(std::string_view text);
std::string to_json(const Spec& spec);

/// What Docker gives every container: its mounts, masked and read-only paths, 14 capabilities,
/// namespaces (all but user). Process and hostname are for the caller to fill.
Spec default_spec();

}  // namespace suit::oci
