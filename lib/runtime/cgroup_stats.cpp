#include "runtime/cgroup_stats.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/split.h"
#include "os/file.h"

namespace suit::runtime {
namespace {

using Stats = CgroupStats;

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string read(const std::string& dir, std::string_view file) {
  if (dir.empty()) return "";
  return os::read_file(fmt::format("{}/{}", dir, file), 1U << 20).value_or("");
}

// Lines `key value`.
std::map<std::string, std::uint64_t> pairs(const std::string& text) {
  std::map<std::string, std::uint64_t> out;
  for (std::string_view line : split(text, '\n'))
    if (std::size_t space = line.find(' '); space != std::string_view::npos)
      out.emplace(line.substr(0, space), number(line.substr(space + 1)));
  return out;
}

std::uint64_t value_of(const std::map<std::string, std::uint64_t>& in, const std::string& key) {
  auto found = in.find(key);
  return found == in.end() ? 0 : found->second;
}

// Version 1 says "no limit" with the largest number of pages: 2^63 less a page.
std::uint64_t limit_of(std::string_view text) {
  constexpr std::uint64_t kNone = (std::uint64_t{1} << 63) - (1U << 16);
  if (text.starts_with("max")) return 0;
  std::uint64_t value = number(text);
  return value >= kNone ? 0 : value;
}

constexpr std::uint64_t kNsPerUs = 1000;

void read_cpu_v1(Stats& out, const std::string& dir) {
  if (std::string usage = read(dir, "cpuacct.usage"); !usage.empty()) {
    out.cpu_ns = number(usage);
    const std::string each = read(dir, "cpuacct.usage_percpu");
    for (std::string_view word : split(each, ' '))
      if (!word.empty() && word != "\n") out.cpu_each_ns.push_back(number(word));
    auto parts = pairs(read(dir, "cpuacct.stat"));
    auto tick = 1'000'000'000U / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    out.cpu_user_ns = value_of(parts, "user") * tick;
    out.cpu_kernel_ns = value_of(parts, "system") * tick;
  }
  auto throttling = pairs(read(dir, "cpu.stat"));
  if (throttling.contains("throttled_time")) {
    out.periods = value_of(throttling, "nr_periods");
    out.throttled_periods = value_of(throttling, "nr_throttled");
    out.throttled_ns = value_of(throttling, "throttled_time");
  }
}

void read_cpu_v2(Stats& out, const std::string& dir) {
  auto parts = pairs(read(dir, "cpu.stat"));
  if (parts.contains("usage_usec") && !out.cpu_ns) {
    out.cpu_ns = value_of(parts, "usage_usec") * kNsPerUs;
    out.cpu_user_ns = value_of(parts, "user_usec") * kNsPerUs;
    out.cpu_kernel_ns = value_of(parts, "system_usec") * kNsPerUs;
  }
  if (parts.contains("nr_periods") && out.periods == 0) {
    out.periods = value_of(parts, "nr_periods");
    out.throttled_periods = value_of(parts, "nr_throttled");
    out.throttled_ns = value_of(parts, "throttled_usec") * kNsPerUs;
  }
}

std::optional<Stats::Amount> amount_v1(const std::string& dir, std::string_view kind) {
  std::string usage = read(dir, fmt::format("memory.{}usage_in_bytes", kind));
  if (usage.empty()) return std::nullopt;
  return Stats::Amount{number(usage),
                       limit_of(read(dir, fmt::format("memory.{}limit_in_bytes", kind))),
                       number(read(dir, fmt::format("memory.{}max_usage_in_bytes", kind))),
                       number(read(dir, fmt::format("memory.{}failcnt", kind)))};
}

void read_memory_v1(Stats& out, const std::string& dir) {
  auto memory = amount_v1(dir, "");
  if (!memory) return;
  out.memory = memory;
  out.swap = amount_v1(dir, "memsw.");
  out.kernel = amount_v1(dir, "kmem.");
  out.kernel_tcp = amount_v1(dir, "kmem.tcp.");
  out.memory_raw = pairs(read(dir, "memory.stat"));
  out.cache_bytes = value_of(out.memory_raw, "cache");
  out.inactive_file_bytes = value_of(out.memory_raw, "total_inactive_file");
}

void read_memory_v2(Stats& out, const std::string& dir) {
  std::string usage = read(dir, "memory.current");
  if (usage.empty()) return;
  auto events = pairs(read(dir, "memory.events"));
  out.memory = Stats::Amount{number(usage), limit_of(read(dir, "memory.max")),
                             number(read(dir, "memory.peak")), value_of(events, "max")};
  if (std::string swap = read(dir, "memory.swap.current"); !swap.empty())
    out.swap = Stats::Amount{number(swap), limit_of(read(dir, "memory.swap.max")), 0, 0};
  out.memory_raw = pairs(read(dir, "memory.stat"));
  out.cache_bytes = value_of(out.memory_raw, "file");
  out.inactive_file_bytes = value_of(out.memory_raw, "inactive_file");
}

// `8:0 Read 4096`, one line an operation.
void add_io_v1(std::vector<Stats::Transfer>& out, const std::string& text) {
  for (std::string_view line : split(text, '\n')) {
    auto words = split(line, ' ');
    if (words.size() != 3) continue;
    std::size_t colon = words[0].find(':');
    if (colon == std::string_view::npos) continue;
    out.push_back({number(words[0]), number(words[0].substr(colon + 1)), std::string(words[1]),
                   number(words[2])});
  }
}

// `8:0 rbytes=4096 wbytes=0 rios=1 wios=0 …`, one line a device.
void add_io_v2(Stats& out, const std::string& text) {
  for (std::string_view line : split(text, '\n')) {
    auto words = split(line, ' ');
    std::size_t colon = words[0].find(':');
    if (colon == std::string_view::npos) continue;
    auto add = [&](std::vector<Stats::Transfer>& to, std::string_view word, std::string_view key,
                   const char* operation) {
      if (word.starts_with(key))
        to.push_back({number(words[0]), number(words[0].substr(colon + 1)), operation,
                      number(word.substr(key.size()))});
    };
    for (std::string_view word : words) {
      add(out.io_bytes, word, "rbytes=", "Read");
      add(out.io_bytes, word, "wbytes=", "Write");
      add(out.io_operations, word, "rios=", "Read");
      add(out.io_operations, word, "wios=", "Write");
    }
  }
}

void read_pids(Stats& out, const std::string& dir) {
  std::string current = read(dir, "pids.current");
  if (current.empty()) return;
  out.pids = number(current);
  out.pids_limit = limit_of(read(dir, "pids.max"));
}

// `hugetlb.2MB.current` or `hugetlb.2MB.usage_in_bytes`: what is there tells the sizes.
void read_hugepages(Stats& out, const std::string& dir) {
  auto names = os::list_dir(dir);
  if (!names) return;
  constexpr std::string_view kPrefix = "hugetlb.";
  for (const std::string& name : *names) {
    if (!name.starts_with(kPrefix) || name.find(".rsvd.") != std::string::npos) continue;
    std::size_t dot = name.find('.', kPrefix.size());
    if (dot == std::string::npos) continue;
    std::string size = name.substr(kPrefix.size(), dot - kPrefix.size());
    Stats::Amount& amount = out.hugepages[size];
    std::string kind = name.substr(dot + 1);
    if (kind == "current" || kind == "usage_in_bytes") amount.usage = number(read(dir, name));
    if (kind == "max" || kind == "limit_in_bytes") amount.limit = limit_of(read(dir, name));
    if (kind == "max_usage_in_bytes") amount.max = number(read(dir, name));
    if (kind == "failcnt") amount.failures = number(read(dir, name));
  }
}

oci::Json amount_value(const std::optional<Stats::Amount>& amount) {
  oci::Json out = oci::Json::object();
  if (!amount) return out.set("failcnt", 0), out;
  out.set("limit", amount->limit == 0 ? UINT64_MAX : amount->limit);
  if (amount->usage != 0) out.set("usage", amount->usage);
  if (amount->max != 0) out.set("max", amount->max);
  out.set("failcnt", amount->failures);
  return out;
}

oci::Json transfers(const std::vector<Stats::Transfer>& list) {
  oci::Json out = oci::Json::array();
  for (const Stats::Transfer& one : list) {
    oci::Json entry = oci::Json::object();
    entry.set("major", one.major).set("minor", one.minor).set("op", one.operation);
    entry.set("value", one.value);
    out.push(std::move(entry));
  }
  return out;
}

oci::Json cpu_value(const Stats& stats) {
  oci::Json usage = oci::Json::object();
  usage.set("total", stats.cpu_ns.value_or(0));
  if (!stats.cpu_each_ns.empty()) {
    oci::Json each = oci::Json::array();
    for (std::uint64_t value : stats.cpu_each_ns)
      each.push(value);
    usage.set("percpu", std::move(each));
  }
  usage.set("kernel", stats.cpu_kernel_ns.value_or(0)).set("user", stats.cpu_user_ns.value_or(0));
  oci::Json throttling = oci::Json::object();
  if (stats.periods != 0) throttling.set("periods", stats.periods);
  if (stats.throttled_periods != 0) throttling.set("throttledPeriods", stats.throttled_periods);
  if (stats.throttled_ns != 0) throttling.set("throttledTime", stats.throttled_ns);
  oci::Json out = oci::Json::object();
  out.set("usage", std::move(usage)).set("throttling", std::move(throttling));
  return out;
}

}  // namespace

CgroupStats read_cgroup_stats(const CgroupDirs& dirs) {
  Stats out;
  for (const std::string& dir : dirs.v1) {
    read_cpu_v1(out, dir);
    read_memory_v1(out, dir);
    read_pids(out, dir);
    add_io_v1(out.io_bytes, read(dir, "blkio.throttle.io_service_bytes_recursive"));
    add_io_v1(out.io_operations, read(dir, "blkio.throttle.io_serviced_recursive"));
    read_hugepages(out, dir);
  }
  if (dirs.v2.empty()) return out;
  // Where version 1 has a controller, version 2 has no file of it.
  read_cpu_v2(out, dirs.v2);
  read_memory_v2(out, dirs.v2);
  read_pids(out, dirs.v2);
  add_io_v2(out, read(dirs.v2, "io.stat"));
  read_hugepages(out, dirs.v2);
  return out;
}

oci::Json to_value(const CgroupStats& stats) {
  oci::Json memory = oci::Json::object();
  if (stats.cache_bytes != 0) memory.set("cache", stats.cache_bytes);
  memory.set("usage", amount_value(stats.memory)).set("swap", amount_value(stats.swap));
  memory.set("kernel", amount_value(stats.kernel));
  memory.set("kernelTCP", amount_value(stats.kernel_tcp));
  oci::Json raw = oci::Json::object();
  for (const auto& [name, value] : stats.memory_raw)
    raw.append_unchecked(name, value);
  if (!stats.memory_raw.empty()) memory.set("raw", std::move(raw));
  oci::Json pids = oci::Json::object();
  if (stats.pids.value_or(0) != 0) pids.set("current", *stats.pids);
  if (stats.pids_limit.value_or(0) != 0) pids.set("limit", *stats.pids_limit);
  oci::Json blkio = oci::Json::object();
  if (!stats.io_bytes.empty()) blkio.set("ioServiceBytesRecursive", transfers(stats.io_bytes));
  if (!stats.io_operations.empty())
    blkio.set("ioServicedRecursive", transfers(stats.io_operations));
  oci::Json huge = oci::Json::object();
  for (const auto& [size, amount] : stats.hugepages)
    huge.append_unchecked(size, amount_value(amount));
  oci::Json out = oci::Json::object();
  out.set("cpu", cpu_value(stats)).set("memory", std::move(memory)).set("pids", std::move(pids));
  out.set("blkio", std::move(blkio)).set("hugetlb", std::move(huge));
  out.set("intel_rdt", oci::Json::object()).set("network_interfaces", oci::Json());
  return out;
}

}  // namespace suit::runtime
