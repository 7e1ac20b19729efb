#include "cli/limit_flags.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "cli/units.h"

namespace suit::cli {
namespace {

using oci::Json;

Result<void> invalid_flag(std::string_view value, std::string_view flag, std::string_view why) {
  return fail(0, fmt::format("invalid argument \"{}\" for \"{}\" flag: {}", value, flag, why));
}

// strconv.ParseInt, with its words.
Result<std::int64_t> parse_int(std::string_view text) {
  std::int64_t value = 0;
  std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code == std::errc{} && end == digits.data() + digits.size()) return value;
  return fail(0, fmt::format("strconv.ParseInt: parsing \"{}\": {}", text,
                             code == std::errc::result_out_of_range ? "value out of range"
                                                                    : "invalid syntax"));
}

// A flag of bytes. Swap may be -1, which is no limit.
Result<void> read_bytes(const std::string& text, std::string_view flag,
                        std::optional<std::int64_t>& to, bool may_be_unlimited = false) {
  if (text.empty()) return {};
  if (may_be_unlimited && text == "-1") {
    to = -1;
    return {};
  }
  auto size = parse_size(text);
  if (!size) return invalid_flag(text, flag, size.error().what());
  to = static_cast<std::int64_t>(
      std::min<std::uint64_t>(*size, std::numeric_limits<std::int64_t>::max()));
  return {};
}

constexpr std::array<std::string_view, 15> kUlimits = {
    "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue", "nice",
    "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack"};

std::uint64_t natural(std::optional<std::int64_t> value) {
  return value.value_or(0) < 0 ? 0 : static_cast<std::uint64_t>(*value);
}

// Sysctls that belong to a container's own namespaces.
bool is_own_sysctl(std::string_view name) {
  constexpr std::array<std::string_view, 8> kKernel = {
      "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
      "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"};
  return std::ranges::find(kKernel, name) != kKernel.end() || name.starts_with("net.") ||
         name.starts_with("fs.mqueue.");
}

Result<void> read_memory_flags(const LimitFlags& flags, oci::MemoryResources& memory) {
  SUIT_TRY(read_bytes(flags.memory, "-m, --memory", memory.limit));
  SUIT_TRY(read_bytes(flags.memory_swap, "--memory-swap", memory.swap, true));
  SUIT_TRY(read_bytes(flags.memory_reservation, "--memory-reservation", memory.reservation));
  SUIT_TRY(read_bytes(flags.kernel_memory, "--kernel-memory", memory.kernel));
  // Docker's default is -1: the host's.
  std::int64_t swappiness = flags.swappiness.value_or(-1);
  if (swappiness != -1 && (swappiness < 0 || swappiness > 100))
    return fail(
        0, fmt::format("invalid value: {}. Valid memory swappiness range is 0-100", swappiness));
  if (swappiness != -1) memory.swappiness = static_cast<std::uint64_t>(swappiness);
  if (flags.oom_kill_disable) memory.disable_oom_killer = true;
  return {};
}

Result<void> read_cpu_flags(const LimitFlags& flags, engine::Limits& limits) {
  oci::CpuResources& cpu = limits.resources.cpu;
  if (!flags.cpus.empty()) {
    auto nano = read_cpus(flags.cpus);
    if (!nano) return invalid_flag(flags.cpus, "--cpus", nano.error().what());
    limits.nano_cpus = *nano;
  }
  if (flags.cpu_shares.value_or(0) < 0)
    return fail(0, fmt::format("invalid CPU shares ({}): value must be a positive integer",
                               *flags.cpu_shares));
  if (flags.cpu_shares) cpu.shares = natural(flags.cpu_shares);
  if (flags.cpu_period) cpu.period = natural(flags.cpu_period);
  cpu.quota = flags.cpu_quota;
  if (flags.cpu_rt_period) cpu.realtime_period = natural(flags.cpu_rt_period);
  cpu.realtime_runtime = flags.cpu_rt_runtime;
  cpu.cpus = flags.cpuset_cpus;
  cpu.mems = flags.cpuset_mems;
  return {};
}

Result<void> read_device_flags(const LimitFlags& flags, engine::Limits& limits) {
  struct Kind {
    const std::vector<std::string>& texts;
    std::string_view flag;
    DeviceValue value;
    std::vector<engine::DeviceLimit>& to;
  };
  const std::array<Kind, 5> kinds = {{
      {flags.weight_device, "--blkio-weight-device", DeviceValue::Weight, limits.weight_device},
      {flags.read_bps, "--device-read-bps", DeviceValue::Bytes, limits.read_bps},
      {flags.write_bps, "--device-write-bps", DeviceValue::Bytes, limits.write_bps},
      {flags.read_iops, "--device-read-iops", DeviceValue::Operations, limits.read_iops},
      {flags.write_iops, "--device-write-iops", DeviceValue::Operations, limits.write_iops},
  }};
  for (const Kind& kind : kinds)
    for (const std::string& text : kind.texts) {
      auto limit = read_device_limit(text, kind.value);
      if (!limit) return invalid_flag(text, kind.flag, limit.error().what());
      kind.to.push_back(*std::move(limit));
    }
  for (const std::string& text : flags.device_rules) {
    auto rule = read_device_rule(text);
    if (!rule) return invalid_flag(text, "--device-cgroup-rule", rule.error().what());
    limits.resources.devices.push_back(*std::move(rule));
  }
  if (!flags.blkio_weight) return {};
  if (*flags.blkio_weight < 0 || *flags.blkio_weight > UINT16_MAX)
    return invalid_flag(
        std::to_string(*flags.blkio_weight), "--blkio-weight",
        fmt::format("strconv.ParseUint: parsing \"{}\": {}", *flags.blkio_weight,
                    *flags.blkio_weight < 0 ? "invalid syntax" : "value out of range"));
  limits.resources.block_io.weight = static_cast<std::uint16_t>(*flags.blkio_weight);
  return {};
}

Json paths(const char* key, const std::vector<engine::DeviceLimit>& list) {
  Json out = Json::array();
  for (const engine::DeviceLimit& one : list) {
    Json item = Json::object();
    item.set("Path", one.path).set(key, one.value);
    out.push(std::move(item));
  }
  return out;
}

// Docker's names are the shell's; -1 is no limit.
Json ulimits_value(const std::vector<oci::Rlimit>& list) {
  if (list.empty()) return {};
  auto signed_limit = [](std::uint64_t value) {
    return value == UINT64_MAX ? std::int64_t{-1} : static_cast<std::int64_t>(value);
  };
  Json out = Json::array();
  for (const oci::Rlimit& limit : list) {
    std::string name = limit.type.substr(std::string_view("RLIMIT_").size());
    std::ranges::transform(name, name.begin(),
                           [](char c) { return static_cast<char>(std::tolower(c)); });
    Json item = Json::object();
    item.set("Name", name).set("Hard", signed_limit(limit.hard));
    item.set("Soft", signed_limit(limit.soft));
    out.push(std::move(item));
  }
  return out;
}

}  // namespace

