#include "engine/events.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "base/time.h"
#include "engine/line_file.h"
#include "os/file.h"

namespace suit::engine {
namespace {

constexpr LineLimits kLimits = {4'000'000, 2};
constexpr std::size_t kLongestEvent = 1U << 20;  // labels are attributes, and may be long

// Writers come and go, so each opens the file anew, in turn: whoever finds it full turns it over.
Result<void> append(const std::string& path, const std::string& line) {
  SUIT_LET([[maybe_unused]] os::Lock turn,
           os::Lock::acquire(path + ".lock", os::LockMode::Exclusive));
  SUIT_LET(LineWriter lines, LineWriter::create(path, kLimits));
  return lines.append(line);
}

// Zero without a bound; milliseconds until `until_ns` otherwise, at least one.
int patience_ms(const EventQuery& query) {
  constexpr std::int64_t kLongestMs = 1000;  // inotify wakes us before
  if (!query.until_ns) return static_cast<int>(kLongestMs);
  std::int64_t left = (*query.until_ns - now_ns()) / 1'000'000;
  return static_cast<int>(std::clamp<std::int64_t>(left, 1, kLongestMs));
}

}  // namespace

oci::Json to_json(const Event& event) {
  oci::Json attributes = oci::Json::object();
  for (const auto& [key, value] : event.attributes)
    attributes.set(key, value);
  oci::Json actor = oci::Json::object();
  actor.set("ID", event.id).set("Attributes", std::move(attributes));
  oci::Json object = oci::Json::object();
  if (event.type == "container") {
    auto image = event.attributes.find("image");
    object.set("status", event.action).set("id", event.id);
    object.set("from", image == event.attributes.end() ? "" : image->second);
  }
  object.set("Type", event.type).set("Action", event.action).set("Actor", std::move(actor));
  object.set("scope", "local").set("time", event.time_ns / 1'000'000'000);
  object.set("timeNano", event.time_ns);
  return object;
}

Result<Event> parse_event(std::string_view line) {
  SUIT_LET(oci::Json object, oci::parse_json(line));
  Event event;
  event.type = object.string_or("Type");
  event.action = object.string_or("Action");
  const oci::Json* time = object.find("timeNano");
  event.time_ns = time ? time->as_int().value_or(0) : 0;
  const oci::Json* actor = object.find("Actor");
  if (!actor || event.type.empty() || event.action.empty())
    return fail(0, "an event without Type, Action or Actor");
  event.id = actor->string_or("ID");
  const oci::Json* attributes = actor->find("Attributes");
  if (const auto* members = attributes ? attributes->as_object() : nullptr)
    for (const auto& [key, value] : *members)
      if (const std::string* text = value.as_string()) event.attributes.emplace(key, *text);
  return event;
}

void emit_event(const std::string& path, const Event& event) {
  Event stamped = event;
  if (stamped.time_ns == 0) stamped.time_ns = now_ns();
  auto written = append(path, to_json(stamped).dump() + "\n");
  if (!written) SUIT_LOG(Warn, "event {}: {}", event.action, written.error().message());
}

Result<void> read_events(const std::string& path, const EventQuery& query,
                         const std::function<bool(const Event&)>& each) {
  LineWatch watch(path);  // before the first read: nothing between the two is missed
  std::optional<LineReader> reader;
  while (true) {
    // Asked before the reading: what came until then is read.
    bool over = !query.follow || (query.until_ns && now_ns() > *query.until_ns);
    if (!reader) {
      auto opened = LineReader::open(path, kLongestEvent);
      if (opened)
        reader.emplace(*std::move(opened));
      else if (opened.error().code() != ENOENT)
        return std::unexpected(std::move(opened).error());
    }
    while (reader) {
      SUIT_LET(std::optional<std::string> line, reader->next());
      if (!line) break;
      auto event = parse_event(*line);
      if (!event) {
        SUIT_LOG(Warn, "a damaged event is left out: {}", event.error().message());
        continue;
      }
      if (query.since_ns && event->time_ns < *query.since_ns) continue;
      if (query.until_ns && event->time_ns > *query.until_ns) continue;
      if (!each(*event)) return {};
    }
    if (over) return {};
    watch.wait(patience_ms(query));
  }
}

}  // namespace suit::engine
