// linux.resources as lines for files: what each member is called on this host.

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "runtime/cgroup.h"

namespace suit::runtime {
namespace {

constexpr std::string_view kRoot = "/linux/resources";

// Go's structs have no "absent": callers send 0 for what they never set, and no limit is 0.
template <typename T>
bool is_set(const std::optional<T>& value) {
  return value && *value != 0;
}

// What takes -1 for "no limit" in version 1 takes a word in version 2.
std::string or_max(std::int64_t value) { return value < 0 ? "max" : std::to_string(value); }

class Planner {
 public:
  explicit Planner(const HostFacts& facts) : facts_(facts) {}
  Result<void> memory(const oci::MemoryResources& memory);
  Result<void> cpu(const oci::CpuResources& cpu);
  Result<void> cpuset(const oci::CpuResources& cpu);
  Result<void> pids(const std::optional<std::int64_t>& limit);
  Result<void> block_io(const oci::BlockIoResources& io);
  Result<void> hugepages(const std::vector<oci::HugepageLimit>& limits);
  Result<void> network(const oci::Resources& resources);
  Result<void> rdma(const std::map<std::string, oci::RdmaLimit>& limits);
  Result<void> unified(const std::map<std::string, std::string>& files);
  LimitPlan take() { return std::move(plan_); }

 private:
  // Where the controller is. From here on lines are for it, and from members of `section`.
  Result<void> enter(std::string_view controller, std::string_view section,
                     std::string_view member);
  void put(std::string_view file, std::string text, std::string_view member) {
    plan_.writes.push_back(
        {controller_, is_v1_, std::string(file), std::move(text), pointer(member)});
  }
  std::string pointer(std::string_view member) const {
    return member.empty() ? section_ : fmt::format("{}/{}", section_, member);
  }
  void warn(std::string_view member, std::string_view why) {
    plan_.warnings.push_back(fmt::format("{}: not enforced: {}", pointer(member), why));
  }
  Error refused(std::string_view member, std::string_view why, std::string hint = "") const {
    return Error(0, fmt::format("{}: {}", pointer(member), why)).with_hint(std::move(hint));
  }
  Result<void> memory_v1(const oci::MemoryResources& memory);
  Result<void> memory_v2(const oci::MemoryResources& memory);
  void cpu_v1(const oci::CpuResources& cpu);
  void cpu_v2(const oci::CpuResources& cpu);
  void weights(const oci::BlockIoResources& io);
  void throttles(std::string_view v1_file, std::string_view v2_key, std::string_view member,
                 const std::vector<oci::DeviceRate>& rates);

