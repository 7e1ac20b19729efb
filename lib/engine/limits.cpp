#include "engine/limits.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "base/split.h"
#include "os/file.h"

namespace suit::engine {
namespace {

using oci::Json;

Json device_limits(const std::vector<DeviceLimit>& list) {
  Json out = Json::array();
  for (const DeviceLimit& one : list) {
    Json item = Json::object();
    item.set("path", one.path).set("value", one.value);
    out.push(std::move(item));
  }
  return out;
}

std::vector<DeviceLimit> device_limits_of(const Json* value) {
  std::vector<DeviceLimit> out;
  if (const Json::Array* array = value ? value->as_array() : nullptr)
    for (const Json& item : *array) {
      const Json* number = item.find("value");
      out.push_back({item.string_or("path"), number ? number->as_uint().value_or(0) : 0});
    }
  return out;
}

// The numbers of a list such as `0-3,7`; nullopt for what is no list.
std::optional<std::vector<bool>> cpu_list(std::string_view text) {
  constexpr std::size_t kMost = 8192;  // CPU_SETSIZE of the largest kernels
  std::vector<bool> out;
  for (std::string_view part : split(text, ',')) {
    std::size_t first = 0, last = 0;
    auto [end, code] = std::from_chars(part.data(), part.data() + part.size(), first);
    std::string_view rest = part.substr(static_cast<std::size_t>(end - part.data()));
    last = first;
    if (code == std::errc{} && rest.starts_with('-')) {
      auto [stop, bad] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), last);
      code = bad;
      rest = rest.substr(static_cast<std::size_t>(stop - rest.data()));
    }
    if (code != std::errc{} || !rest.empty() || last < first || last >= kMost) return std::nullopt;
    if (out.size() <= last) out.resize(last + 1);
    for (std::size_t i = first; i <= last; ++i)
      out[i] = true;
  }
  return out;
}

std::string first_line(const std::string& path) {
  std::string text = os::read_file(path, 65536).value_or("");
  return text.substr(0, text.find('\n'));
}

Result<void> check_list(const std::string& wanted, const char* kind, const char* what,
                        const std::string& available) {
  if (wanted.empty()) return {};
  auto asked = cpu_list(wanted);
  if (!asked) return fail(0, fmt::format("Invalid value {} for cpuset {}", wanted, kind));
  auto there = cpu_list(available);
  for (std::size_t i = 0; there && i < asked->size(); ++i)
    if ((*asked)[i] && (i >= there->size() || !(*there)[i]))
      return fail(0, fmt::format("Requested {} are not available - requested {}, available: {}",
                                 what, wanted, available));
  return {};
}

Result<void> check_memory(const oci::MemoryResources& memory, LimitsFor purpose) {
  constexpr std::int64_t kLeast = 6 << 20;  // bytes
  std::int64_t limit = memory.limit.value_or(0);
  std::int64_t swap = memory.swap.value_or(0);
  std::int64_t reservation = memory.reservation.value_or(0);
  if (limit > 0 && limit < kLeast) return fail(0, "Minimum memory limit allowed is 6MB");
  if (limit > 0 && swap > 0 && swap < limit)
    return fail(0, "Minimum memoryswap limit should be larger than memory limit, see usage");
  if (limit == 0 && swap > 0 && purpose == LimitsFor::Create)
    return fail(0, "You should always set the Memory limit when using Memoryswap limit, see usage");
  if (reservation > 0 && reservation < kLeast)
    return fail(0, "Minimum memory reservation allowed is 6MB");
  if (limit > 0 && reservation > 0 && limit < reservation)
    return fail(0, "Minimum memory limit can not be less than memory reservation limit, see usage");
  return {};
}

