// Reading and writing linux.resources.

#include "oci/resources.h"

#include <limits>

#include <fmt/format.h>

#include "oci/resources_read_internal.h"

namespace suit::oci {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

// Go's encoders write numbers that they never set as null: that is absent, too.
std::optional<std::int64_t> read_integer(const Cursor& at, std::int64_t least = -1) {
  if (!at.present()) return std::nullopt;
  return at.integer(least, kMost);
}

std::optional<std::uint64_t> read_natural(const Cursor& at, std::uint64_t most = UINT64_MAX) {
  if (!at.present()) return std::nullopt;
  return at.natural(most);
}

MemoryResources read_memory(const Cursor& at) {
  MemoryResources out;
  out.limit = read_integer(at.member("limit"));
  out.reservation = read_integer(at.member("reservation"));
  out.swap = read_integer(at.member("swap"));
  out.kernel = read_integer(at.member("kernel"));
  out.kernel_tcp = read_integer(at.member("kernelTCP"));
  out.swappiness = read_natural(at.member("swappiness"), 100);
  if (const Cursor disabled = at.member("disableOOMKiller"); disabled.present())
    out.disable_oom_killer = disabled.flag();
  out.check_before_update = at.member("checkBeforeUpdate").flag();
  return out;
}

// A list of processor or memory node numbers: what the kernel would say EINVAL to.
std::string read_list(const Cursor& at) {
  std::string text = at.text();
  if (text.find_first_not_of("0123456789,- ") != std::string::npos)
    at.refuse(fmt::format("\"{}\" is not a list such as 0-3,7", text));
  return text;
}

CpuResources read_cpu(const Cursor& at) {
  CpuResources out;
  out.shares = read_natural(at.member("shares"));
  out.quota = read_integer(at.member("quota"), std::numeric_limits<std::int64_t>::min());
  out.burst = read_natural(at.member("burst"));
  out.period = read_natural(at.member("period"));
  out.realtime_runtime = read_integer(at.member("realtimeRuntime"));
  out.realtime_period = read_natural(at.member("realtimePeriod"));
  if (const Cursor idle = at.member("idle"); idle.present()) out.idle = idle.integer(0, 1);
  out.cpus = read_list(at.member("cpus"));
  out.mems = read_list(at.member("mems"));
  return out;
}

std::vector<DeviceRate> read_rates(const Cursor& at, std::string_view value) {
  std::vector<DeviceRate> out;
  for (const Cursor& item : at.items()) {
    DeviceRate rate;
    rate.major = item.required("major").integer(0, UINT32_MAX);
    rate.minor = item.required("minor").integer(0, UINT32_MAX);
    rate.value = item.member(value).natural(UINT64_MAX);
    out.push_back(rate);
  }
  return out;
}

std::optional<std::uint16_t> read_weight(const Cursor& at) {
  if (!at.present()) return std::nullopt;
  const std::uint64_t weight = at.natural(1000);
  // 0 is what Docker's clients send for "not set".
  if (weight != 0 && weight < 10) at.refuse("must be between 10 and 1000");
  if (weight == 0) return std::nullopt;
  return static_cast<std::uint16_t>(weight);
}

BlockIoResources read_block_io(const Cursor& at) {
  BlockIoResources out;
  out.weight = read_weight(at.member("weight"));
  out.leaf_weight = read_weight(at.member("leafWeight"));
  out.weight_device = read_rates(at.member("weightDevice"), "weight");
  out.read_bps = read_rates(at.member("throttleReadBpsDevice"), "rate");
  out.write_bps = read_rates(at.member("throttleWriteBpsDevice"), "rate");
  out.read_iops = read_rates(at.member("throttleReadIOPSDevice"), "rate");
  out.write_iops = read_rates(at.member("throttleWriteIOPSDevice"), "rate");
  return out;
}

std::vector<HugepageLimit> read_hugepages(const Cursor& at) {
  std::vector<HugepageLimit> out;
  for (const Cursor& item : at.items()) {
    HugepageLimit limit;
    const Cursor size = item.required("pageSize");
    limit.page_size = size.text();
    const std::size_t digits = limit.page_size.find_first_not_of("0123456789");
    const std::string unit = digits == std::string::npos ? "" : limit.page_size.substr(digits);
    if (digits == 0 || (unit != "KB" && unit != "MB" && unit != "GB"))
      size.refuse(fmt::format("\"{}\" is not a page size such as 2MB", limit.page_size));
    limit.limit = item.required("limit").natural(UINT64_MAX);
    out.push_back(std::move(limit));
  }
  return out;
}

DeviceRule read_device_rule(const Cursor& at) {
  DeviceRule out;
  out.allow = at.required("allow").flag();
  if (const Cursor type = at.member("type"); type.present() && !type.text().empty()) {
    const std::string text = type.text();
    if (text != "a" && text != "b" && text != "c")
      type.refuse(fmt::format("\"{}\" is none of a, b and c", text));
    out.type = text[0];
  }
  // -1 is "all", as absent.
  out.major = read_integer(at.member("major"));
  out.minor = read_integer(at.member("minor"));
  if (out.major == -1) out.major.reset();
  if (out.minor == -1) out.minor.reset();
  if (const Cursor access = at.member("access"); access.present()) {
    out.access = access.text();
    if (out.access.find_first_not_of("rwm") != std::string::npos)
      access.refuse(fmt::format("\"{}\" is not made of r, w and m", out.access));
  }
  if (out.access.empty()) out.access = "rwm";
  return out;
}

void read_network(const Cursor& at, Resources& out) {
  if (const Cursor id = at.member("classID"); id.present())
    out.network_class = static_cast<std::uint32_t>(id.natural(UINT32_MAX));
  for (const Cursor& item : at.member("priorities").items()) {
    const Cursor name = item.required("name");
    InterfacePriority priority{name.text(), 0};
    if (priority.name.find_first_of(" \n/") != std::string::npos)
      name.refuse(fmt::format("\"{}\" is not the name of an interface", priority.name));
    priority.priority = static_cast<std::uint32_t>(item.required("priority").natural(UINT32_MAX));
    out.network_priorities.push_back(std::move(priority));
  }
}

void read_rdma(const Cursor& at, Resources& out) {
  for (const auto& [name, item] : at.members()) {
    RdmaLimit limit;
    if (const Cursor handles = item.member("hcaHandles"); handles.present())
      limit.handles = static_cast<std::uint32_t>(handles.natural(UINT32_MAX));
    if (const Cursor objects = item.member("hcaObjects"); objects.present())
      limit.objects = static_cast<std::uint32_t>(objects.natural(UINT32_MAX));
    if (!limit.handles && !limit.objects) item.refuse("needs hcaHandles or hcaObjects");
    if (name.find_first_of(" \n") != std::string::npos) item.refuse("is not the name of a device");
    out.rdma.emplace(name, limit);
  }
}

void check_unified(const Cursor& at, const Resources& resources) {
  for (const auto& [name, value] : resources.unified) {
    // A file name of the container's own cgroup, nothing else: no way up, no way down.
    if (name.empty() || name.find('/') != std::string::npos ||
        name.find('.') == std::string::npos || name.starts_with("."))
      at.refuse(fmt::format("\"{}\" is not the name of a cgroup file, such as memory.high", name));
  }
}

template <typename T>
void put(Json& object, std::string_view key, const std::optional<T>& value) {
  if (value) object.set(key, Json(*value));
}

void put_object(Json& object, std::string_view key, Json value) {
  if (!value.as_object()->empty()) object.set(key, std::move(value));
}

Json memory_value(const MemoryResources& memory) {
  Json out = Json::object();
  put(out, "limit", memory.limit);
  put(out, "reservation", memory.reservation);
  put(out, "swap", memory.swap);
  put(out, "kernel", memory.kernel);
  put(out, "kernelTCP", memory.kernel_tcp);
  put(out, "swappiness", memory.swappiness);
  put(out, "disableOOMKiller", memory.disable_oom_killer);
  if (memory.check_before_update) out.set("checkBeforeUpdate", true);
  return out;
}

Json cpu_value(const CpuResources& cpu) {
  Json out = Json::object();
  put(out, "shares", cpu.shares);
  put(out, "quota", cpu.quota);
  put(out, "burst", cpu.burst);
  put(out, "period", cpu.period);
  put(out, "realtimeRuntime", cpu.realtime_runtime);
  put(out, "realtimePeriod", cpu.realtime_period);
  put(out, "idle", cpu.idle);
  if (!cpu.cpus.empty()) out.set("cpus", cpu.cpus);
  if (!cpu.mems.empty()) out.set("mems", cpu.mems);
  return out;
}

void put_rates(Json& object, std::string_view key, std::string_view value,
               const std::vector<DeviceRate>& rates) {
  if (rates.empty()) return;
  Json out = Json::array();
  for (const DeviceRate& rate : rates) {
    Json item = Json::object();
    item.set("major", rate.major).set("minor", rate.minor).set(value, rate.value);
    out.push(std::move(item));
  }
  object.set(key, std::move(out));
}

Json block_io_value(const BlockIoResources& io) {
  Json out = Json::object();
  if (io.weight) out.set("weight", int{*io.weight});
  if (io.leaf_weight) out.set("leafWeight", int{*io.leaf_weight});
  put_rates(out, "weightDevice", "weight", io.weight_device);
  put_rates(out, "throttleReadBpsDevice", "rate", io.read_bps);
  put_rates(out, "throttleWriteBpsDevice", "rate", io.write_bps);
  put_rates(out, "throttleReadIOPSDevice", "rate", io.read_iops);
  put_rates(out, "throttleWriteIOPSDevice", "rate", io.write_iops);
  return out;
}

Json device_value(const DeviceRule& rule) {
  Json out = Json::object();
  out.set("allow", rule.allow);
  if (rule.type != 'a') out.set("type", std::string(1, rule.type));
  put(out, "major", rule.major);
  put(out, "minor", rule.minor);
  out.set("access", rule.access);
  return out;
}

Json network_value(const Resources& resources) {
  Json out = Json::object();
  put(out, "classID", resources.network_class);
  if (resources.network_priorities.empty()) return out;
  Json list = Json::array();
  for (const InterfacePriority& priority : resources.network_priorities) {
    Json item = Json::object();
    item.set("name", priority.name).set("priority", priority.priority);
    list.push(std::move(item));
  }
  out.set("priorities", std::move(list));
  return out;
}

Json rdma_value(const Resources& resources) {
  Json out = Json::object();
  for (const auto& [name, limit] : resources.rdma) {
    Json item = Json::object();
    put(item, "hcaHandles", limit.handles);
    put(item, "hcaObjects", limit.objects);
    out.append_unchecked(name, std::move(item));
  }
  return out;
}

}  // namespace

