#include "engine/record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

#include "engine/json_internal.h"
#include "engine/name_internal.h"
#include "oci/json.h"
#include "os/file.h"

namespace suit::engine {
namespace {

using oci::Json;

Json to_value(const std::map<std::string, std::string>& map) {
  Json object = Json::object();
  for (const auto& [key, value] : map)
    object.set(key, value);
  return object;
}

std::vector<std::string> strings_of(const Json* value) {
  std::vector<std::string> strings;
  const Json::Array* array = value ? value->as_array() : nullptr;
  if (!array) return strings;
  for (const Json& item : *array)
    if (const std::string* text = item.as_string()) strings.push_back(*text);
  return strings;
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

Json to_value(const VolumeMount& volume) {
  Json item = Json::object();
  item.set("name", volume.name).set("destination", volume.destination);
  item.set("subpath", volume.subpath).set("propagation", volume.propagation);
  item.set("readOnly", volume.read_only).set("anonymous", volume.anonymous);
  return item;
}

VolumeMount volume_of(const Json& item) {
  return {item.string_or("name"),        item.string_or("destination"), item.string_or("subpath"),
          item.string_or("propagation"), flag(item, "readOnly"),        flag(item, "anonymous")};
}

Json to_value(const RestartPolicy& policy) {
  Json object = Json::object();
  object.set("name", name_of(policy.when)).set("most", policy.most);
  return object;
}

Json to_value(const LogOptions& log) {
  Json object = Json::object();
  object.set("driver", log.driver).set("maxSize", log.max_size_bytes);
  object.set("maxFiles", std::uint64_t{log.max_files}).set("given", to_value(log.given));
  return object;
}

RestartPolicy restart_of(const Json* object) {
  RestartPolicy policy;
  if (!object) return policy;
  policy = parse_restart(object->string_or("name", "no")).value_or(policy);
  policy.most = static_cast<int>(number(*object, "most"));
  return policy;
}

LogOptions log_of(const Json* object) {
  LogOptions log;
  if (!object) return log;
  log.driver = object->string_or("driver", log.driver);
  if (auto size = number(*object, "maxSize"); size > 0)
    log.max_size_bytes = static_cast<std::uint64_t>(size);
  if (auto files = number(*object, "maxFiles"); files > 0)
    log.max_files = static_cast<std::uint32_t>(files);
  log.given = map_of(object->find("given"));
  return log;
}

std::optional<std::vector<std::string>> optional_strings(const Json* value) {
  if (!value || !value->as_array()) return std::nullopt;
  return strings_of(value);
}

// Members that came after the first version of the file.
void set_later_members(Json& object, const Record& record) {
  Json volumes = Json::array();
  for (const VolumeMount& volume : record.volumes)
    volumes.push(to_value(volume));
  object.set("volumes", std::move(volumes));
  if (record.entrypoint) object.set("entrypoint", *record.entrypoint);
  if (record.cmd) object.set("cmd", *record.cmd);
  object.set("domainname", record.domainname).set("extraHosts", record.extra_hosts);
  object.set("dns", record.dns).set("dnsSearch", record.dns_search);
  object.set("dnsOptions", record.dns_options).set("groupAdd", record.group_add);
  object.set("shmSize", record.shm_size_bytes).set("exposedPorts", record.exposed_ports);
  if (record.stop_timeout_s) object.set("stopTimeout", *record.stop_timeout_s);
  object.set("restart", to_value(record.restart)).set("log", to_value(record.log));
  object.set("network", to_value(record.network));
}

void read_later_members(const Json& object, Record& record) {
  const Json* volumes = object.find("volumes");
  if (const Json::Array* array = volumes ? volumes->as_array() : nullptr)
    for (const Json& item : *array)
      record.volumes.push_back(volume_of(item));
  record.entrypoint = optional_strings(object.find("entrypoint"));
  record.cmd = optional_strings(object.find("cmd"));
  record.domainname = object.string_or("domainname");
  record.extra_hosts = strings_of(object.find("extraHosts"));
  record.dns = strings_of(object.find("dns"));
  record.dns_search = strings_of(object.find("dnsSearch"));
  record.dns_options = strings_of(object.find("dnsOptions"));
  record.group_add = strings_of(object.find("groupAdd"));
  record.exposed_ports = strings_of(object.find("exposedPorts"));
  if (auto size = number(object, "shmSize"); size > 0)
    record.shm_size_bytes = static_cast<std::uint64_t>(size);
  if (object.find("stopTimeout"))
    record.stop_timeout_s = static_cast<int>(number(object, "stopTimeout"));
  record.restart = restart_of(object.find("restart"));
  record.log = log_of(object.find("log"));
  if (record.host_network) record.network.mode = "host";  // written before there were networks
  if (const Json* network = object.find("network")) record.network = network_settings_of(network);
}

// Words that nobody minds meeting in a bug report.
constexpr std::array<std::string_view, 32> kAdjectives = {
    "agile",  "amber", "apt",   "bold",   "brave",  "bright", "calm",  "clear",
    "clever", "eager", "early", "fair",   "fleet",  "gentle", "glad",  "keen",
    "kind",   "lucid", "merry", "mellow", "nimble", "noble",  "plain", "proud",
    "quiet",  "rapid", "sharp", "steady", "sunny",  "swift",  "tidy",  "warm"};
constexpr std::array<std::string_view, 32> kNouns = {
    "apollo", "aurora",  "beacon",  "buran",  "capella", "comet",   "corona", "cosmos",
    "dawn",   "eclipse", "galileo", "gemini", "halley",  "juno",    "kepler", "leonov",
    "lunar",  "mercury", "meteor",  "nebula", "orbit",   "pioneer", "pulsar", "ranger",
    "rover",  "saturn",  "sirius",  "soyuz",  "sputnik", "vega",    "vostok", "voyager"};

}  // namespace

std::string to_json(const Record& record) {
  Json snapshots = Json::array();
  for (const auto& id : record.snapshots)
    snapshots.push(id.text());
  Json mounts = Json::array();
  for (const auto& mount : record.mounts) {
    Json item = Json::object();
    item.set("destination", mount.destination).set("type", mount.type).set("source", mount.source);
    item.set("options", mount.options);
    mounts.push(std::move(item));
  }
  Json object = Json::object();
  object.set("id", record.id).set("name", record.name).set("created", record.created);
  object.set("image", record.image).set("imageId", record.image_id.text());
  object.set("snapshots", std::move(snapshots));
  object.set("args", record.args).set("env", record.env);
  object.set("workingDir", record.working_dir).set("user", record.user);
  object.set("hostname", record.hostname).set("hostNetwork", record.host_network);
  object.set("readOnly", record.read_only).set("autoRemove", record.auto_remove);
  object.set("interactive", record.interactive)
      .set("tty", record.tty)
      .set("stopSignal", record.stop_signal);
  object.set("labels", to_value(record.labels)).set("mounts", std::move(mounts));
  set_later_members(object, record);
  if (!is_empty(record.limits)) object.set("limits", to_value(record.limits));
  if (!record.devices.empty()) object.set("devices", gpu::to_value(record.devices));
  return object.dump(1);
}

Result<Record> parse_record(std::string_view text) {
  SUIT_LET(Json object, oci::parse_json(text));
  Record record;
  record.id = object.string_or("id");
  record.name = object.string_or("name");
  if (record.id.empty() || record.name.empty())
    return fail(0, "container.json has no id or no name");
  record.created = object.string_or("created");
  record.image = object.string_or("image");
  SUIT_LET(record.image_id, digest::Digest::parse(object.string_or("imageId")));
  for (const std::string& id : strings_of(object.find("snapshots"))) {
    SUIT_LET(digest::Digest digest, digest::Digest::parse(id));
    record.snapshots.push_back(std::move(digest));
  }
  record.args = strings_of(object.find("args"));
  record.env = strings_of(object.find("env"));
  record.working_dir = object.string_or("workingDir");
  record.user = object.string_or("user");
  record.hostname = object.string_or("hostname");
  record.host_network = flag(object, "hostNetwork");
  record.read_only = flag(object, "readOnly");
  record.auto_remove = flag(object, "autoRemove");
  record.interactive = flag(object, "interactive");
  record.tty = flag(object, "tty");
  record.stop_signal = object.string_or("stopSignal", "SIGTERM");
  record.labels = map_of(object.find("labels"));
  if (const Json* limits = object.find("limits")) record.limits = limits_of(*limits);
  if (const Json* devices = object.find("devices")) record.devices = gpu::request_of(*devices);
  const Json* mounts = object.find("mounts");
  if (const Json::Array* array = mounts ? mounts->as_array() : nullptr)
    for (const Json& item : *array)
      record.mounts.push_back({item.string_or("destination"), item.string_or("type"),
                               item.string_or("source"), strings_of(item.find("options"))});
  read_later_members(object, record);
  return record;
}

std::string_view name_of(State::Phase phase) {
  switch (phase) {
    case State::Phase::Created:
      return "created";
    case State::Phase::Running:
      return "running";
    case State::Phase::Paused:
      return "paused";
    case State::Phase::Restarting:
      return "restarting";
    case State::Phase::Exited:
      return "exited";
    case State::Phase::Dead:
      return "dead";
  }
  return "unknown";
}

std::string_view name_of(RestartPolicy::When when) {
  switch (when) {
    case RestartPolicy::When::No:
      return "no";
    case RestartPolicy::When::OnFailure:
      return "on-failure";
    case RestartPolicy::When::Always:
      return "always";
    case RestartPolicy::When::UnlessStopped:
      return "unless-stopped";
  }
  return "unknown";
}

Result<RestartPolicy> parse_restart(std::string_view text) {
  using When = RestartPolicy::When;
  if (text.empty()) return RestartPolicy{};
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (name.empty())
    return fail(0, "invalid restart policy format: no policy provided before colon");
  RestartPolicy policy;
  if (colon != std::string_view::npos) {
    const std::string_view count = text.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(count.data(), count.data() + count.size(), policy.most);
    if (error != std::errc() || end != count.data() + count.size())
      return fail(0, "invalid restart policy format: maximum retry count must be an integer");
  }
  constexpr std::array<When, 4> kAll = {When::No, When::OnFailure, When::Always,
                                        When::UnlessStopped};
  const auto* found = std::ranges::find_if(kAll, [&](When when) { return name_of(when) == name; });
  if (found == kAll.end())
    return fail(0, fmt::format("invalid restart policy: unknown policy '{}'; use one of \"no\", "
                               "\"always\", \"on-failure\", or \"unless-stopped\"",
                               name.substr(0, 64)));
  policy.when = *found;
  if (policy.most != 0 && policy.when != When::OnFailure)
    return fail(0,
                "invalid restart policy: maximum retry count can only be used with "
                "'on-failure'");
  if (policy.most < 0)
    return fail(0, "invalid restart policy: maximum retry count cannot be negative");
  return policy;
}

std::string to_json(const State& state) {
  Json object = Json::object();
  object.set("phase", name_of(state.phase)).set("pid", std::int64_t{state.pid});
  object.set("monitorPid", std::int64_t{state.monitor_pid}).set("bootId", state.boot_id);
  object.set("pidStartTicks", state.pid_start_ticks).set("started", state.started);
  object.set("finished", state.finished).set("exitCode", state.exit_code).set("error", state.error);
  object.set("restartCount", state.restart_count).set("oomKilled", state.oom_killed);
  object.set("cgroup", state.cgroup_dir).set("cgroup1", state.cgroup1_dirs);
  return object.dump(1);
}

Result<State> parse_state(std::string_view text) {
  SUIT_LET(Json object, oci::parse_json(text));
  State state;
  std::string phase = object.string_or("phase");
  if (phase == "running")
    state.phase = State::Phase::Running;
  else if (phase == "restarting")
    state.phase = State::Phase::Restarting;
  else if (phase == "exited")
    state.phase = State::Phase::Exited;
  else if (phase != "created")
    return fail(0, fmt::format("unknown phase \"{}\"", phase));
  state.pid = static_cast<pid_t>(number(object, "pid"));
  state.monitor_pid = static_cast<pid_t>(number(object, "monitorPid"));
  state.boot_id = object.string_or("bootId");
  state.pid_start_ticks = static_cast<std::uint64_t>(number(object, "pidStartTicks"));
  state.started = object.string_or("started");
  state.finished = object.string_or("finished");
  state.exit_code = static_cast<int>(number(object, "exitCode"));
  state.error = object.string_or("error");
  state.restart_count = static_cast<int>(number(object, "restartCount"));
  state.oom_killed = flag(object, "oomKilled");
  state.cgroup_dir = object.string_or("cgroup");
  state.cgroup1_dirs = strings_of(object.find("cgroup1"));
  return state;
}

Result<void> check_name(std::string_view name) {
  bool good = name.size() >= 2 && name.size() <= 128 && is_name(name);
  if (good) return {};
  return fail(0,
              fmt::format("invalid container name ({}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
                          name.substr(0, 128)),
              "2 to 128 of them, the first a letter or a digit");
}

std::string make_name() {
  std::string random = os::random_hex(2);
  unsigned value = 0;
  std::from_chars(random.data(), random.data() + random.size(), value, 16);
  return fmt::format("{}_{}", kAdjectives[value % kAdjectives.size()],
                     kNouns[value / kAdjectives.size() % kNouns.size()]);
}

}  // namespace suit::engine