  const HostFacts& facts_;
  LimitPlan plan_;
  std::string controller_, section_;
  bool is_v1_ = false;
};

Result<void> Planner::enter(std::string_view controller, std::string_view section,
                            std::string_view member) {
  controller_ = controller;
  section_ = fmt::format("{}/{}", kRoot, section);
  is_v1_ = find_hierarchy(facts_, controller) != nullptr;
  if (is_v1_) return {};
  if (std::ranges::find(facts_.cgroup2_controllers, controller) != facts_.cgroup2_controllers.end())
    return {};
  std::string why = fmt::format("this host cannot enforce it: there is no {} controller{}",
                                controller, facts_.in_user_namespace ? " that is ours" : "");
  std::string hint =
      facts_.in_user_namespace
          ? fmt::format(
                "without root the host delegates controllers: a cgroup v2 tree of your "
                "own with \"{}\" in its cgroup.controllers",
                controller)
          : "see /proc/cgroups and the mounts below /sys/fs/cgroup, or leave the limit out";
  return std::unexpected(refused(member, why, std::move(hint)));
}

Result<void> Planner::memory(const oci::MemoryResources& memory) {
  const char* first = is_set(memory.limit)                ? "limit"
                      : is_set(memory.reservation)        ? "reservation"
                      : is_set(memory.swap)               ? "swap"
                      : is_set(memory.kernel_tcp)         ? "kernelTCP"
                      : memory.swappiness                 ? "swappiness"
                      : memory.disable_oom_killer == true ? "disableOOMKiller"
                                                          : nullptr;
  section_ = fmt::format("{}/memory", kRoot);
  // runc does the same; dockerd still sends it.
  if (is_set(memory.kernel)) warn("kernel", "kernels from 5.16 on count it as memory");
  if (!first) return {};
  if (is_set(memory.swap) && *memory.swap > 0) {
    if (!is_set(memory.limit))
      return std::unexpected(refused("swap",
                                     "memory and swap are limited without a limit of memory",
                                     "set /linux/resources/memory/limit too"));
    if (*memory.limit > *memory.swap)
      return std::unexpected(refused(
          "swap", fmt::format("{} is less than the limit of memory, {}: it counts memory and swap "
                              "together",
                              *memory.swap, *memory.limit)));
  }
  SUIT_TRY(enter("memory", "memory", first));
  return is_v1_ ? memory_v1(memory) : memory_v2(memory);
}

Result<void> Planner::memory_v1(const oci::MemoryResources& memory) {
  if (is_set(memory.limit)) put("memory.limit_in_bytes", std::to_string(*memory.limit), "limit");
  // Never below the limit, so after it; an update that raises both is tried again the other way.
  if (is_set(memory.swap))
    put("memory.memsw.limit_in_bytes", std::to_string(*memory.swap), "swap");
  else if (memory.limit == -1)
    plan_.writes.push_back(
        {controller_, true, "memory.memsw.limit_in_bytes", "-1", pointer("limit"), "", "", true});
  if (is_set(memory.reservation))
    put("memory.soft_limit_in_bytes", std::to_string(*memory.reservation), "reservation");
  if (is_set(memory.kernel_tcp))
    put("memory.kmem.tcp.limit_in_bytes", std::to_string(*memory.kernel_tcp), "kernelTCP");
  if (memory.disable_oom_killer == true) put("memory.oom_control", "1", "disableOOMKiller");
  if (memory.swappiness) put("memory.swappiness", std::to_string(*memory.swappiness), "swappiness");
  return {};
}

Result<void> Planner::memory_v2(const oci::MemoryResources& memory) {
  if (is_set(memory.limit)) put("memory.max", or_max(*memory.limit), "limit");
  // Version 2 counts swap alone.
  if (is_set(memory.swap))
    put("memory.swap.max", *memory.swap < 0 ? "max" : std::to_string(*memory.swap - *memory.limit),
        "swap");
  else if (memory.limit == -1)
    plan_.writes.push_back(
        {controller_, false, "memory.swap.max", "max", pointer("limit"), "", "", true});
  if (is_set(memory.reservation)) put("memory.low", or_max(*memory.reservation), "reservation");
  if (is_set(memory.kernel_tcp))
    warn("kernelTCP", "cgroup v2 counts the buffers of sockets as memory");
  if (memory.swappiness) warn("swappiness", "cgroup v2 has no such file");
  if (memory.disable_oom_killer == true)
    warn("disableOOMKiller", "cgroup v2 cannot do without the OOM killer");
  return {};
}

Result<void> Planner::cpu(const oci::CpuResources& cpu) {
  const char* first = is_set(cpu.shares)             ? "shares"
                      : is_set(cpu.quota)            ? "quota"
                      : is_set(cpu.period)           ? "period"
                      : cpu.burst                    ? "burst"
                      : is_set(cpu.realtime_runtime) ? "realtimeRuntime"
                      : is_set(cpu.realtime_period)  ? "realtimePeriod"
                      : cpu.idle                     ? "idle"
                                                     : nullptr;
  if (!first) return {};
  SUIT_TRY(enter("cpu", "cpu", first));
  is_v1_ ? cpu_v1(cpu) : cpu_v2(cpu);
  return {};
}

void Planner::cpu_v1(const oci::CpuResources& cpu) {
  if (is_set(cpu.shares)) put("cpu.shares", std::to_string(*cpu.shares), "shares");
  if (is_set(cpu.period)) put("cpu.cfs_period_us", std::to_string(*cpu.period), "period");
  if (is_set(cpu.quota)) put("cpu.cfs_quota_us", std::to_string(*cpu.quota), "quota");
  // At most the quota, so after it.
  if (cpu.burst) put("cpu.cfs_burst_us", std::to_string(*cpu.burst), "burst");
  if (is_set(cpu.realtime_period))
    put("cpu.rt_period_us", std::to_string(*cpu.realtime_period), "realtimePeriod");
  if (is_set(cpu.realtime_runtime))
    put("cpu.rt_runtime_us", std::to_string(*cpu.realtime_runtime), "realtimeRuntime");
  // An idle group has no shares of its own any more.
  if (cpu.idle) put("cpu.idle", std::to_string(*cpu.idle), "idle");
}

void Planner::cpu_v2(const oci::CpuResources& cpu) {
  if (is_set(cpu.shares))
    put("cpu.weight", std::to_string(weight_of_shares(*cpu.shares)), "shares");
  if (is_set(cpu.quota) || is_set(cpu.period)) {
    // One file for both. A quota alone leaves the period as it is.
    std::string quota = is_set(cpu.quota) ? or_max(*cpu.quota) : "max";
    std::string period = is_set(cpu.period) ? fmt::format(" {}", *cpu.period) : "";
    put("cpu.max", quota + period, is_set(cpu.quota) ? "quota" : "period");
  }
  if (cpu.burst) put("cpu.max.burst", std::to_string(*cpu.burst), "burst");
  if (is_set(cpu.realtime_period)) warn("realtimePeriod", "cgroup v2 has no such file");
  if (is_set(cpu.realtime_runtime)) warn("realtimeRuntime", "cgroup v2 has no such file");
  if (cpu.idle) put("cpu.idle", std::to_string(*cpu.idle), "idle");
}

Result<void> Planner::cpuset(const oci::CpuResources& cpu) {
  if (cpu.cpus.empty() && cpu.mems.empty()) return {};
  SUIT_TRY(enter("cpuset", "cpu", cpu.cpus.empty() ? "mems" : "cpus"));
  // The names are the same in both.
  if (!cpu.cpus.empty()) put("cpuset.cpus", cpu.cpus, "cpus");
  if (!cpu.mems.empty()) put("cpuset.mems", cpu.mems, "mems");
  return {};
}

Result<void> Planner::pids(const std::optional<std::int64_t>& limit) {
  if (!limit) return {};
  bool is_limit = *limit > 0;
  auto entered = enter("pids", "pids", "limit");
  // "No limit" holds on every host.
  if (!entered && !is_limit) return {};
  SUIT_TRY(std::move(entered));
  put("pids.max", is_limit ? std::to_string(*limit) : "max", "limit");
  return {};
}

// 10 to 1000 of version 1 and of BFQ, as io.weight's 1 to 10000.
std::uint64_t io_weight(std::uint64_t weight) { return 1 + (weight - 10) * 9999 / 990; }

void Planner::weights(const oci::BlockIoResources& io) {
  auto put_weight = [&](std::string_view prefix, std::uint64_t weight, const std::string& member) {
    std::string text = fmt::format("{}{}", prefix, weight);
    std::string_view device = prefix.empty() ? "" : "_device";
    CgroupWrite write{controller_, is_v1_, "", text, pointer(member)};
    if (is_v1_) {
      write.file = fmt::format("blkio.bfq.weight{}", device);
      write.other_file = fmt::format("blkio.weight{}", device);
      write.other_text = text;
    } else {
      write.file = "io.bfq.weight";
      write.other_file = "io.weight";
      write.other_text = fmt::format("{}{}", prefix, io_weight(weight));
    }
    plan_.writes.push_back(std::move(write));
  };
  if (is_set(io.weight)) put_weight("", *io.weight, "weight");
  if (is_set(io.leaf_weight) && is_v1_)
    put("blkio.leaf_weight", std::to_string(*io.leaf_weight), "leafWeight");
  if (is_set(io.leaf_weight) && !is_v1_) warn("leafWeight", "cgroup v2 has no such file");
  for (std::size_t i = 0; i < io.weight_device.size(); ++i) {
    const oci::DeviceRate& rate = io.weight_device[i];
    if (rate.value != 0)
      put_weight(fmt::format("{}:{} ", rate.major, rate.minor), rate.value,
                 fmt::format("weightDevice/{}", i));
  }
}

void Planner::throttles(std::string_view v1_file, std::string_view v2_key, std::string_view member,
                        const std::vector<oci::DeviceRate>& rates) {
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const oci::DeviceRate& rate = rates[i];
    std::string device = fmt::format("{}:{}", rate.major, rate.minor);
    // Version 1 takes 0 for no limit, version 2 a word.
    std::string value = rate.value == 0 && !is_v1_ ? "max" : std::to_string(rate.value);
    put(is_v1_ ? v1_file : "io.max",
        is_v1_ ? fmt::format("{} {}", device, value)
               : fmt::format("{} {}={}", device, v2_key, value),
        fmt::format("{}/{}", member, i));
  }
}

Result<void> Planner::block_io(const oci::BlockIoResources& io) {
  bool has_throttles = !io.read_bps.empty() || !io.write_bps.empty() || !io.read_iops.empty() ||
                       !io.write_iops.empty();
  if (!is_set(io.weight) && !is_set(io.leaf_weight) && io.weight_device.empty() && !has_throttles)
    return {};
  // Version 2 calls it "io".
  bool is_v1 = find_hierarchy(facts_, "blkio") != nullptr;
  SUIT_TRY(enter(is_v1 ? "blkio" : "io", "blockIO", ""));
  if (is_set(io.weight) && (*io.weight < 10 || *io.weight > 1000))
    return std::unexpected(refused("weight", fmt::format("{} is not 10 to 1000", *io.weight)));
  weights(io);
  throttles("blkio.throttle.read_bps_device", "rbps", "throttleReadBpsDevice", io.read_bps);
  throttles("blkio.throttle.write_bps_device", "wbps", "throttleWriteBpsDevice", io.write_bps);
  throttles("blkio.throttle.read_iops_device", "riops", "throttleReadIOPSDevice", io.read_iops);
  throttles("blkio.throttle.write_iops_device", "wiops", "throttleWriteIOPSDevice", io.write_iops);
  return {};
}

Result<void> Planner::hugepages(const std::vector<oci::HugepageLimit>& limits) {
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const oci::HugepageLimit& limit = limits[i];
    SUIT_TRY(enter("hugetlb", "hugepageLimits", std::to_string(i)));
    bool is_name = !limit.page_size.empty() &&
                   limit.page_size.find_first_not_of("0123456789KMGB") == std::string::npos;
    if (!is_name)
      return std::unexpected(refused(fmt::format("{}/pageSize", i),
                                     fmt::format("\"{}\" is no page size", limit.page_size),
                                     "such as 2MB or 1GB, as /sys/kernel/mm/hugepages lists them"));
    const char* suffix = is_v1_ ? "limit_in_bytes" : "max";
    std::string value = std::to_string(limit.limit);
    put(fmt::format("hugetlb.{}.{}", limit.page_size, suffix), value, std::to_string(i));
    // Pages that are only reserved count there, from Linux 5.7 on.
    plan_.writes.push_back({controller_, is_v1_,
                            fmt::format("hugetlb.{}.rsvd.{}", limit.page_size, suffix), value,
                            pointer(std::to_string(i)), "", "", true});
  }
  return {};
}