Resources read_resources(const Cursor& at) {
  if (at.present() && !at.value().as_object()) at.refuse("must be an object");
  Resources out;
  out.memory = read_memory(at.member("memory"));
  out.cpu = read_cpu(at.member("cpu"));
  out.pids_limit = read_integer(at.member("pids").member("limit"));
  out.block_io = read_block_io(at.member("blockIO"));
  out.hugepages = read_hugepages(at.member("hugepageLimits"));
  read_network(at.member("network"), out);
  read_rdma(at.member("rdma"), out);
  for (const Cursor& item : at.member("devices").items())
    out.devices.push_back(read_device_rule(item));
  out.unified = at.member("unified").text_map();
  check_unified(at.member("unified"), out);
  return out;
}

Result<Resources> parse_resources(std::string_view text) {
  SUIT_LET(const Json document, parse_json(text));
  Walk walk(PlaceStyle::Pointer);
  return walk.finish(read_resources(Cursor(walk, &document, "")));
}

Json to_value(const Resources& resources) {
  Json out = Json::object();
  if (!resources.devices.empty()) {
    Json rules = Json::array();
    for (const DeviceRule& rule : resources.devices)
      rules.push(device_value(rule));
    out.set("devices", std::move(rules));
  }
  put_object(out, "memory", memory_value(resources.memory));
  put_object(out, "cpu", cpu_value(resources.cpu));
  if (resources.pids_limit) {
    Json pids = Json::object();
    pids.set("limit", *resources.pids_limit);
    out.set("pids", std::move(pids));
  }
  put_object(out, "blockIO", block_io_value(resources.block_io));
  if (!resources.hugepages.empty()) {
    Json list = Json::array();
    for (const HugepageLimit& limit : resources.hugepages) {
      Json item = Json::object();
      item.set("pageSize", limit.page_size).set("limit", limit.limit);
      list.push(std::move(item));
    }
    out.set("hugepageLimits", std::move(list));
  }
  put_object(out, "network", network_value(resources));
  put_object(out, "rdma", rdma_value(resources));
  Json unified = Json::object();
  for (const auto& [name, value] : resources.unified)
    unified.append_unchecked(name, value);
  put_object(out, "unified", std::move(unified));
  return out;
}

bool is_empty(const Resources& resources) { return to_value(resources).as_object()->empty(); }

}  // namespace suit::oci
