// ps, logs, rm, container prune, container inspect, port.

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/suggest.h"
#include "base/time.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/show_network.h"
#include "cli/template.h"
#include "cli/units.h"
#include "engine/logs.h"
#include "os/file.h"

namespace suit::cli {
namespace {

using oci::Json;

ListFormat container_format() {
  ListFormat list;
  list.columns =
      "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
  list.headers = {{"ID", "CONTAINER ID"},
                  {"Image", "IMAGE"},
                  {"Command", "COMMAND"},
                  {"RunningFor", "CREATED"},
                  {"CreatedAt", "CREATED AT"},
                  {"Status", "STATUS"},
                  {"State", "STATE"},
                  {"Ports", "PORTS"},
                  {"Names", "NAMES"},
                  {"Labels", "LABELS"},
                  {"Mounts", "MOUNTS"},
                  {"Networks", "NETWORKS"},
                  {"LocalVolumes", "LOCAL VOLUMES"},
                  {"Size", "SIZE"}};
  return list;
}

constexpr std::array kFilters = std::to_array<std::string_view>(
    {"ancestor", "before", "exited", "expose", "health", "id", "label", "name", "network",
     "publish", "status", "since", "volume"});

// Values that no container can have are mistakes, not empty lists.
Result<void> check_filters(const Filters& filters) {
  constexpr std::array<std::string_view, 7> kStatuses = {
      "created", "restarting", "running", "removing", "paused", "exited", "dead"};
  constexpr std::array<std::string_view, 4> kHealths = {"starting", "healthy", "unhealthy", "none"};
  Result<void> checked;
  const auto check = [&](std::string_view key, std::span<const std::string_view> words) {
    return filters.all(key, [&](const std::string& value) {
      if (std::find(words.begin(), words.end(), value) != words.end()) return true;
      if (checked)
        checked =
            fail(0, fmt::format("invalid filter '{}={}'{}", key, value, did_you_mean(value, words)),
                 fmt::format("there are: {}", fmt::join(words, ", ")));
      return false;
    });
  };
  check("status", kStatuses);
  check("health", kHealths);
  filters.all("exited", [&](const std::string& value) {
    if (value.empty() || value.find_first_not_of("0123456789-") != std::string::npos)
      checked = fail(0, fmt::format("invalid filter 'exited={}': a number is expected", value));
    return true;
  });
  return checked;
}

// `before` and `since` name containers, whose age decides.
struct AgeBounds {
  std::string before, since;  // \shape RFC 3339; empty: none
};

Result<AgeBounds> read_age_bounds(const engine::Engine& engine, const Filters& filters) {
  AgeBounds bounds;
  Result<void> found;
  const auto read = [&](std::string_view key, std::string& bound) {
    filters.all(key, [&](const std::string& name) {
      const Result<engine::Status> container = engine.find(name);
      if (container && filters.has(key)) bound = container->record.created;
      if (!container) found = std::unexpected(Error(container.error()));
      return true;
    });
  };
  read("before", bounds.before);
  read("since", bounds.since);
  if (!found) return std::unexpected(std::move(found).error());
  return bounds;
}

bool has_volume(const engine::Record& record, const std::string& wanted) {
  for (const oci::SpecMount& mount : record.mounts)
    if (mount.destination == wanted || mount.source == wanted) return true;
  for (const engine::VolumeMount& volume : record.volumes)
    if (volume.destination == wanted || volume.name == wanted) return true;
  return false;
}

bool is_in_network(const engine::Status& container, const std::string& wanted) {
  for (const engine::Attachment& one : container.network.attachments)
    if (one.network_id.starts_with(wanted)) return true;
  const std::vector<std::string> names = network_names(container.record);
  return std::find(names.begin(), names.end(), wanted) != names.end();
}

// `80`, `80/tcp`, `8000-8080`: the host's number where \p host says which, else the container's.
bool has_port(const std::vector<network::PublishedPort>& ports, const std::string& text,
              std::uint16_t network::PublishedPort::* host) {
  const auto wanted = network::parse_publish(text);
  if (!wanted) return false;
  for (const network::PublishedPort& port : ports)
    for (const network::PortRequest& one : *wanted)
      if (one.container.protocol == port.container.protocol &&
          one.container.number == (host ? port.*host : port.container.number))
        return true;
  return false;
}

bool is_shown(const engine::Status& container, const Filters& filters, const AgeBounds& bounds) {
  const engine::Record& record = container.record;
  if (!bounds.before.empty() && record.created >= bounds.before) return false;
  if (!bounds.since.empty() && record.created <= bounds.since) return false;
  return filters.any("id", [&](const std::string& id) {
    return record.id.starts_with(id);
  }) && filters.any("name", [&](const std::string& name) {
    return ("/" + record.name).find(name) != std::string::npos;
  }) && filters.any("status", [&](const std::string& status) {
    return status == engine::name_of(container.state.phase);
  }) && filters.any("exited", [&](const std::string& code) {
    return container.state.phase == engine::State::Phase::Exited &&
           code == std::to_string(container.state.exit_code);
  }) && filters.any("ancestor", [&](const std::string& image) {
    return image == record.image || record.image_id.hex().starts_with(image) ||
           record.image_id.text().starts_with(image) ||
           shown_image(record.image, record.image_id.text(), true) == image;
  }) && filters.any("volume", [&](const std::string& volume) {
    return has_volume(record, volume);
  }) && filters.any("network", [&](const std::string& network) {
    return is_in_network(container, network);
  }) && filters.any("publish", [&](const std::string& port) {
    return has_port(container.network.ports, port, &network::PublishedPort::host_port);
  }) && filters.any("expose", [&](const std::string& port) {
    return has_port(shown_ports(container), port, nullptr);
  }) && filters.any("health", [](const std::string& health) {
    return health == "none";
  }) && filters.match_labels(record.labels);
}

Result<std::optional<std::size_t>> read_tail(const std::string& text) {
  if (text.empty() || text == "all") return std::optional<std::size_t>();
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(0, fmt::format("invalid tail value \"{}\": a number or 'all' is expected", text));
  return std::optional(count);
}

Result<std::optional<std::int64_t>> read_until(const Filters& filters) {
  std::optional<std::int64_t> until;
  Result<void> read;
  filters.all("until", [&](const std::string& value) {
    const Result<std::int64_t> when = parse_when(value, now_ns());
    if (when && filters.has("until"))
      until = *when;
    else if (!when)
      read = std::unexpected(Error(when.error()));
    return true;
  });
  if (!read) return std::unexpected(std::move(read).error());
  return until;
}

std::string joined(const std::map<std::string, std::string>& attributes) {
  std::string out;
  for (const auto& [key, value] : attributes)
    out += (out.empty() ? "" : ",") + key + "=" + value;
  return out;
}

// The program's own bytes, as it wrote them: its colours are its user's business.
bool write_out(const engine::LogLine& line, std::string_view text) {
  const int descriptor = line.stream == engine::Stream::Stdout ? STDOUT_FILENO : STDERR_FILENO;
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

ContainerSize size_of(engine::Engine& engine, const engine::Record& record) {
  ContainerSize size;
  size.own_bytes = engine::tree_size(engine.container_dir(record.id) + "/upper").value_or(0);
  const Result<store::Image> image = engine.store().find_image(record.image_id.text());
  if (image) size.image_bytes = image->size_bytes;
  return size;
}

Result<int> container_list(Invocation& in) {
  bool all = false, latest = false, no_trunc = false, quiet = false, sized = false;
  std::string format;
  std::vector<std::string> settings;
  std::optional<std::int64_t> last;
  FlagSet flags;
  flags.toggle('a', "all", all, "Show all containers (default shows just running)")
      .add('f', "filter", &settings, "filter",
           "Filter output: ancestor, before, exited, expose, health, id, label, name, network, "
           "publish, since, status, volume")
      .add('\0', "format", &format, "string",
           "'table', 'table TEMPLATE', 'json', or a Go template: '{{.ID}} {{.Names}}'")
      .add('n', "last", &last, "int", "Show n last created containers (includes all states)")
      .toggle('l', "latest", latest, "Show the latest created container (includes all states)")
      .toggle('\0', "no-trunc", no_trunc, "Don't truncate output")
      .toggle('q', "quiet", quiet, "Only display container IDs")
      .toggle('s', "size", sized, "Display total file sizes");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(const Filters filters, Filters::read(settings, kFilters));
  SUIT_TRY(check_filters(filters));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const AgeBounds bounds, read_age_bounds(engine, filters));
  if (latest) last = 1;
  const bool every = all || (last && *last >= 0) || filters.has("status") || filters.has("exited");
  std::vector<engine::Status> containers =
      engine.list(every ? engine::Which::All : engine::Which::Running);
  std::stable_sort(containers.begin(), containers.end(),
                   [](const engine::Status& a, const engine::Status& b) {
                     return a.record.created > b.record.created;
                   });
  RowOptions options{!no_trunc, now_ns(), std::nullopt};
  std::vector<Json> rows;
  for (const engine::Status& container : containers) {
    if (last && *last >= 0 && rows.size() >= static_cast<std::size_t>(*last)) break;
    if (!is_shown(container, filters, bounds)) continue;
    if (sized) options.size = size_of(engine, container.record);
    Json row = container_row(container, options);
    if (asks_for_labels(format)) row.set(kLabelSet, label_object(container.record.labels));
    rows.push_back(std::move(row));
  }
  if (quiet) {
    for (const Json& row : rows)
      in.console.print("{}\n", row.string_or("ID"));
    return 0;
  }
  ListFormat list = container_format();
  if (sized) list.columns += "\t{{.Size}}";
  SUIT_LET(const std::string text, render_list(format, list, rows));
  in.console.text(text);
  return 0;
}

Result<int> container_inspect(Invocation& in) {
  std::string format;
  bool sized = false;
  FlagSet flags;
  flags.add('f', "format", &format, "string", "'json', or a Go template: '{{.State.Status}}'")
      .toggle('s', "size", sized, "Display total file sizes");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  std::vector<Json> documents;
  const int code = for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    SUIT_LET(const engine::Status container, engine.find(name));
    std::optional<ContainerSize> size;
    if (sized) size = size_of(engine, container.record);
    documents.push_back(inspect_container(container, engine.container_dir(container.record.id),
                                          engine.volumes(), size));
    return {};
  });
  SUIT_TRY(print_documents(in, format, documents));
  return code;
}