Result<void> Planner::network(const oci::Resources& resources) {
  section_ = fmt::format("{}/network", kRoot);
  // The unified tree has neither: packets are told by the path of their cgroup there.
  bool is_unified = facts_.cgroup1.empty() && !facts_.cgroup2_dir.empty();
  constexpr std::string_view kWhy =
      "cgroup v2 marks no packets: match the cgroup's path in nftables";
  if (is_set(resources.network_class)) {
    if (is_unified) {
      warn("classID", kWhy);
    } else {
      SUIT_TRY(enter("net_cls", "network", "classID"));
      put("net_cls.classid", std::to_string(*resources.network_class), "classID");
    }
  }
  const auto& priorities = resources.network_priorities;
  if (is_unified && !priorities.empty()) warn("priorities", kWhy);
  for (std::size_t i = 0; i < priorities.size() && !is_unified; ++i) {
    std::string member = fmt::format("priorities/{}", i);
    SUIT_TRY(enter("net_prio", "network", member));
    put("net_prio.ifpriomap", fmt::format("{} {}", priorities[i].name, priorities[i].priority),
        member);
  }
  return {};
}

Result<void> Planner::rdma(const std::map<std::string, oci::RdmaLimit>& limits) {
  for (const auto& [device, limit] : limits) {
    SUIT_TRY(enter("rdma", "rdma", device));
    std::string text = device;
    if (limit.handles) text += fmt::format(" hca_handle={}", *limit.handles);
    if (limit.objects) text += fmt::format(" hca_object={}", *limit.objects);
    if (text != device) put("rdma.max", text, device);
  }
  return {};
}

