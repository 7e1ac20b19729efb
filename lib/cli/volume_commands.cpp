// volume create, inspect, ls, rm, prune.

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/settings.h"
#include "cli/show.h"
#include "cli/template.h"
#include "cli/units.h"
#include "os/file.h"

namespace suit::cli {
namespace {

using oci::Json;

ListFormat volume_format() {
  ListFormat list;
  list.columns = "{{.Driver}}\t{{.Name}}";
  list.headers = {{"Driver", "DRIVER"}, {"Name", "VOLUME NAME"},
                  {"Scope", "SCOPE"},   {"Mountpoint", "MOUNTPOINT"},
                  {"Labels", "LABELS"}, {"Links", "LINKS"},
                  {"Size", "SIZE"}};
  return list;
}

// \p read: `driver=local` is all there is.
Result<void> check_driver(const std::string& driver) {
  if (driver.empty() || driver == "local") return {};
  return fail(0, fmt::format("volume driver {} is not supported yet", driver),
              "the driver is local: a directory of this host");
}

bool is_shown(const engine::Volume& volume, bool dangling, const Filters& filters,
              const std::optional<bool>& wants_dangling) {
  return (!wants_dangling || *wants_dangling == dangling) &&
         filters.any("name",
                     [&](const std::string& name) {
                       return volume.name.find(name) != std::string::npos;
                     }) &&
         filters.any("driver", [](const std::string& driver) { return driver == "local"; }) &&
         filters.match_labels(volume.labels);
}

}  // namespace

Result<int> volume_create(Invocation& in) {
  std::string name, driver;
  std::vector<std::string> options, settings;
  constexpr std::array kUnsupported = std::to_array<std::string_view>(
      {"availability", "group", "limit-bytes", "required-bytes", "scope", "secret", "sharing",
       "topology-preferred", "topology-required", "type"});
  FlagSet flags;
  flags.add('d', "driver", &driver, "string", "Specify volume driver name (default local)")
      .add('\0', "label", &settings, "list", "Set metadata for a volume")
      .add('\0', "name", &name, "string", "Specify volume name")
      .add('o', "opt", &options, "map", "Set driver specific options (there are none)")
      .unsupported(kUnsupported);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  if (!args.empty() && !name.empty() && args[0] != name)
    return fail(0,
                "conflicting options: cannot specify a volume-name through both --name and as "
                "a positional arg");
  if (!args.empty()) name = args[0];
  SUIT_TRY(check_driver(driver));
  if (!options.empty())
    return fail(0, fmt::format("volume option {} is not supported yet", options[0]));
  SUIT_LET(const auto labels, read_labels(settings));
  SUIT_LET(engine::Engine engine, in.open_engine());
  const bool anonymous = name.empty();
  SUIT_LET(const engine::Volume volume, engine.create_volume(name, labels, anonymous));
  in.console.print("{}\n", volume.name);
  return 0;
}

Result<int> volume_list(Invocation& in) {
  bool quiet = false;
  std::string format;
  std::vector<std::string> settings;
  constexpr std::array<std::string_view, 1> kUnsupported = {"cluster"};
  FlagSet flags;
  flags
      .add('f', "filter", &settings, "filter",
           "Provide filter values: dangling, driver, label, name")
      .add('\0', "format", &format, "string",
           "'table', 'table TEMPLATE', 'json', or a Go template: '{{.Name}}'")
      .toggle('q', "quiet", quiet, "Only display volume names")
      .unsupported(kUnsupported);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  constexpr std::array<std::string_view, 4> kFilters = {"dangling", "driver", "label", "name"};
  SUIT_LET(const Filters filters, Filters::read(settings, kFilters));
  SUIT_LET(const std::optional<bool> dangling, filters.flag("dangling"));
  SUIT_LET(engine::Engine engine, in.open_engine());
  const auto used = engine.volumes_in_use();
  std::vector<Json> rows;
  for (const engine::Volume& volume : engine.volumes().list())
    if (is_shown(volume, !used.contains(volume.name), filters, dangling))
      rows.push_back(volume_row(volume));
  if (quiet) {
    for (const Json& row : rows)
      in.console.print("{}\n", row.string_or("Name"));
    return 0;
  }
  SUIT_LET(const std::string text, render_list(format, volume_format(), rows));
  in.console.text(text);
  return 0;
}

Result<int> volume_inspect(Invocation& in) {
  std::string format;
  FlagSet flags;
  flags.add('f', "format", &format, "string", "'json', or a Go template: '{{.Mountpoint}}'");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  std::vector<Json> documents;
  const int code = for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    SUIT_LET(const engine::Volume volume, engine.volumes().find(name));
    documents.push_back(inspect_volume(volume));
    return {};
  });
  SUIT_TRY(print_documents(in, format, documents));
  return code;
}

Result<int> volume_remove(Invocation& in) {
  bool force = false;
  FlagSet flags;
  flags.toggle('f', "force", force, "Do not complain about volumes that are not there");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  return for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    SUIT_TRY(
        engine.remove_volume(name, force ? engine::Engine::Force::Yes : engine::Engine::Force::No));
    in.console.print("{}\n", name);
    return {};
  });
}

Result<int> volume_prune(Invocation& in) {
  bool force = false, all = false;
  std::vector<std::string> settings;
  FlagSet flags;
  flags.toggle('a', "all", all, "Remove all unused volumes, not just anonymous ones")
      .add('\0', "filter", &settings, "filter", "Provide filter values: label=<label>")
      .toggle('f', "force", force, "Do not prompt for confirmation");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  constexpr std::array<std::string_view, 1> kFilters = {"label"};
  SUIT_LET(const Filters filters, Filters::read(settings, kFilters));
  const std::string warning =
      fmt::format("This will remove {} volumes not used by at least one container.",
                  all ? "all" : "anonymous local");
  if (!confirmed(in, force, warning)) return 0;
  SUIT_LET(engine::Engine engine, in.open_engine());
  std::vector<std::string> removed;
  std::uint64_t freed = 0;
  for (const engine::Volume& volume : engine.volumes().list()) {
    if ((!all && !volume.anonymous) || !filters.match_labels(volume.labels)) continue;
    const std::uint64_t size = engine::tree_size(volume.mountpoint).value_or(0);
    // In use, by now or all along: it stays.
    if (!engine.remove_volume(volume.name, engine::Engine::Force::No)) continue;
    removed.push_back(volume.name);
    freed += size;
  }
  if (!removed.empty()) in.console.print("Deleted Volumes:\n");
  for (const std::string& name : removed)
    in.console.print("{}\n", name);
  if (!removed.empty()) in.console.print("\n");
  in.console.print("Total reclaimed space: {}\n", human_size(static_cast<double>(freed), 4));
  return 0;
}

}  // namespace suit::cli