Result<int> container_logs(Invocation& in) {
  engine::LogQuery query;
  bool timestamps = false, details = false;
  std::string tail, since, until;
  FlagSet flags;
  flags.toggle('\0', "details", details, "Show extra details provided to logs")
      .toggle('f', "follow", query.follow, "Follow log output")
      .add('\0', "since", &since, "string",
           "Show logs since timestamp (2024-01-02T13:23:37Z) or relative (42m for 42 minutes)")
      .add('n', "tail", &tail, "string",
           "Number of lines to show from the end of the logs (default all)")
      .toggle('t', "timestamps", timestamps, "Show timestamps")
      .add('\0', "until", &until, "string",
           "Show logs before a timestamp (2024-01-02T13:23:37Z) or relative (42m for 42 minutes)");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(query.tail, read_tail(tail));
  const std::int64_t now = now_ns();
  if (!since.empty()) {
    SUIT_LET(query.since_ns, parse_when(since, now));
  }
  if (!until.empty()) {
    SUIT_LET(query.until_ns, parse_when(until, now));
  }
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const engine::Status container, engine.find(args[0]));
  const std::string id = container.record.id;
  if (container.record.log.driver == "none")
    return fail(0, fmt::format("container {} keeps no log: it was created with --log-driver none",
                               container.record.name));
  const auto alive = [&] {
    const Result<engine::Status> now_is = engine.find(id);
    return now_is && now_is->state.lives() && !(query.until_ns && now_ns() > *query.until_ns);
  };
  const auto print = [&](const engine::LogLine& line) {
    std::string text;
    if (timestamps) text += line.time + " ";
    if (details) text += joined(line.attributes) + " ";
    return write_out(line, text + line.text);
  };
  SUIT_TRY(engine::read_log(engine.log_path(id), query, alive, print));
  return 0;
}

