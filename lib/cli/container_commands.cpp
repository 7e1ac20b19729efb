// ps, logs, stop, kill, wait, rm, container prune, container inspect.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/template.h"
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
                  {"LocalVolumes", "LOCAL VOLUMES"}};
  return list;
}

bool is_shown(const engine::Status& container, const Filters& filters) {
  const engine::Record& record = container.record;
  return filters.any("id", [&](const std::string& id) {
    return record.id.starts_with(id);
  }) && filters.any("name", [&](const std::string& name) {
    return record.name.find(name) != std::string::npos;
  }) && filters.any("status", [&](const std::string& status) {
    return status == engine::name_of(container.state.phase);
  }) && filters.any("exited", [&](const std::string& code) {
    return container.state.phase == engine::State::Phase::Exited &&
           code == std::to_string(container.state.exit_code);
  }) && filters.any("ancestor", [&](const std::string& image) {
    return image == record.image || record.image_id.hex().starts_with(image) ||
           record.image_id.text().starts_with(image) ||
           shown_image(record.image, record.image_id.text(), true) == image;
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

}  // namespace

Result<int> container_list(Invocation& in) {
  bool all = false, latest = false, no_trunc = false, quiet = false;
  std::string format;
  std::vector<std::string> settings;
  std::optional<std::int64_t> last;
  constexpr std::array<std::string_view, 1> kUnsupported = {"s,size"};
  FlagSet flags;
  flags.toggle('a', "all", all, "Show all containers (default shows just running)")
      .add('f', "filter", &settings, "filter",
           "Filter output: id, name, label, status, exited, ancestor")
      .add('\0', "format", &format, "string",
           "'table', 'table TEMPLATE', 'json', or a Go template: '{{.ID}} {{.Names}}'")
      .add('n', "last", &last, "int", "Show n last created containers (includes all states)")
      .toggle('l', "latest", latest, "Show the latest created container (includes all states)")
      .toggle('\0', "no-trunc", no_trunc, "Don't truncate output")
      .toggle('q', "quiet", quiet, "Only display container IDs")
      .unsupported(kUnsupported);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  constexpr std::array<std::string_view, 6> kFilters = {"ancestor", "exited", "id",
                                                        "label",    "name",   "status"};
  SUIT_LET(const Filters filters, Filters::read(settings, kFilters));
  SUIT_LET(engine::Engine engine, in.open_engine());
  if (latest) last = 1;
  const bool every = all || (last && *last >= 0) || filters.has("status") || filters.has("exited");
  std::vector<engine::Status> containers =
      engine.list(every ? engine::Which::All : engine::Which::Running);
  std::stable_sort(containers.begin(), containers.end(),
                   [](const engine::Status& a, const engine::Status& b) {
                     return a.record.created > b.record.created;
                   });
  const RowOptions options{!no_trunc, now_ns()};
  std::vector<Json> rows;
  for (const engine::Status& container : containers) {
    if (last && *last >= 0 && rows.size() >= static_cast<std::size_t>(*last)) break;
    if (is_shown(container, filters)) rows.push_back(container_row(container, options));
  }
  if (quiet) {
    for (const Json& row : rows)
      in.console.print("{}\n", row.string_or("ID"));
    return 0;
  }
  SUIT_LET(const std::string text, render_list(format, container_format(), rows));
  in.console.text(text);
  return 0;
}

Result<int> container_inspect(Invocation& in) {
  std::string format;
  constexpr std::array<std::string_view, 1> kUnsupported = {"s,size"};
  FlagSet flags;
  flags.add('f', "format", &format, "string", "'json', or a Go template: '{{.State.Status}}'")
      .unsupported(kUnsupported);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  std::vector<Json> documents;
  const int code = for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    SUIT_LET(const engine::Status container, engine.find(name));
    documents.push_back(inspect_container(container, engine.log_path(container.record.id)));
    return {};
  });
  SUIT_TRY(print_documents(in, format, documents));
  return code;
}