void declare_update_flags(FlagSet& flags, LimitFlags& limits) {
  flags
      .add('\0', "blkio-weight", &limits.blkio_weight, "uint16",
           "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)")
      .add('\0', "cpu-period", &limits.cpu_period, "int",
           "Limit CPU CFS (Completely Fair Scheduler) period")
      .add('\0', "cpu-quota", &limits.cpu_quota, "int",
           "Limit CPU CFS (Completely Fair Scheduler) quota")
      .add('\0', "cpu-rt-period", &limits.cpu_rt_period, "int",
           "Limit the CPU real-time period in microseconds")
      .add('\0', "cpu-rt-runtime", &limits.cpu_rt_runtime, "int",
           "Limit the CPU real-time runtime in microseconds")
      .add('c', "cpu-shares", &limits.cpu_shares, "int", "CPU shares (relative weight)")
      .add('\0', "cpus", &limits.cpus, "decimal", "Number of CPUs: 1.5")
      .add('\0', "cpuset-cpus", &limits.cpuset_cpus, "string",
           "CPUs in which to allow execution (0-3, 0,1)")
      .add('\0', "cpuset-mems", &limits.cpuset_mems, "string",
           "MEMs in which to allow execution (0-3, 0,1)")
      .add('m', "memory", &limits.memory, "bytes", "Memory limit: 64m")
      .add('\0', "memory-reservation", &limits.memory_reservation, "bytes", "Memory soft limit")
      .add('\0', "memory-swap", &limits.memory_swap, "bytes",
           "Swap limit equal to memory plus swap: -1 to enable unlimited swap")
      .add('\0', "pids-limit", &limits.pids, "int",
           "Tune container pids limit (set -1 for unlimited)");
}

