// top, stats, events.

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include <fmt/format.h>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/processes.h"
#include "cli/settings.h"
#include "cli/show.h"
#include "cli/template.h"
#include "cli/text.h"
#include "cli/units.h"
#include "engine/events.h"
#include "engine/freeze.h"
#include "engine/usage.h"

namespace suit::cli {
namespace {

using oci::Json;

ListFormat stats_format() {
  ListFormat list;
  list.columns =
      "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t"
      "{{.PIDs}}";
  list.headers = {{"Container", "CONTAINER"},
                  {"ID", "CONTAINER ID"},
                  {"Name", "NAME"},
                  {"CPUPerc", "CPU %"},
                  {"MemUsage", "MEM USAGE / LIMIT"},
                  {"MemPerc", "MEM %"},
                  {"NetIO", "NET I/O"},
                  {"BlockIO", "BLOCK I/O"},
                  {"PIDs", "PIDS"}};
  return list;
}

std::string pair_of(std::uint64_t a, std::uint64_t b) {
  return human_size(static_cast<double>(a), 3) + " / " + human_size(static_cast<double>(b), 3);
}

// A container in the table of `stats`, and its last reading.
struct Watched {
  engine::Status container;
  std::string asked;  // how the caller named it
  std::optional<engine::Usage> last;
};

Json stats_row(const Watched& watched, const engine::Usage* now, bool truncate) {
  const engine::Record& record = watched.container.record;
  Json row = Json::object();
  row.set("BlockIO", "-- / --").set("CPUPerc", "--").set("Container", watched.asked);
  row.set("ID", truncate ? short_id(record.id) : record.id);
  row.set("MemPerc", "--").set("MemUsage", "-- / --").set("Name", record.name);
  row.set("NetIO", "-- / --").set("PIDs", "--");
  if (!now) return row;
  const auto memory = static_cast<double>(now->memory_bytes);
  const auto limit = static_cast<double>(now->memory_limit_bytes);
  row.set("BlockIO", pair_of(now->read_bytes, now->written_bytes));
  row.set("CPUPerc",
          fmt::format("{:.2f}%", watched.last ? engine::cpu_percent(*watched.last, *now) : 0.0));
  row.set("MemPerc", fmt::format("{:.2f}%", limit > 0 ? memory / limit * 100 : 0.0));
  row.set("MemUsage", binary_size(memory) + " / " + binary_size(limit));
  row.set("NetIO", pair_of(now->received_bytes, now->sent_bytes));
  row.set("PIDs", std::to_string(now->tasks));
  return row;
}

struct StatsFlags {
  bool all = false, no_stream = false, no_trunc = false;
  std::string format;
};

// Who is in the table now; readings of those that stay are kept.
Result<std::vector<Watched>> choose(const engine::Engine& engine, const StatsFlags& stats,
                                    const std::vector<std::string>& names,
                                    std::vector<Watched>& before) {
  std::vector<Watched> chosen;
  for (const std::string& name : names) {
    SUIT_LET(engine::Status container, engine.find(name));
    chosen.push_back({std::move(container), name, std::nullopt});
  }
  if (names.empty())
    for (engine::Status& container :
         engine.list(stats.all ? engine::Which::All : engine::Which::Running)) {
      std::string id = short_id(container.record.id);
      chosen.push_back({std::move(container), std::move(id), std::nullopt});
    }
  for (Watched& watched : chosen)
    for (Watched& old : before)
      if (old.container.record.id == watched.container.record.id) watched.last = old.last;
  return chosen;
}

Result<std::string> read_table(std::vector<Watched>& watched, const StatsFlags& stats) {
  std::vector<Json> rows;
  for (Watched& one : watched) {
    const Result<engine::Usage> now = engine::read_usage(one.container.state);
    rows.push_back(stats_row(one, now ? &*now : nullptr, !stats.no_trunc));
    if (now) one.last = *now;
  }
  return render_list(stats.format, stats_format(), rows);
}

std::string joined_attributes(const engine::Event& event) {
  std::string out;
  for (const auto& [key, value] : event.attributes)
    out += (out.empty() ? "" : ", ") + key + "=" + value;
  return out;
}

// `2024-01-02T03:04:05.000000006Z container start 0123… (image=x, name=y)`
std::string event_line(const engine::Event& event) {
  return fmt::format("{} {} {} {} ({})\n", to_rfc3339(event.time_ns), event.type, event.action,
                     event.id, joined_attributes(event));
}

bool has_attribute(const engine::Event& event, const std::string& key, const std::string& wanted) {
  const auto found = event.attributes.find(key);
  return found != event.attributes.end() && found->second == wanted;
}

bool is_wanted(const engine::Event& event, const Filters& filters) {
  const auto names = [&](std::string_view type, const std::string& wanted) {
    return event.type == type &&
           (event.id.starts_with(wanted) || has_attribute(event, "name", wanted));
  };
  return filters.any("type", [&](const std::string& type) { return event.type == type; }) &&
         filters.any("event", [&](const std::string& action) { return event.action == action; }) &&
         filters.any("container",
                     [&](const std::string& name) { return names("container", name); }) &&
         filters.any("volume", [&](const std::string& name) { return names("volume", name); }) &&
         filters.any(
             "image",
             [&](const std::string& image) { return has_attribute(event, "image", image); }) &&
         filters.match_labels(event.attributes);
}

}  // namespace

Result<int> container_top(Invocation& in) {
  FlagSet flags;
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(const std::vector<std::string> columns, process_columns({args.begin() + 1, args.end()}));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const engine::Status container, engine.find(args[0]));
  if (container.state.phase != engine::State::Phase::Running &&
      container.state.phase != engine::State::Phase::Paused)
    return fail(0, fmt::format("container {} is not running", container.record.id));
  SUIT_LET(const std::vector<pid_t> pids, engine::processes_of(container.state));
  in.console.text(process_table(columns, pids));
  return 0;
}

