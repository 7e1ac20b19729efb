/// \file
/// What happened to containers and volumes: one JSON object a line, as Docker's /events writes it.
///
///     {"status":"start","id":"…","from":"img","Type":"container","Action":"start","Actor":{…},…}
///
/// Two files of 4 MB at most: a host that starts containers all day does not fill its disk.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "oci/json.h"

namespace suit::engine {

struct Event {
  std::string type = "container";  ///< or `volume`
  std::string action;              ///< `create`, `start`, `die`, …
  std::string id;                  ///< of the container, name of the volume
  std::map<std::string, std::string> attributes;
  std::int64_t time_ns = 0;  ///< since 1970
};

oci::Json to_json(const Event& event);
Result<Event> parse_event(std::string_view line);

struct EventQuery {
  std::optional<std::int64_t> since_ns, until_ns;  ///< nanoseconds since 1970, both included
  bool follow = true;  ///< wait for more, until `until_ns` if it is given
};

/// Appends to the events at \p path. Events tell of what has happened: that one cannot be written
/// undoes nothing, so it is logged.
void emit_event(const std::string& path, const Event& event);

/// Calls \p each for every event that \p query asks for, as they come.
/// \param each returns false to stop
Result<void> read_events(const std::string& path, const EventQuery& query,
                         const std::function<bool(const Event&)>& each);

}  // namespace suit::engine