// Files that are no limits: who is in the group, and whether it lives.
constexpr std::array<std::string_view, 6> kNoLimits = {"cgroup.procs", "cgroup.threads",
                                                       "cgroup.kill",  "cgroup.freeze",
                                                       "cgroup.type",  "cgroup.subtree_control"};

Result<void> Planner::unified(const std::map<std::string, std::string>& files) {
  section_ = fmt::format("{}/unified", kRoot);
  for (const auto& [file, text] : files) {
    std::size_t dot = file.find('.');
    bool is_file = dot != std::string::npos && dot != 0 && file.find('/') == std::string::npos &&
                   file.find('\0') == std::string::npos;
    if (!is_file || std::ranges::find(kNoLimits, file) != kNoLimits.end())
      return std::unexpected(
          refused(file, "is not a file of limits", "such as memory.high or pids.max"));
    controller_ = file.substr(0, dot);
    is_v1_ = false;
    bool is_there = controller_ == "cgroup"
                        ? !facts_.cgroup2_dir.empty()
                        : std::ranges::find(facts_.cgroup2_controllers, controller_) !=
                              facts_.cgroup2_controllers.end();
    if (!is_there)
      return std::unexpected(refused(
          file,
          fmt::format("this host cannot enforce it: cgroup v2 has no {} controller here",
                      controller_),
          find_hierarchy(facts_, controller_)
              ? fmt::format("{} is mounted as version 1: use the members of /linux/resources",
                            controller_)
              : "cgroup.controllers of the tree lists those that it has"));
    // The kernel takes one line a write.
    for (std::size_t at = 0; at <= text.size();) {
      std::size_t end = std::min(text.find('\n', at), text.size());
      if (end > at || text.empty()) put(file, text.substr(at, end - at), file);
      at = end + 1;
    }
  }
  return {};
}

}  // namespace