void declare_limit_flags(FlagSet& flags, LimitFlags& limits) {
  declare_update_flags(flags, limits);
  flags
      .add('\0', "blkio-weight-device", &limits.weight_device, "list",
           "Block IO weight (relative device weight): /dev/sda:500")
      .add('\0', "cgroup-parent", &limits.cgroup_parent, "string",
           "Optional parent cgroup for the container")
      .add('\0', "device-cgroup-rule", &limits.device_rules, "list",
           "Add a rule to the cgroup allowed devices list: 'c 189:* rmw'")
      .add('\0', "device-read-bps", &limits.read_bps, "list",
           "Limit read rate (bytes per second) from a device: /dev/sda:1mb")
      .add('\0', "device-read-iops", &limits.read_iops, "list",
           "Limit read rate (IO per second) from a device")
      .add('\0', "device-write-bps", &limits.write_bps, "list",
           "Limit write rate (bytes per second) to a device")
      .add('\0', "device-write-iops", &limits.write_iops, "list",
           "Limit write rate (IO per second) to a device")
      .add('\0', "kernel-memory", &limits.kernel_memory, "bytes",
           "Kernel memory limit: newer kernels count it as memory")
      .add('\0', "memory-swappiness", &limits.swappiness, "int",
           "Tune container memory swappiness (0 to 100)")
      .toggle('\0', "oom-kill-disable", limits.oom_kill_disable, "Disable OOM Killer")
      .add('\0', "oom-score-adj", &limits.oom_score_adj, "int",
           "Tune host's OOM preferences (-1000 to 1000)")
      .add('\0', "sysctl", &limits.sysctls, "map", "Sysctl options: net.core.somaxconn=64")
      .add('\0', "ulimit", &limits.ulimits, "ulimit", "Ulimit options: nofile=1024:2048");
}

Result<oci::Rlimit> read_ulimit(std::string_view text) {
  const std::size_t equals = text.find('=');
  // Go's message names what stands behind the "=", which is nothing.
  if (equals == std::string_view::npos) return fail(0, "invalid ulimit argument: ");
  const std::string_view name = text.substr(0, equals);
  if (std::ranges::find(kUlimits, name) == kUlimits.end())
    return fail(0, fmt::format("invalid ulimit type: {}", name));
  const std::string_view values = text.substr(equals + 1);
  const std::size_t colon = values.find(':');
  SUIT_LET(const std::int64_t soft, parse_int(values.substr(0, colon)));
  std::int64_t hard = soft;
  if (colon != std::string_view::npos) {
    SUIT_LET(hard, parse_int(values.substr(colon + 1)));
  }
  if (hard != -1 && soft == -1)
    return fail(0, fmt::format("ulimit soft limit must be less than or equal to hard limit: soft: "
                               "-1 (unlimited), hard: {}",
                               hard));
  if (hard != -1 && soft > hard)
    return fail(
        0, fmt::format("ulimit soft limit must be less than or equal to hard limit: {} > {}", soft,
                       hard));
  std::string type = "RLIMIT_";
  for (const char c : name)
    type += static_cast<char>(std::toupper(c));
  return oci::Rlimit{type, static_cast<std::uint64_t>(soft), static_cast<std::uint64_t>(hard)};
}

