#include "network/networks.h"

#include <linux/netlink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "base/suggest.h"
#include "base/time.h"
#include "network/attach.h"
#include "oci/json.h"
#include "os/file.h"

namespace suit::network {
namespace {

using oci::Json;

constexpr std::array<std::string_view, 3> kPredefined = {"bridge", "host", "none"};
constexpr std::string_view kBridgeName = "com.docker.network.bridge.name";

Json to_value(const std::map<std::string, std::string>& map) {
  Json object = Json::object();
  for (const auto& [key, value] : map)
    object.append_unchecked(key, value);
  return object;
}

std::map<std::string, std::string> map_of(const Json* value) {
  std::map<std::string, std::string> map;
  const Json::Object* object = value ? value->as_object() : nullptr;
  if (!object) return map;
  for (const auto& [key, item] : *object)
    if (const std::string* text = item.as_string()) map.emplace(key, *text);
  return map;
}

bool flag(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  return value && value->as_bool().value_or(false);
}

bool is_name(std::string_view name) {
  const auto word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= 128 && word(name[0]) &&
         std::ranges::all_of(name,
                             [&](char c) { return word(c) || c == '_' || c == '.' || c == '-'; });
}

bool overlaps_any(const Prefix& wanted, const std::vector<Prefix>& others) {
  return std::ranges::any_of(others, [&](const Prefix& one) { return wanted.overlaps(one); });
}

Result<Address> address_in(const std::string& text, const std::optional<Prefix>& subnet,
                           std::string_view what) {
  auto address = Address::parse(text);
  if (!address) return fail(0, fmt::format("invalid {} address: {}", what, text));
  if (!subnet || !subnet->contains(*address))
    return fail(0, fmt::format("no matching subnet for {} {}", what, text));
  return *address;
}

Result<Prefix> wanted_subnet(const std::string& text, const UsedSubnets& used) {
  SUIT_LET(Prefix subnet, Prefix::parse(text));
  if (subnet.network() != subnet)
    return fail(0,
                fmt::format("invalid subnet {}: it should be {}", text, subnet.network().text()));
  const unsigned longest = subnet.address.is_v4() ? 30 : 126;
  if (subnet.length > longest || subnet.length < 8)
    return fail(0, fmt::format("invalid subnet {}: from /8 to /{}", text, longest));
  if (overlaps_any(subnet, used.routes) || overlaps_any(subnet, used.networks))
    return fail(0, "Pool overlaps with other one on this address space",
                "`ip route` and `suit network ls` show what is in use");
  return subnet;
}

Result<void> set_ipv4(NetworkConfig& config, const NetworkOptions& options,
                      const UsedSubnets& used) {
  if (options.subnet.empty()) {
    auto subnet = choose_subnet(used, false);
    if (!subnet)
      return fail(0,
                  "could not find an available, non-overlapping IPv4 address pool among the "
                  "defaults to assign to the network",
                  "choose one: --subnet 10.1.2.0/24");
    config.subnet = *subnet;
  } else {
    SUIT_LET(config.subnet, wanted_subnet(options.subnet, used));
  }
  config.gateway = config.subnet.address.plus(1);
  if (!options.gateway.empty()) {
    SUIT_LET(config.gateway, address_in(options.gateway, config.subnet, "gateway"));
  }
  if (options.ip_range.empty()) return {};
  SUIT_LET(Prefix range, Prefix::parse(options.ip_range));
  if (range.length < config.subnet.length || !config.subnet.contains(range.address))
    return fail(0, fmt::format("no matching subnet for range {}", options.ip_range));
  config.ip_range = range;
  return {};
}

// RFC 4193: a subnet of one's own, from 40 bits of chance. Ours come from the network's id.
Prefix unique_local(const std::string& id) {
  const std::string text =
      fmt::format("fd{}:{}:{}::", id.substr(0, 2), id.substr(2, 4), id.substr(6, 4));
  return {Address::parse(text).value_or(Address()), 64};
}

Result<void> set_ipv6(NetworkConfig& config, const NetworkOptions& options,
                      const UsedSubnets& used) {
  if (!options.ipv6 && options.subnet6.empty()) return {};
  if (options.subnet6.empty()) {
    config.subnet6 = unique_local(config.id);
  } else {
    SUIT_LET(config.subnet6, wanted_subnet(options.subnet6, used));
  }
  config.gateway6 = config.subnet6->address.plus(1);
  if (!options.gateway6.empty()) {
    SUIT_LET(config.gateway6, address_in(options.gateway6, config.subnet6, "gateway"));
  }
  return {};
}

std::optional<Address> optional_address(const Json& object, std::string_view key) {
  return Address::parse(object.string_or(key));
}

std::optional<Prefix> optional_prefix(const Json& object, std::string_view key) {
  auto prefix = Prefix::parse(object.string_or(key));
  return prefix ? std::optional(*prefix) : std::nullopt;
}

}  // namespace

bool is_predefined(std::string_view name) {
  return std::ranges::find(kPredefined, name) != kPredefined.end();
}

// 10.88/16 for the default network; then Docker's own pool, in its order.
std::optional<Prefix> choose_subnet(const UsedSubnets& used, bool is_default) {
  std::vector<Prefix> pool;
  const auto add = [&](std::uint32_t first, unsigned length) {
    pool.push_back({Address::v4(first), length});
  };
  if (is_default) add(10U << 24 | 88U << 16, 16);
  for (std::uint32_t second = 18; second <= 31; ++second)
    add(172U << 24 | second << 16, 16);
  for (std::uint32_t third = 0; third < 256; third += 16)
    add(192U << 24 | 168U << 16 | third << 8, 20);
  for (std::uint32_t second = 89; second < 128; ++second)
    add(10U << 24 | second << 16, 16);
  for (const Prefix& one : pool)
    if (!overlaps_any(one, used.routes) && !overlaps_any(one, used.networks)) return one;
  return std::nullopt;
}

Result<NetworkConfig> plan_network(const NetworkOptions& options, const std::string& id,
                                   const UsedSubnets& used) {
  if (!is_name(options.name))
    return fail(0, fmt::format("invalid network name: \"{}\": only [a-zA-Z0-9][a-zA-Z0-9_.-] are "
                               "allowed",
                               options.name.substr(0, 128)));
  if (!options.driver.empty() && options.driver != "bridge")
    return fail(0, fmt::format("network driver {} is not supported", options.driver),
                "the driver is bridge: a switch on this host");
  NetworkConfig config;
  config.name = options.name;
  config.id = id;
  config.created = to_rfc3339(now_ns());
  config.bridge = "br-" + id.substr(0, 12);
  for (const auto& [key, value] : options.options) {
    if (key != kBridgeName)
      return fail(0, fmt::format("network option {} is not supported", key),
                  fmt::format("there is {}", kBridgeName));
    if (value.empty() || value.size() > 15 || value.find_first_of("/ \t\n:") != std::string::npos)
      return fail(0, fmt::format("invalid bridge name \"{}\": 1 to 15 characters", value));
    config.bridge = value;
  }
  SUIT_TRY(set_ipv4(config, options, used));
  SUIT_TRY(set_ipv6(config, options, used));
  config.is_internal = options.is_internal;
  config.attachable = options.attachable;
  config.labels = options.labels;
  config.options = options.options;
  return config;
}

std::string to_json(const NetworkConfig& config) {
  Json object = Json::object();
  object.set("name", config.name).set("id", config.id).set("created", config.created);
  object.set("driver", config.driver).set("bridge", config.bridge);
  if (config.subnet.length > 0)
    object.set("subnet", config.subnet.text()).set("gateway", config.gateway.text());
  if (config.ip_range) object.set("ipRange", config.ip_range->text());
  if (config.subnet6) object.set("subnet6", config.subnet6->text());
  if (config.gateway6) object.set("gateway6", config.gateway6->text());
  object.set("internal", config.is_internal).set("attachable", config.attachable);
  object.set("labels", to_value(config.labels)).set("options", to_value(config.options));
  return object.dump(1);
}

Result<NetworkConfig> parse_network(std::string_view text) {
  SUIT_LET(Json object, oci::parse_json(text));
  NetworkConfig config;
  config.name = object.string_or("name");
  config.id = object.string_or("id");
  if (!is_name(config.name) || config.id.size() != 64)
    return fail(0, "a network's file has no name or no id");
  config.created = object.string_or("created");
  config.driver = object.string_or("driver", "bridge");
  config.bridge = object.string_or("bridge");
  config.subnet = optional_prefix(object, "subnet").value_or(Prefix());
  config.gateway = optional_address(object, "gateway").value_or(Address());
  config.ip_range = optional_prefix(object, "ipRange");
  config.subnet6 = optional_prefix(object, "subnet6");
  config.gateway6 = optional_address(object, "gateway6");
  config.is_internal = flag(object, "internal");
  config.attachable = flag(object, "attachable");
  config.labels = map_of(object.find("labels"));
  config.options = map_of(object.find("options"));
  return config;
}

std::string Networks::path_of(std::string_view name) const {
  return fmt::format("{}/{}.json", root_, name);
}

Result<NetworkConfig> Networks::read(const std::string& name) const {
  SUIT_LET(std::string text, os::read_file(path_of(name)));
  auto config = parse_network(text);
  if (!config) return wrap(std::move(config).error(), path_of(name));
  return config;
}

Result<UsedSubnets> Networks::used(Socket& route) const {
  UsedSubnets used;
  SUIT_LET(used.routes, list_routes(route));
  SUIT_LET(std::vector<NetworkConfig> all, list());
  for (const NetworkConfig& one : all) {
    if (one.driver != "bridge" || one.name == "bridge") continue;
    used.networks.push_back(one.subnet);
    if (one.subnet6) used.networks.push_back(*one.subnet6);
  }
  return used;
}

Result<NetworkConfig> Networks::predefined(const std::string& name) const {
  auto kept = read(name);
  NetworkConfig config;
  if (kept) config = *std::move(kept);
  if (!kept) {
    config.name = name;
    config.id = os::random_hex(32);
    config.created = to_rfc3339(now_ns());
    config.driver = name == "none" ? "null" : name;
    if (name == "bridge") config.bridge = kDefaultBridge;
    SUIT_TRY(os::make_dirs(root_));
    SUIT_TRY(os::replace_file(path_of(name), to_json(config)));
  }
  if (name != "bridge") return config;
  SUIT_LET(Socket route, Socket::open(NETLINK_ROUTE));
  // Its address says what it is, whoever made it.
  if (auto link = find_link(route, config.bridge)) {
    SUIT_LET(std::vector<LinkAddress> addresses, list_addresses(route));
    for (const LinkAddress& one : addresses) {
      if (one.index != link->index || !one.prefix.address.is_v4()) continue;
      config.subnet = one.prefix.network();
      config.gateway = one.prefix.address;
      return config;
    }
  }
  UsedSubnets used;
  SUIT_LET(used.routes, list_routes(route));
  for (const std::string& file : os::list_dir(root_).value_or(std::vector<std::string>()))
    if (auto other = file.ends_with(".json") ? read(file.substr(0, file.size() - 5)) : read("");
        other && other->subnet.length > 0)
      used.networks.push_back(other->subnet);
  auto subnet = choose_subnet(used, true);
  if (!subnet)
    return fail(0, "no subnet is free for the default network", "`ip route` shows what is in use");
  config.subnet = *subnet;
  config.gateway = subnet->address.plus(1);
  return config;
}

Result<std::vector<NetworkConfig>> Networks::list() const {
  std::vector<NetworkConfig> all;
  for (std::string_view name : kPredefined) {
    SUIT_LET(NetworkConfig one, predefined(std::string(name)));
    all.push_back(std::move(one));
  }
  SUIT_LET(std::vector<std::string> files, os::list_dir(root_));
  std::ranges::sort(files);
  for (const std::string& file : files) {
    if (!file.ends_with(".json")) continue;
    const std::string name = file.substr(0, file.size() - 5);
    if (is_predefined(name)) continue;
    SUIT_LET(NetworkConfig one, read(name));
    all.push_back(std::move(one));
  }
  return all;
}

Result<NetworkConfig> Networks::find(std::string_view name_or_id) const {
  // The short way of a container's start.
  if (is_predefined(name_or_id)) return predefined(std::string(name_or_id));
  if (is_name(name_or_id))
    if (auto named = read(std::string(name_or_id))) return named;
  SUIT_LET(std::vector<NetworkConfig> all, list());
  std::vector<std::string> names;
  const NetworkConfig* found = nullptr;
  for (const NetworkConfig& one : all) {
    names.push_back(one.name);
    if (name_or_id.empty() || !one.id.starts_with(name_or_id)) continue;
    if (found)
      return fail(0,
                  fmt::format("network {} is ambiguous ({} matches found on name)", name_or_id, 2));
    found = &one;
  }
  if (found) return *found;
  return fail(ENOENT,
              fmt::format("network {} not found{}", name_or_id.substr(0, 128),
                          did_you_mean(name_or_id, names)),
              "`suit network ls` lists the networks");
}

Result<NetworkConfig> Networks::create(const NetworkOptions& options) const {
  SUIT_TRY(os::make_dirs(root_));
  // Two that are created at once must not choose the same subnet.
  SUIT_LET([[maybe_unused]] os::Lock turn,
           os::Lock::acquire(root_ + "/.lock", os::LockMode::Exclusive));
  if (is_predefined(options.name) || (is_name(options.name) && os::exists(path_of(options.name))))
    return fail(EEXIST, fmt::format("network with name {} already exists", options.name));
  SUIT_LET(Socket route, Socket::open(NETLINK_ROUTE));
  SUIT_LET(UsedSubnets in_use, used(route));
  SUIT_LET(NetworkConfig config, plan_network(options, os::random_hex(32), in_use));
  if (find_link(route, config.bridge))
    return fail(EEXIST, fmt::format("bridge {} already exists on this host", config.bridge));
  SUIT_TRY(os::replace_file(path_of(config.name), to_json(config), 0600, os::Durable::Yes));
  auto made = ensure_bridge(config, route);
  if (made) return config;
  (void)remove(config);  // the reason below is the one to tell
  return wrap(std::move(made).error(), fmt::format("create network {}", config.name));
}

Result<void> Networks::remove(const NetworkConfig& config) const {
  SUIT_LET(Socket route, Socket::open(NETLINK_ROUTE));
  SUIT_TRY(remove_bridge(config, route));
  if (::unlink(path_of(config.name).c_str()) != 0 && errno != ENOENT)
    return fail(errno, fmt::format("unlink(\"{}\")", path_of(config.name)));
  return {};
}

}  // namespace suit::network
