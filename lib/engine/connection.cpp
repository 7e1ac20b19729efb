#include <fcntl.h>
#include <linux/netlink.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "base/log.h"
#include "engine/connection_internal.h"
#include "engine/process_internal.h"
#include "network/networks.h"
#include "os/file.h"
#include "os/user_namespace.h"

namespace suit::engine {
namespace {

using network::NetworkConfig;
using network::NetworkRequest;

std::string network_path(const Engine& engine, const std::string& id) {
  return engine.container_dir(id) + "/network.json";
}

// The way out: of the highest priority, the first in the alphabet among equals.
const NetworkRequest* way_out(const std::vector<NetworkRequest>& requests) {
  const auto best = std::ranges::min_element(requests, [](const auto& a, const auto& b) {
    if (a.gateway_priority != b.gateway_priority) return a.gateway_priority > b.gateway_priority;
    return a.name < b.name;
  });
  return best == requests.end() ? nullptr : &*best;
}

std::optional<network::Address> wanted(const std::string& text) {
  return network::Address::parse(text);
}

Attachment attachment(const NetworkConfig& config, const NetworkRequest& request,
                      network::Endpoint endpoint) {
  Attachment one;
  one.network = config.name;
  one.network_id = config.id;
  one.aliases = request.aliases;
  one.endpoint = std::move(endpoint);
  one.subnet = config.subnet;
  one.gateway = config.gateway;
  one.subnet6 = config.subnet6;
  one.gateway6 = config.gateway6;
  return one;
}

// What a host says that has no bridges for us: the container can do without when nobody asked.
bool is_unable(const Error& error) {
  switch (error.code()) {
    case EPERM:
    case EACCES:
    case EROFS:
    case EOPNOTSUPP:
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT:
      return true;
    default:
      return false;
  }
}

std::vector<network::PortRequest> all_ports(const Record& record) {
  std::vector<network::PortRequest> ports = record.network.ports;
  if (!record.network.publishes_all) return ports;
  for (const std::string& text : record.exposed_ports) {
    auto port = network::parse_port(text);
    const bool known =
        !port || std::ranges::find(ports, *port, &network::PortRequest::container) != ports.end();
    if (known) continue;
    network::PortRequest request;
    request.container = *port;
    ports.push_back(std::move(request));
  }
  return ports;
}

constexpr std::string_view kNamesBegin = "# names of its networks, kept by suit\n";

// In place: the file is bound into the container, which would go on seeing a replaced one.
void write_names(const std::string& path, const std::string& names) {
  auto text = os::read_file(path);
  if (!text) return;  // it has just gone
  std::string now = text->substr(0, text->find(kNamesBegin));
  if (!names.empty()) now += std::string(kNamesBegin) + names;
  if (now == *text) return;
  auto file = os::open_at(os::FdRef::cwd(), path, O_WRONLY | O_NOFOLLOW);
  if (!file) return;
  const ssize_t written = ::pwrite(file->raw(), now.data(), now.size(), 0);
  if (written != static_cast<ssize_t>(now.size()) ||
      ::ftruncate(file->raw(), static_cast<off_t>(now.size())) != 0)
    SUIT_LOG(Warn, "names of neighbours: write \"{}\" failed", path);
}

struct Member {
  std::string id, name;
  NetworkState state;
};

std::vector<Member> members(const Engine& engine) {
  std::vector<Member> found;
  const std::string all = engine.paths().data + "/containers";
  for (const std::string& id : os::list_dir(all).value_or(std::vector<std::string>())) {
    if (!os::exists(network_path(engine, id))) continue;
    auto record = os::read_file(engine.container_dir(id) + "/container.json");
    auto parsed = record ? parse_record(*record) : Result<Record>(fail(ENOENT, id));
    if (parsed) found.push_back({id, parsed->name, engine.network_state(id)});
  }
  return found;
}

// The lines that `self` sees: everybody in a network of its, itself included.
std::string names_for(const Member& self, const std::vector<Member>& all) {
  std::string lines;
  for (const Attachment& mine : self.state.attachments) {
    if (!has_names(mine.network)) continue;
    for (const Member& other : all)
      for (const Attachment& theirs : other.state.attachments) {
        if (theirs.network_id != mine.network_id) continue;
        std::string names = fmt::format("{} {}", other.name, other.id.substr(0, 12));
        for (const std::string& alias : theirs.aliases)
          names += " " + alias;
        lines += fmt::format("{}\t{}\n", theirs.endpoint.address.text(), names);
        if (theirs.endpoint.address6)
          lines += fmt::format("{}\t{}\n", theirs.endpoint.address6->text(), names);
      }
  }
  return lines;
}

}  // namespace

std::string Connection::namespace_path() const {
  if (space_) return fmt::format("/proc/self/fd/{}", space_->fd().raw());
  if (shared_.valid()) return fmt::format("/proc/self/fd/{}", shared_.raw());
  return "";
}

std::string Connection::host_gateway() const {
  return state_.attachments.empty() ? "" : state_.attachments[0].gateway.text();
}

Result<void> Connection::share(const Engine& engine, const std::string& name_or_id) {
  SUIT_LET(Status other, engine.find(name_or_id));
  if (other.state.phase != State::Phase::Running && other.state.phase != State::Phase::Paused)
    return fail(0,
                fmt::format("cannot join network of a non running container: {}", other.record.id),
                fmt::format("start it first: suit start {}", other.record.name));
  // Held by a pidfd while its namespace is opened: the number is not somebody else's by then.
  SUIT_LET([[maybe_unused]] os::Fd process, open_container_process(other.state));
  SUIT_LET(shared_, os::open_at(os::FdRef::cwd(), fmt::format("/proc/{}/ns/net", other.state.pid),
                                O_RDONLY));
  shared_id_ = other.record.id;
  return {};
}

Result<void> Connection::publish(const Record& record) {
  const std::vector<network::PortRequest> requests = all_ports(record);
  if (requests.empty() || state_.attachments.empty()) return {};
  const network::Endpoint& endpoint = state_.attachments[0].endpoint;
  SUIT_LET(ports_,
           network::Ports::reserve(requests, endpoint,
                                   fmt::format("{} ({})", record.name, record.id.substr(0, 12))));
  SUIT_TRY(ports_->open(record.id, endpoint));
  state_.ports = ports_->published();
  return {};
}

Result<void> Connection::join(const Engine& engine, const Record& record) {
  SUIT_LET(network::Socket route, network::Socket::open(NETLINK_ROUTE));
  SUIT_LET(network::Netns space, network::Netns::create());
  std::vector<NetworkRequest> requests = record.network.requests;
  if (requests.empty()) {
    NetworkRequest bridge;
    bridge.name = "bridge";
    requests.push_back(std::move(bridge));
  }
  const NetworkRequest* out = way_out(requests);
  const bool has_run = os::exists(engine.container_dir(record.id) + "/state.json");
  for (const NetworkRequest& request : requests) {
    SUIT_LET(NetworkConfig config, engine.networks().find(request.name));
    network::AttachRequest attach;
    attach.container_id = record.id;
    attach.address = wanted(request.ip);
    attach.address6 = wanted(request.ip6);
    if (auto mac = network::parse_mac(request.mac)) attach.mac = *mac;
    attach.has_default_route = &request == out;
    if (has_run) attach.patience = std::chrono::milliseconds(200);
    SUIT_LET(network::Endpoint endpoint, network::attach(config, attach, route, space));
    state_.attachments.push_back(attachment(config, request, std::move(endpoint)));
  }
  space_.emplace(std::move(space));
  SUIT_TRY(publish(record));
  return os::replace_file(network_path(engine, record.id), to_json(state_));
}

// Without privilege a helper is the other end of the wire.
Result<void> Connection::join_as_user(const Engine& engine, const Record& record) {
  const std::string& mode = record.network.mode;
  if (mode != "default" && mode != "bridge")
    return fail(EPERM, fmt::format("network {}: a plain user's containers have one network of "
                                   "their own each",
                                   mode));
  SUIT_LET(network::Netns space, network::Netns::create());
  SUIT_LET(slirp_, network::Slirp::start(space, engine.container_dir(record.id)));
  space_.emplace(std::move(space));
  Attachment one;
  one.network = "bridge";
  one.endpoint = network::Slirp::endpoint();
  one.subnet = network::Slirp::subnet();
  one.gateway = network::Slirp::gateway();
  state_.attachments.push_back(std::move(one));
  const std::vector<network::PortRequest> requests = all_ports(record);
  if (!requests.empty()) {
    SUIT_LET(state_.ports, slirp_->publish(requests, fmt::format("{} ({})", record.name,
                                                                 record.id.substr(0, 12))));
  }
  return os::replace_file(network_path(engine, record.id), to_json(state_));
}

std::string Connection::name_server() const {
  return slirp_ ? network::Slirp::name_server().text() : "";
}

Result<Connection> Connection::open(const Engine& engine, const Record& record) {
  Connection connection;
  const NetworkSettings& settings = record.network;
  if (settings.mode == "none" || settings.mode == "host") return connection;
  if (settings.shares_another()) {
    SUIT_TRY(connection.share(engine, settings.mode.substr(10)));
    return connection;
  }
  const bool as_user = os::in_user_namespace();
  auto joined = as_user ? connection.join_as_user(engine, record) : connection.join(engine, record);
  if (joined) return connection;
  const bool was_asked = settings.mode != "default" || !all_ports(record).empty();
  const bool unable = is_unable(joined.error()) || (as_user && joined.error().code() == ENOENT);
  if (was_asked || !unable) return std::unexpected(std::move(joined).error());
  // What a plain user's host lacks is no news at every start.
  const auto level = as_user ? log::Level::Debug : log::Level::Warn;
  if (log::enabled(level))
    log::write(level, fmt::format("container {} has no network but loopback: {}", record.name,
                                  joined.error().message()));
  return Connection();
}

void refresh_names(const Engine& engine, const NetworkState& state) {
  const auto is_named = [](const Attachment& one) { return has_names(one.network); };
  if (std::ranges::none_of(state.attachments, is_named)) return;
  auto turn =
      os::Lock::acquire(engine.paths().data + "/networks/.names.lock", os::LockMode::Exclusive);
  if (!turn) {
    SUIT_LOG(Warn, "names of neighbours: {}", turn.error().message());
    return;
  }
  const std::vector<Member> all = members(engine);
  for (const Member& member : all)
    write_names(engine.container_dir(member.id) + "/etc/hosts", names_for(member, all));
}

void forget_network(const Engine& engine, const std::string& id) {
  const NetworkState state = engine.network_state(id);
  if (::unlink(network_path(engine, id).c_str()) == 0) refresh_names(engine, state);
}

}  // namespace suit::engine