// Go takes any rational number: here decimals, and fractions such as 1/2.
Result<std::int64_t> read_cpus(std::string_view text) {
  const std::size_t slash = text.find('/');
  auto decimal = [](std::string_view part) -> std::optional<double> {
    double value = 0;
    if (part.starts_with('+')) part.remove_prefix(1);
    auto [end, code] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (code != std::errc{} || end != part.data() + part.size()) return std::nullopt;
    return value;
  };
  const auto above = decimal(text.substr(0, slash));
  const auto below =
      slash == std::string_view::npos ? std::optional<double>(1) : decimal(text.substr(slash + 1));
  if (!above || !below || *below == 0)
    return fail(0, fmt::format("failed to parse {} as a rational number", text));
  // More than nine digits behind the point, in Go's exact arithmetic.
  const std::size_t dot = text.find('.');
  const std::string_view digits =
      dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  const bool is_plain = digits.find_first_not_of("0123456789") == std::string_view::npos;
  const std::size_t last = digits.find_last_not_of('0');
  if (is_plain && last != std::string_view::npos && last >= 9)
    return fail(0, "value is too precise");
  constexpr double kOne = 1e9, kMost = 9e18;
  const double nano = *above / *below * kOne;
  if (!(nano > -kMost && nano < kMost)) return fail(0, "value is too precise");
  return static_cast<std::int64_t>(nano < 0 ? nano - 0.5 : nano + 0.5);
}

Result<engine::DeviceLimit> read_device_limit(std::string_view text, DeviceValue value) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 ||
      text.find(':', colon + 1) != std::string_view::npos)
    return fail(0, fmt::format("bad format: {}", text));
  const std::string_view path = text.substr(0, colon);
  const std::string_view number = text.substr(colon + 1);
  if (!path.starts_with("/dev/"))
    return fail(0, fmt::format("bad format for device path: {}", text));
  engine::DeviceLimit out{std::string(path), 0};
  if (value == DeviceValue::Bytes) {
    auto rate = parse_size(number);
    if (!rate)
      return fail(0, fmt::format("invalid rate for device: {}. The correct format is "
                                 "<device-path>:<number>[<unit>]. Number must be a positive "
                                 "integer. Unit is optional and can be kb, mb, or gb",
                                 text));
    out.value = *rate;
    return out;
  }
  auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), out.value);
  const bool is_number = code == std::errc{} && end == number.data() + number.size();
  if (value == DeviceValue::Weight) {
    if (!is_number || (out.value > 0 && (out.value < 10 || out.value > 1000)))
      return fail(0, fmt::format("invalid weight for device: {}", text));
  } else if (!is_number) {
    return fail(0, fmt::format("invalid rate for device: {}. The correct format is "
                               "<device-path>:<number>. Number must be a positive integer",
                               text));
  }
  return out;
}

// docker/cli: ^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$
Result<oci::DeviceRule> read_device_rule(std::string_view text) {
  const auto refuse = [&] {
    return fail(0, fmt::format("invalid device cgroup format '{}'", text));
  };
  if (text.size() < 7 || std::string_view("acb").find(text[0]) == std::string_view::npos ||
      text[1] != ' ')
    return refuse();
  oci::DeviceRule rule;
  rule.allow = true;
  rule.type = text[0];
  std::string_view rest = text.substr(2);
  auto number = [&](char until, std::optional<std::int64_t>& to) {
    const std::string_view word = rest.substr(0, rest.find(until));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    if (word == "*") return true;
    std::int64_t value = -1;
    auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
    to = value;
    return code == std::errc{} && end == word.data() + word.size() && value >= 0;
  };
  if (!number(':', rule.major) || !number(' ', rule.minor)) return refuse();
  rule.access = rest;
  if (rest.empty() || rest.size() > 3 || rest.find_first_not_of("rwm") != std::string_view::npos)
    return refuse();
  return rule;
}