Result<void> check_cpu(const Limits& limits) {
  const oci::CpuResources& cpu = limits.resources.cpu;
  const bool has_quota = cpu.quota.value_or(0) > 0;
  const std::uint64_t period = cpu.period.value_or(0);
  if (limits.nano_cpus > 0 && period > 0)
    return fail(0, "Conflicting options: Nano CPUs and CPU Period cannot both be set");
  if (limits.nano_cpus > 0 && has_quota)
    return fail(0, "Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  constexpr std::int64_t kOne = 1'000'000'000;
  const long count = ::sysconf(_SC_NPROCESSORS_ONLN);
  if (limits.nano_cpus < 0 || limits.nano_cpus > count * kOne)
    return fail(0, fmt::format("Range of CPUs is from 0.01 to {}.00, as there are only {} CPUs "
                               "available",
                               count, count));
  if (period != 0 && (period < 1000 || period > 1'000'000))
    return fail(0,
                "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. "
                "1000000)");
  if (has_quota && *cpu.quota < 1000)
    return fail(0, "CPU cfs quota can not be less than 1ms (i.e. 1000)");
  SUIT_TRY(check_list(cpu.cpus, "cpus", "CPUs", first_line("/sys/devices/system/cpu/online")));
  return check_list(cpu.mems, "mems", "memory nodes",
                    first_line("/sys/devices/system/node/online"));
}

Result<std::vector<oci::DeviceRate>> to_rates(const std::vector<DeviceLimit>& list) {
  std::vector<oci::DeviceRate> out;
  for (const DeviceLimit& one : list) {
    struct stat info{};
    if (::stat(one.path.c_str(), &info) != 0)
      return fail(errno, fmt::format("limit of device {}", one.path));
    if (!S_ISBLK(info.st_mode))
      return fail(0, fmt::format("limit of device {}: it is not a block device", one.path));
    out.push_back({static_cast<std::int64_t>(major(info.st_rdev)),
                   static_cast<std::int64_t>(minor(info.st_rdev)), one.value});
  }
  return out;
}

template <typename T>
void take_over(T& to, const T& from) {
  if (from) to = from;
}

}  // namespace

bool is_empty(const Limits& limits) { return to_value(limits).as_object()->empty(); }

Json to_value(const Limits& limits) {
  Json out = Json::object();
  if (!oci::is_empty(limits.resources)) out.set("resources", oci::to_value(limits.resources));
  if (limits.nano_cpus != 0) out.set("nanoCpus", limits.nano_cpus);
  auto set_devices = [&](const char* key, const std::vector<DeviceLimit>& list) {
    if (!list.empty()) out.set(key, device_limits(list));
  };
  set_devices("weightDevice", limits.weight_device);
  set_devices("readBps", limits.read_bps);
  set_devices("writeBps", limits.write_bps);
  set_devices("readIops", limits.read_iops);
  set_devices("writeIops", limits.write_iops);
  Json ulimits = Json::array();
  for (const oci::Rlimit& limit : limits.ulimits) {
    Json item = Json::object();
    item.set("type", limit.type).set("soft", limit.soft).set("hard", limit.hard);
    ulimits.push(std::move(item));
  }
  if (!limits.ulimits.empty()) out.set("ulimits", std::move(ulimits));
  Json sysctls = Json::object();
  for (const auto& [name, value] : limits.sysctls)
    sysctls.append_unchecked(name, value);
  if (!limits.sysctls.empty()) out.set("sysctls", std::move(sysctls));
  if (limits.oom_score_adj) out.set("oomScoreAdj", *limits.oom_score_adj);
  if (!limits.cgroup_parent.empty()) out.set("cgroupParent", limits.cgroup_parent);
  return out;
}

Limits limits_of(const Json& value) {
  Limits out;
  if (const Json* resources = value.find("resources"))
    if (auto parsed = oci::parse_resources(resources->dump())) out.resources = *std::move(parsed);
  if (const Json* nano = value.find("nanoCpus")) out.nano_cpus = nano->as_int().value_or(0);
  out.weight_device = device_limits_of(value.find("weightDevice"));
  out.read_bps = device_limits_of(value.find("readBps"));
  out.write_bps = device_limits_of(value.find("writeBps"));
  out.read_iops = device_limits_of(value.find("readIops"));
  out.write_iops = device_limits_of(value.find("writeIops"));
  const Json* ulimits = value.find("ulimits");
  if (const Json::Array* array = ulimits ? ulimits->as_array() : nullptr)
    for (const Json& item : *array) {
      auto number = [&](const char* key) {
        const Json* found = item.find(key);
        return found ? found->as_uint().value_or(0) : 0;
      };
      out.ulimits.push_back({item.string_or("type"), number("soft"), number("hard")});
    }
  if (const Json* sysctls = value.find("sysctls"); sysctls && sysctls->as_object())
    for (const auto& [name, text] : *sysctls->as_object())
      if (const std::string* found = text.as_string()) out.sysctls[name] = *found;
  if (const Json* score = value.find("oomScoreAdj"))
    out.oom_score_adj = static_cast<int>(score->as_int().value_or(0));
  out.cgroup_parent = value.string_or("cgroupParent");
  return out;
}

