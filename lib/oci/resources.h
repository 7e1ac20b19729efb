/// \file
/// What a container may use: `linux.resources` of config.json.
///
/// An absent member is "leave it as it is", which is not the same as 0: hence so many optionals.
/// \source OCI runtime-spec v1.3: config-linux.md "Control groups"

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "oci/json.h"

namespace suit::oci {

/// In bytes; -1 is "no limit".
struct MemoryResources {
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> reservation;
  std::optional<std::int64_t> swap;  ///< memory and swap together
  std::optional<std::int64_t> kernel;
  std::optional<std::int64_t> kernel_tcp;
  std::optional<std::uint64_t> swappiness;  ///< 0 to 100
  std::optional<bool> disable_oom_killer;
  bool check_before_update = false;  ///< refuse a limit below what is in use
};

struct CpuResources {
  std::optional<std::uint64_t> shares;
  std::optional<std::int64_t> quota;    ///< microseconds a period; negative: no limit
  std::optional<std::uint64_t> burst;   ///< microseconds saved up from idle periods
  std::optional<std::uint64_t> period;  ///< microseconds
  std::optional<std::int64_t> realtime_runtime;
  std::optional<std::uint64_t> realtime_period;
  std::optional<std::int64_t> idle;
  std::string cpus;  ///< \shape `0-3,7`
  std::string mems;
};

/// One block device's number and a value: weight, bytes or operations a second.
struct DeviceRate {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::uint64_t value = 0;
};

struct BlockIoResources {
  std::optional<std::uint16_t> weight;  ///< 10 to 1000
  std::optional<std::uint16_t> leaf_weight;
  std::vector<DeviceRate> weight_device;
  std::vector<DeviceRate> read_bps, write_bps, read_iops, write_iops;
};

struct HugepageLimit {
  std::string page_size;  ///< \shape `2MB`
  std::uint64_t limit = 0;
};

struct InterfacePriority {
  std::string name;
  std::uint32_t priority = 0;
};

struct RdmaLimit {
  std::optional<std::uint32_t> handles, objects;
};

/// One line of the device list. Absent numbers are "all".
struct DeviceRule {
  bool allow = false;
  char type = 'a';  ///< a, b or c
  std::optional<std::int64_t> major;
  std::optional<std::int64_t> minor;
  std::string access = "rwm";
};

struct Resources {
  MemoryResources memory;
  CpuResources cpu;
  std::optional<std::int64_t> pids_limit;  ///< 0 and below: no limit
  BlockIoResources block_io;
  std::vector<HugepageLimit> hugepages;
  std::optional<std::uint32_t> network_class;
  std::vector<InterfacePriority> network_priorities;
  std::map<std::string, RdmaLimit> rdma;
  std::vector<DeviceRule> devices;
  std::map<std::string, std::string> unified;  ///< cgroup v2 file to content
};

/// A document of `linux.resources` alone, as `update --resources` takes it.
Result<Resources> parse_resources(std::string_view text);
/// Without the members that are absent.
Json to_value(const Resources& resources);
bool is_empty(const Resources& resources);

}  // namespace suit::oci
