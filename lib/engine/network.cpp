/// \file
/// Networks and containers: joining and leaving one while running, who is in it, removal.

#include "engine/network.h"

#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/connection_internal.h"
#include "engine/engine.h"
#include "engine/process_internal.h"
#include "network/attach.h"
#include "os/file.h"

namespace suit::engine {
namespace {

using network::NetworkConfig;

bool has_process(const State& state) {
  return state.phase == State::Phase::Running || state.phase == State::Phase::Paused;
}

// Docker's rules about modes that are no networks.
Result<void> check_joins(const Status& container, const NetworkConfig& config) {
  if (config.driver == "host")
    return fail(0,
                "cannot connect container to host network - container must be created in host "
                "network mode");
  if (config.driver == "null")
    return fail(0,
                "container cannot be connected to multiple networks with one of the networks in "
                "private (none) mode");
  const std::string& mode = container.record.network.mode;
  if (mode == "host" || mode == "none" || container.record.network.shares_another())
    return fail(0, fmt::format("container sharing network namespace with another container or host "
                               "cannot be connected to any other network"));
  return {};
}

// The way out has gone with a network: the next one has it now.
Result<void> give_way_out(const State& running, NetworkState& state) {
  if (state.attachments.empty()) return {};
  Attachment& next = state.attachments.front();
  SUIT_LET([[maybe_unused]] os::Fd process, open_container_process(running));
  SUIT_LET(network::Netns space, network::Netns::open(running.pid));
  SUIT_LET(network::Socket route, network::Socket::open(NETLINK_ROUTE));
  SUIT_TRY(network::execute(network::plan_way_out(next.gateway), route, &space));
  if (next.endpoint.address6 && next.gateway6)
    SUIT_TRY(network::execute(network::plan_way_out(*next.gateway6), route, &space));
  next.endpoint.has_default_route = true;
  return {};
}

}  // namespace

NetworkState Engine::network_state(const std::string& id) const {
  auto text = os::read_file(container_dir(id) + "/network.json");
  auto state = text ? parse_network_state(*text) : Result<NetworkState>(fail(ENOENT, id));
  return state ? *std::move(state) : NetworkState();
}

void Engine::tell_network(const NetworkConfig& config, std::string_view action,
                          const std::string& container_id) const {
  Event event;
  event.type = "network";
  event.action = action;
  event.id = config.id;
  event.attributes = {{"name", config.name}, {"type", config.driver}};
  if (!container_id.empty()) event.attributes["container"] = container_id;
  emit_event(events_path(), event);
}

Result<NetworkConfig> Engine::create_network(const network::NetworkOptions& options) const {
  SUIT_LET(NetworkConfig config, networks().create(options));
  tell_network(config, "create", "");
  return config;
}

std::vector<Status> Engine::members_of(const NetworkConfig& config) const {
  std::vector<Status> members;
  for (Status& container : list(Which::Running)) {
    const NetworkState state = network_state(container.record.id);
    if (std::ranges::find(state.attachments, config.id, &Attachment::network_id) !=
        state.attachments.end())
      members.push_back(std::move(container));
  }
  return members;
}

Result<void> Engine::remove_network(const NetworkConfig& config) const {
  if (network::is_predefined(config.name))
    return fail(0, fmt::format("{} is a pre-defined network and cannot be removed", config.name));
  const std::vector<Status> members = members_of(config);
  if (!members.empty())
    return fail(EBUSY,
                fmt::format("error while removing network: network {} id {} has active endpoints",
                            config.name, config.id),
                fmt::format("stop or disconnect first: {}", members.front().record.name));
  SUIT_TRY(networks().remove(config));
  tell_network(config, "destroy", "");
  return {};
}

Result<void> Engine::connect_network(const Status& container, const NetworkConfig& config,
                                     const network::NetworkRequest& request) const {
  const Record& record = container.record;
  SUIT_TRY(check_joins(container, config));
  NetworkState state = network_state(record.id);
  const auto known =
      std::ranges::find(record.network.requests, config.name, &network::NetworkRequest::name);
  if (known != record.network.requests.end() ||
      std::ranges::find(state.attachments, config.id, &Attachment::network_id) !=
          state.attachments.end())
    return fail(EEXIST, fmt::format("endpoint with name {} already exists in network {}",
                                    record.name, config.name));
  if (has_process(container.state)) {
    SUIT_LET([[maybe_unused]] os::Fd process, open_container_process(container.state));
    SUIT_LET(network::Netns space, network::Netns::open(container.state.pid));
    SUIT_LET(network::Socket route, network::Socket::open(NETLINK_ROUTE));
    network::AttachRequest attach;
    attach.container_id = record.id;
    attach.address = network::Address::parse(request.ip);
    attach.address6 = network::Address::parse(request.ip6);
    const bool has_way_out = std::ranges::any_of(
        state.attachments, [](const Attachment& one) { return one.endpoint.has_default_route; });
    attach.has_default_route = !has_way_out;
    SUIT_LET(network::Endpoint endpoint, network::attach(config, attach, route, space));
    state.attachments.push_back({config.name, config.id, request.aliases, endpoint, config.subnet,
                                 config.gateway, config.subnet6, config.gateway6});
    SUIT_TRY(os::replace_file(container_dir(record.id) + "/network.json", to_json(state)));
    refresh_names(*this, state);
  }
  SUIT_LET([[maybe_unused]] Record changed,
           change_record(record.id, [&](Record& now) -> Result<void> {
             auto& requests = now.network.requests;
             // What was not said until now: the default network is one of several.
             if (requests.empty() && now.network.mode == "default") now.network.mode = "bridge";
             if (requests.empty() && now.network.mode == "bridge")
               requests.emplace_back().name = "bridge";
             requests.push_back(request);
             requests.back().name = config.name;
             return {};
           }));
  tell_network(config, "connect", record.id);
  return {};
}

Result<void> Engine::disconnect_network(const Status& container,
                                        const NetworkConfig& config) const {
  const Record& record = container.record;
  NetworkState state = network_state(record.id);
  const NetworkState before = state;
  const auto at = std::ranges::find(state.attachments, config.id, &Attachment::network_id);
  const bool was_asked =
      std::ranges::find(record.network.requests, config.name, &network::NetworkRequest::name) !=
      record.network.requests.end();
  if (at == state.attachments.end() && !was_asked)
    return fail(0,
                fmt::format("container {} is not connected to network {}", record.id, config.name));
  if (at != state.attachments.end()) {
    SUIT_LET(network::Socket route, network::Socket::open(NETLINK_ROUTE));
    SUIT_TRY(network::detach(at->endpoint, route));
    if (at == state.attachments.begin()) state.ports.clear();
    const bool was_way_out = at->endpoint.has_default_route;
    state.attachments.erase(at);
    if (was_way_out) SUIT_TRY(give_way_out(container.state, state));
    SUIT_TRY(os::replace_file(container_dir(record.id) + "/network.json", to_json(state)));
    refresh_names(*this, before);
  }
  SUIT_LET([[maybe_unused]] Record changed,
           change_record(record.id, [&](Record& now) -> Result<void> {
             auto& requests = now.network.requests;
             std::erase_if(requests, [&](const auto& one) { return one.name == config.name; });
             if (requests.empty()) now.network.mode = "none";
             return {};
           }));
  tell_network(config, "disconnect", record.id);
  return {};
}

}  // namespace suit::engine