Result<void> check_limits(const Limits& limits, LimitsFor purpose) {
  SUIT_TRY(check_memory(limits.resources.memory, purpose));
  SUIT_TRY(check_cpu(limits));
  std::uint16_t weight = limits.resources.block_io.weight.value_or(0);
  if (weight > 0 && (weight < 10 || weight > 1000))
    return fail(0, "Range of blkio weight is from 10 to 1000");
  constexpr int kMostScore = 1000;
  int score = limits.oom_score_adj.value_or(0);
  if (score < -kMostScore || score > kMostScore)
    return fail(0,
                fmt::format("Invalid value {}, range for oom score adj is [-1000, 1000]", score));
  return {};
}

void complete_limits(Limits& limits) {
  oci::MemoryResources& memory = limits.resources.memory;
  if (memory.limit.value_or(0) > 0 && memory.swap.value_or(0) == 0)
    memory.swap =
        *memory.limit > std::numeric_limits<std::int64_t>::max() / 2 ? -1 : *memory.limit * 2;
}

Limits merged(Limits limits, const Limits& change) {
  oci::Resources& to = limits.resources;
  const oci::Resources& from = change.resources;
  take_over(to.memory.limit, from.memory.limit);
  take_over(to.memory.swap, from.memory.swap);
  take_over(to.memory.reservation, from.memory.reservation);
  take_over(to.cpu.shares, from.cpu.shares);
  take_over(to.cpu.quota, from.cpu.quota);
  take_over(to.cpu.period, from.cpu.period);
  take_over(to.cpu.realtime_period, from.cpu.realtime_period);
  take_over(to.cpu.realtime_runtime, from.cpu.realtime_runtime);
  if (!from.cpu.cpus.empty()) to.cpu.cpus = from.cpu.cpus;
  if (!from.cpu.mems.empty()) to.cpu.mems = from.cpu.mems;
  take_over(to.pids_limit, from.pids_limit);
  take_over(to.block_io.weight, from.block_io.weight);
  if (change.nano_cpus != 0) limits.nano_cpus = change.nano_cpus;
  return limits;
}

Result<oci::Resources> to_resources(const Limits& limits) {
  oci::Resources out = limits.resources;
  if (limits.nano_cpus > 0) {
    constexpr std::int64_t kPeriodUs = 100'000;
    constexpr std::int64_t kNanosOfPeriod = 1'000'000'000 / kPeriodUs;
    out.cpu.period = kPeriodUs;
    out.cpu.quota = limits.nano_cpus / kNanosOfPeriod;
  }
  SUIT_LET(out.block_io.weight_device, to_rates(limits.weight_device));
  SUIT_LET(out.block_io.read_bps, to_rates(limits.read_bps));
  SUIT_LET(out.block_io.write_bps, to_rates(limits.write_bps));
  SUIT_LET(out.block_io.read_iops, to_rates(limits.read_iops));
  SUIT_LET(out.block_io.write_iops, to_rates(limits.write_iops));
  return out;
}

Result<void> apply_limits(const Limits& limits, std::string_view id, oci::Spec& spec) {
  SUIT_LET(oci::Resources resources, to_resources(limits));
  // Rules for devices may be there already.
  resources.devices.insert(resources.devices.begin(), spec.linux_.resources.devices.begin(),
                           spec.linux_.resources.devices.end());
  spec.linux_.resources = std::move(resources);
  spec.linux_.cgroups_path = cgroups_path(limits, id);
  for (const auto& [name, value] : limits.sysctls)
    spec.linux_.sysctl[name] = value;
  if (limits.oom_score_adj) spec.process.oom_score_adj = limits.oom_score_adj;
  for (const oci::Rlimit& limit : limits.ulimits) {
    std::erase_if(spec.process.rlimits,
                  [&](const oci::Rlimit& one) { return one.type == limit.type; });
    spec.process.rlimits.push_back(limit);
  }
  return {};
}

std::string cgroups_path(const Limits& limits, std::string_view id) {
  if (limits.cgroup_parent.empty()) return "";
  std::string parent = limits.cgroup_parent;
  if (!parent.starts_with('/')) parent.insert(0, "/");
  return fmt::format("{}/{}", parent, id);
}

}  // namespace suit::engine
