/// \file
/// What a container may use of the host, as `run` and `update` ask for it.
/// \source moby daemon/daemon_unix.go: verifyPlatformContainerResources, adaptContainerSettings

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "oci/json.h"
#include "oci/process.h"
#include "oci/resources.h"
#include "oci/spec.h"

namespace suit::engine {

/// A device of the host and a number: weight, bytes or operations a second. Looked up at every
/// start: what the host calls it may change.
struct DeviceLimit {
  std::string path;
  std::uint64_t value = 0;
};

/// Members of `resources` that are absent were never asked for.
struct Limits {
  oci::Resources resources;
  std::int64_t nano_cpus = 0;  ///< 1.5 processors are 1500000000; 0: no limit
  std::vector<DeviceLimit> weight_device, read_bps, write_bps, read_iops, write_iops;
  std::vector<oci::Rlimit> ulimits;
  std::map<std::string, std::string> sysctls;
  std::optional<int> oom_score_adj;
  std::string cgroup_parent;
};
bool is_empty(const Limits& limits);
oci::Json to_value(const Limits& limits);
Limits limits_of(const oci::Json& value);

/// What Docker's daemon refuses, in its words.
enum class LimitsFor { Create, Update };
Result<void> check_limits(const Limits& limits, LimitsFor purpose);
/// What it completes: swap is as much again as memory.
void complete_limits(Limits& limits);
/// \p change over \p limits: what an update says, and what stays.
Limits merged(Limits limits, const Limits& change);

/// As the runtime is told: quota and period instead of processors, numbers instead of paths.
/// \errors ENOENT, 0 for a device that is none
Result<oci::Resources> to_resources(const Limits& limits);
/// Puts all of it into a container's spec. The plan lowers ulimits that this host does not let us
/// raise, with a warning.
Result<void> apply_limits(const Limits& limits, std::string_view id, oci::Spec& spec);

/// `/parent/id`; empty without a parent.
std::string cgroups_path(const Limits& limits, std::string_view id);

}  // namespace suit::engine