std::uint64_t weight_of_shares(std::uint64_t shares) {
  constexpr std::uint64_t kLeast = 2, kMost = 262144;
  if (shares <= kLeast) return 1;
  if (shares >= kMost) return 10000;
  // Through (2, 1), (1024, 100) and (262144, 10000): the default of one is the default of the
  // other, which a straight line misses. runc and crun have the same curve.
  const double l = std::log2(static_cast<double>(shares));
  const double exponent = (l * l + 125 * l) / 612.0 - 7.0 / 34.0;
  return static_cast<std::uint64_t>(std::ceil(std::pow(10, exponent)));
}

Result<LimitPlan> plan_limits(const oci::Resources& resources, const HostFacts& facts) {
  Planner planner(facts);
  SUIT_TRY(planner.memory(resources.memory));
  SUIT_TRY(planner.cpu(resources.cpu));
  SUIT_TRY(planner.cpuset(resources.cpu));
  SUIT_TRY(planner.pids(resources.pids_limit));
  SUIT_TRY(planner.block_io(resources.block_io));
  SUIT_TRY(planner.hugepages(resources.hugepages));
  SUIT_TRY(planner.network(resources));
  SUIT_TRY(planner.rdma(resources.rdma));
  // Last: who names a file knows better.
  SUIT_TRY(planner.unified(resources.unified));
  return planner.take();
}

}  // namespace suit::runtime