Result<int> container_stats(Invocation& in) {
  StatsFlags stats;
  FlagSet flags;
  flags.toggle('a', "all", stats.all, "Show all containers (default shows just running)")
      .add('\0', "format", &stats.format, "string",
           "'table', 'table TEMPLATE', 'json', or a Go template: '{{.Name}} {{.CPUPerc}}'")
      .toggle('\0', "no-stream", stats.no_stream,
              "Disable streaming stats and only pull the first result")
      .toggle('\0', "no-trunc", stats.no_trunc, "Do not truncate output");
  SUIT_LET(const std::vector<std::string> names, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  std::vector<Watched> watched;
  // A share of a processor is a difference of two readings; so long apart.
  constexpr int kIntervalMs = 1000;
  constexpr std::string_view kHome = "\x1b[H\x1b[2J";
  for (bool first = true;; first = false) {
    SUIT_LET(watched, choose(engine, stats, names, watched));
    SUIT_LET(const std::string table, read_table(watched, stats));
    if (!first) {
      // Raw: these bytes are ours, and `text` would show them instead.
      if (!stats.no_stream && is_terminal(1)) in.console.control(kHome);
      in.console.text(table);
      SUIT_TRY(in.console.flush());
      if (stats.no_stream) return 0;
    }
    ::poll(nullptr, 0, kIntervalMs);
  }
}

Result<int> show_events(Invocation& in) {
  std::string since, until, format;
  std::vector<std::string> settings;
  FlagSet flags;
  flags
      .add('f', "filter", &settings, "filter",
           "Filter output: container, event, image, label, type, volume")
      .add('\0', "format", &format, "string",
           "'json', or a Go template: '{{.Action}} {{.Actor.ID}}'")
      .add('\0', "since", &since, "string", "Show all events created since timestamp")
      .add('\0', "until", &until, "string", "Stream events until this timestamp");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  constexpr std::array<std::string_view, 6> kFilters = {"container", "event", "image",
                                                        "label",     "type",  "volume"};
  SUIT_LET(const Filters filters, Filters::read(settings, kFilters));
  std::optional<Template> line;
  if (!format.empty() && format != "json") {
    SUIT_LET(Template parsed, Template::parse(format));
    line.emplace(std::move(parsed));
  }
  engine::EventQuery query;
  const std::int64_t now = now_ns();
  query.since_ns = now;
  if (!since.empty()) {
    SUIT_LET(query.since_ns, parse_when(since, now));
  }
  if (!until.empty()) {
    SUIT_LET(query.until_ns, parse_when(until, now));
    if (since.empty()) query.since_ns = 0;
  }
  SUIT_LET(engine::Engine engine, in.open_engine());
  Result<void> printed;
  const auto print = [&](const engine::Event& event) {
    if (!is_wanted(event, filters)) return true;
    if (line) {
      const Result<std::string> text = line->render(engine::to_json(event));
      if (text)
        in.console.print("{}\n", *text);
      else
        printed = std::unexpected(Error(text.error()));
    } else {
      in.console.text(format == "json" ? engine::to_json(event).dump() + "\n" : event_line(event));
    }
    if (printed) printed = in.console.flush();
    return printed.has_value();
  };
  SUIT_TRY(engine::read_events(engine.events_path(), query, print));
  SUIT_TRY(std::move(printed));
  return 0;
}

}  // namespace suit::cli
