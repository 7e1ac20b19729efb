/// \file
/// Flags that limit what a container may use, and the grammars of their values, in Docker's words.
/// \source docker/cli opts, container/opts.go; docker/go-units ulimit.go

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/flags.h"
#include "engine/limits.h"

namespace suit::cli {

/// What the flags said, before it is understood.
struct LimitFlags {
  std::string memory, memory_swap, memory_reservation, kernel_memory, cpus, cpuset_cpus,
      cpuset_mems, cgroup_parent;
  std::optional<std::int64_t> swappiness, cpu_shares, cpu_period, cpu_quota, cpu_rt_period,
      cpu_rt_runtime, pids, blkio_weight, oom_score_adj;
  std::vector<std::string> weight_device, read_bps, write_bps, read_iops, write_iops, ulimits,
      sysctls, device_rules;
  bool oom_kill_disable = false;
};

/// Those that `update` has, too.
void declare_update_flags(FlagSet& flags, LimitFlags& limits);
/// Those and the rest.
void declare_limit_flags(FlagSet& flags, LimitFlags& limits);
/// \errors 0 as Docker words them
Result<engine::Limits> read_limit_flags(const LimitFlags& flags);

/// `nofile=1024:2048`
Result<oci::Rlimit> read_ulimit(std::string_view text);
/// `1.5` as billionths of a processor.
Result<std::int64_t> read_cpus(std::string_view text);
/// `/dev/sda:100`, `/dev/sda:1mb`
enum class DeviceValue { Weight, Bytes, Operations };
Result<engine::DeviceLimit> read_device_limit(std::string_view text, DeviceValue value);
/// `c 1:3 rwm`
Result<oci::DeviceRule> read_device_rule(std::string_view text);

/// What `inspect` says in HostConfig.
void add_limits(oci::Json& host_config, const engine::Limits& limits);

}  // namespace suit::cli