Result<engine::Limits> read_limit_flags(const LimitFlags& flags) {
  engine::Limits limits;
  SUIT_TRY(read_memory_flags(flags, limits.resources.memory));
  SUIT_TRY(read_cpu_flags(flags, limits));
  SUIT_TRY(read_device_flags(flags, limits));
  // 0 and below are no limit.
  if (flags.pids) limits.resources.pids_limit = *flags.pids <= 0 ? -1 : *flags.pids;
  for (const std::string& text : flags.ulimits) {
    auto limit = read_ulimit(text);
    if (!limit) {
      SUIT_TRY(invalid_flag(text, "--ulimit", limit.error().what()));
    }
    std::erase_if(limits.ulimits, [&](const auto& one) { return one.type == limit->type; });
    limits.ulimits.push_back(*std::move(limit));
  }
  for (const std::string& text : flags.sysctls) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || !is_own_sysctl(text.substr(0, equals)))
      SUIT_TRY(invalid_flag(text, "--sysctl", fmt::format("sysctl '{}' is not allowed", text)));
    limits.sysctls[text.substr(0, equals)] = text.substr(equals + 1);
  }
  if (flags.oom_score_adj)
    limits.oom_score_adj =
        static_cast<int>(std::clamp<std::int64_t>(*flags.oom_score_adj, -100000, 100000));
  limits.cgroup_parent = flags.cgroup_parent;
  return limits;
}

void add_limits(Json& out, const engine::Limits& limits) {
  const oci::Resources& resources = limits.resources;
  const oci::MemoryResources& memory = resources.memory;
  out.set("CgroupParent", limits.cgroup_parent);
  out.set("OomScoreAdj", limits.oom_score_adj.value_or(0));
  if (!limits.sysctls.empty()) {
    Json sysctls = Json::object();
    for (const auto& [name, value] : limits.sysctls)
      sysctls.append_unchecked(name, value);
    out.set("Sysctls", std::move(sysctls));
  }
  out.set("CpuShares", resources.cpu.shares.value_or(0)).set("Memory", memory.limit.value_or(0));
  out.set("NanoCpus", limits.nano_cpus);
  out.set("BlkioWeight", std::uint64_t{resources.block_io.weight.value_or(0)});
  out.set("BlkioWeightDevice", paths("Weight", limits.weight_device));
  out.set("BlkioDeviceReadBps", paths("Rate", limits.read_bps));
  out.set("BlkioDeviceWriteBps", paths("Rate", limits.write_bps));
  out.set("BlkioDeviceReadIOps", paths("Rate", limits.read_iops));
  out.set("BlkioDeviceWriteIOps", paths("Rate", limits.write_iops));
  out.set("CpuPeriod", resources.cpu.period.value_or(0));
  out.set("CpuQuota", resources.cpu.quota.value_or(0));
  out.set("CpuRealtimePeriod", resources.cpu.realtime_period.value_or(0));
  out.set("CpuRealtimeRuntime", resources.cpu.realtime_runtime.value_or(0));
  out.set("CpusetCpus", resources.cpu.cpus).set("CpusetMems", resources.cpu.mems);
  Json rules;
  for (const oci::DeviceRule& rule : resources.devices) {
    if (!rules.as_array()) rules = Json::array();
    auto number = [](const std::optional<std::int64_t>& value) {
      return value ? std::to_string(*value) : std::string("*");
    };
    rules.push(
        fmt::format("{} {}:{} {}", rule.type, number(rule.major), number(rule.minor), rule.access));
  }
  out.set("DeviceCgroupRules", std::move(rules));
  out.set("MemoryReservation", memory.reservation.value_or(0));
  out.set("MemorySwap", memory.swap.value_or(0));
  out.set("MemorySwappiness", memory.swappiness ? Json(*memory.swappiness) : Json());
  out.set("OomKillDisable", memory.disable_oom_killer.value_or(false));
  out.set("PidsLimit", resources.pids_limit ? Json(*resources.pids_limit) : Json());
  out.set("Ulimits", ulimits_value(limits.ulimits)).set("CpuCount", 0).set("CpuPercent", 0);
  out.set("IOMaximumIOps", 0).set("IOMaximumBandwidth", 0);
}

}  // namespace suit::cli