Result<int> container_remove(Invocation& in) {
  bool force = false;
  bool volumes = false;
  constexpr std::array<std::string_view, 1> kUnsupported = {"l,link"};
  FlagSet flags;
  flags.toggle('f', "force", force, "Force the removal of a running container (uses SIGKILL)")
      .toggle('v', "volumes", volumes, "Remove anonymous volumes associated with the container")
      .unsupported(kUnsupported);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  return for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    Result<engine::Status> container = engine.find(name);
    if (!container && force && container.error().code() == ENOENT) {
      in.console.complain(fmt::format("suit: {}\n", container.error().message()));
      return {};
    }
    if (!container) return std::unexpected(std::move(container).error());
    using engine::Engine;
    SUIT_TRY(
        engine.remove(*container, force ? Engine::Force::Yes : Engine::Force::No,
                      volumes ? Engine::AnonymousVolumes::Remove : Engine::AnonymousVolumes::Keep));
    in.console.print("{}\n", name);
    return {};
  });
}

Result<int> container_prune(Invocation& in) {
  bool force = false;
  std::vector<std::string> settings;
  FlagSet flags;
  flags
      .add('\0', "filter", &settings, "filter",
           "Provide filter values: label=<label>, until=<timestamp>")
      .toggle('f', "force", force, "Do not prompt for confirmation");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  constexpr std::array<std::string_view, 2> kKnown = {"label", "until"};
  SUIT_LET(const Filters filters, Filters::read(settings, kKnown));
  SUIT_LET(const std::optional<std::int64_t> until, read_until(filters));
  if (!confirmed(in, force, "This will remove all stopped containers.")) return 0;
  SUIT_LET(engine::Engine engine, in.open_engine());
  const auto wanted = [&](const engine::Status& container) {
    const Result<std::int64_t> created = parse_rfc3339(container.record.created);
    const bool old = !until || (created && *created < *until);
    return old && filters.match_labels(container.record.labels);
  };
  std::uint64_t freed_bytes = 0;
  const int code = prune_containers(in, engine, wanted, freed_bytes);
  in.console.print("Total reclaimed space: {}\n", human_size(static_cast<double>(freed_bytes), 4));
  return code;
}

int prune_containers(Invocation& in, engine::Engine& engine,
                     const std::function<bool(const engine::Status&)>& wanted,
                     std::uint64_t& freed_bytes) {
  std::vector<std::string> ids;
  for (const engine::Status& container : engine.list(engine::Which::All))
    if (!container.state.lives() && wanted(container)) ids.push_back(container.record.id);
  if (!ids.empty()) in.console.print("Deleted Containers:\n");
  const int code = for_each_argument(in, ids, [&](const std::string& id) -> Result<void> {
    SUIT_LET(const engine::Status container, engine.find(id));
    const std::uint64_t own_bytes = size_of(engine, container.record).own_bytes;
    SUIT_TRY(engine.remove(container, engine::Engine::Force::No));
    in.console.print("{}\n", id);
    freed_bytes += own_bytes;
    return {};
  });
  if (!ids.empty()) in.console.print("\n");
  return code;
}

}  // namespace suit::cli