Result<int> container_logs(Invocation& in) {
  engine::LogQuery query;
  bool timestamps = false;
  std::string tail;
  constexpr std::array<std::string_view, 3> kUnsupported = {"details", "since", "until"};
  FlagSet flags;
  flags.toggle('f', "follow", query.follow, "Follow log output")
      .add('n', "tail", &tail, "string",
           "Number of lines to show from the end of the logs (default all)")
      .toggle('t', "timestamps", timestamps, "Show timestamps")
      .unsupported(kUnsupported);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(query.tail, read_tail(tail));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const engine::Status container, engine.find(args[0]));
  const std::string id = container.record.id;
  const auto alive = [&] {
    const Result<engine::Status> now = engine.find(id);
    return now && now->state.phase == engine::State::Phase::Running;
  };
  // The program's own bytes, as it wrote them: its colours are its user's business.
  const auto print = [&](const engine::LogLine& line) {
    const std::string text = timestamps ? line.time + " " + line.text : line.text;
    const int descriptor = line.stream == engine::Stream::Stdout ? STDOUT_FILENO : STDERR_FILENO;
    for (std::string_view rest = text; !rest.empty();) {
      const ssize_t count = ::write(descriptor, rest.data(), rest.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return false;
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  };
  SUIT_TRY(engine::read_log(engine.log_path(id), query, alive, print));
  return 0;
}

Result<int> container_stop(Invocation& in) {
  std::optional<std::int64_t> timeout;
  constexpr std::array<std::string_view, 1> kUnsupported = {"s,signal"};
  FlagSet flags;
  flags
      .add('t', "timeout", &timeout, "int",
           "Seconds to wait before killing the container (default 10)")
      .add('\0', "time", &timeout, "int", "The same as --timeout")
      .unsupported(kUnsupported);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  // Docker's -1 waits for ever: a day is as good, and cannot overflow.
  constexpr std::int64_t kDay = 24 * 60 * 60;
  const std::int64_t wanted = timeout.value_or(10);
  const std::chrono::seconds patience(wanted < 0 ? kDay : std::min(wanted, kDay));
  SUIT_LET(engine::Engine engine, in.open_engine());
  return for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    SUIT_LET(const engine::Status container, engine.find(name));
    SUIT_TRY(engine.stop(container, patience));
    in.console.print("{}\n", name);
    return {};
  });
}

Result<int> container_kill(Invocation& in) {
  std::string signal = "SIGKILL";
  FlagSet flags;
  flags.add('s', "signal", &signal, "string", "Signal to send to the container (default SIGKILL)");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(const int number, engine::parse_signal(signal));
  SUIT_LET(engine::Engine engine, in.open_engine());
  return for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    SUIT_LET(const engine::Status container, engine.find(name));
    if (container.state.phase != engine::State::Phase::Running)
      return fail(0, fmt::format("cannot kill container: {}: container {} is not running", name,
                                 container.record.id));
    SUIT_TRY(engine.kill(container, number));
    in.console.print("{}\n", name);
    return {};
  });
}

Result<int> container_wait(Invocation& in) {
  FlagSet flags;
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  return for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    SUIT_LET(const engine::Status container, engine.find(name));
    SUIT_LET(const int code, engine.wait(container));
    in.console.print("{}\n", code);
    return in.console.flush();
  });
}

Result<int> container_remove(Invocation& in) {
  bool force = false;
  bool volumes = false;
  constexpr std::array<std::string_view, 1> kUnsupported = {"l,link"};
  FlagSet flags;
  flags.toggle('f', "force", force, "Force the removal of a running container (uses SIGKILL)")
      .toggle('v', "volumes", volumes, "Remove anonymous volumes of the container (there are none)")
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
    SUIT_TRY(
        engine.remove(*container, force ? engine::Engine::Force::Yes : engine::Engine::Force::No));
    in.console.print("{}\n", name);
    return {};
  });
}

Result<int> container_prune(Invocation& in) {
  bool force = false;
  constexpr std::array<std::string_view, 1> kUnsupported = {"filter"};
  FlagSet flags;
  flags.toggle('f', "force", force, "Do not prompt for confirmation").unsupported(kUnsupported);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  if (!confirmed(in, force, "This will remove all stopped containers.")) return 0;
  SUIT_LET(engine::Engine engine, in.open_engine());
  std::size_t removed = 0;
  const int code = prune_containers(in, engine, removed);
  in.console.print("Total removed containers: {}\n", removed);
  return code;
}

int prune_containers(Invocation& in, engine::Engine& engine, std::size_t& removed) {
  std::vector<std::string> ids;
  for (const engine::Status& container : engine.list(engine::Which::All)) {
    if (container.state.phase != engine::State::Phase::Running) ids.push_back(container.record.id);
  }
  if (!ids.empty()) in.console.print("Deleted Containers:\n");
  const int code = for_each_argument(in, ids, [&](const std::string& id) -> Result<void> {
    SUIT_LET(const engine::Status container, engine.find(id));
    SUIT_TRY(engine.remove(container, engine::Engine::Force::No));
    in.console.print("{}\n", id);
    ++removed;
    return {};
  });
  if (!ids.empty()) in.console.print("\n");
  return code;
}

}  // namespace suit::cli
