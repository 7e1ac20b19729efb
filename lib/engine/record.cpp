#include "engine/record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

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

std::int64_t number(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  return value ? value->as_int().value_or(0) : 0;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
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
  object.set("interactive", record.interactive).set("stopSignal", record.stop_signal);
  object.set("labels", to_value(record.labels)).set("mounts", std::move(mounts));
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
  record.stop_signal = object.string_or("stopSignal", "SIGTERM");
  record.labels = map_of(object.find("labels"));
  if (const Json* devices = object.find("devices")) record.devices = gpu::request_of(*devices);
  const Json* mounts = object.find("mounts");
  if (const Json::Array* array = mounts ? mounts->as_array() : nullptr)
    for (const Json& item : *array)
      record.mounts.push_back({item.string_or("destination"), item.string_or("type"),
                               item.string_or("source"), strings_of(item.find("options"))});
  return record;
}

std::string_view name_of(State::Phase phase) {
  switch (phase) {
    case State::Phase::Created:
      return "created";
    case State::Phase::Running:
      return "running";
    case State::Phase::Exited:
      return "exited";
    case State::Phase::Dead:
      return "dead";
  }
  return "unknown";
}

std::string to_json(const State& state) {
  Json object = Json::object();
  object.set("phase", name_of(state.phase)).set("pid", std::int64_t{state.pid});
  object.set("monitorPid", std::int64_t{state.monitor_pid}).set("bootId", state.boot_id);
  object.set("pidStartTicks", state.pid_start_ticks).set("started", state.started);
  object.set("finished", state.finished).set("exitCode", state.exit_code).set("error", state.error);
  return object.dump(1);
}

Result<State> parse_state(std::string_view text) {
  SUIT_LET(Json object, oci::parse_json(text));
  State state;
  std::string phase = object.string_or("phase");
  if (phase == "running")
    state.phase = State::Phase::Running;
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
  return state;
}

Result<void> check_name(std::string_view name) {
  bool good = name.size() >= 2 && name.size() <= 128 && is_word(name[0]) &&
              std::ranges::all_of(
                  name, [](char c) { return is_word(c) || c == '_' || c == '.' || c == '-'; });
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
