// system df, system prune, image prune: what takes space, and giving it back.

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/template.h"
#include "cli/text.h"
#include "cli/units.h"
#include "os/file.h"
#include "store/usage.h"

namespace suit::cli {
namespace {

using oci::Json;

std::string disk_size(std::uint64_t size_bytes) {
  return human_size(static_cast<double>(size_bytes), 4);
}

// What containers wrote, bytes on disk.
struct ContainerUsage {
  engine::Status status;
  std::uint64_t size_bytes = 0;
  bool running = false;
};

std::vector<ContainerUsage> container_usage(const engine::Engine& engine) {
  std::vector<ContainerUsage> out;
  for (engine::Status& status : engine.list(engine::Which::All)) {
    const std::string dir = engine.container_dir(status.record.id);
    const bool running = status.state.phase == engine::State::Phase::Running;
    out.push_back({std::move(status), store::size_on_disk(dir + "/upper"), running});
  }
  return out;
}

// One line of `system df`.
Json usage_row(std::string_view type, std::size_t total, std::size_t active,
               std::uint64_t size_bytes, std::uint64_t idle_bytes) {
  std::string reclaimable = disk_size(idle_bytes);
  // Docker gives no share of the build cache, nor of nothing.
  if (size_bytes > 0 && type != "Build Cache")
    reclaimable += fmt::format(" ({}%)", idle_bytes * 100 / size_bytes);
  Json row = Json::object();
  row.set("Type", type).set("TotalCount", std::to_string(total));
  row.set("Active", std::to_string(active)).set("Size", disk_size(size_bytes));
  row.set("Reclaimable", reclaimable);
  return row;
}

std::vector<Json> usage_rows(const store::Usage& usage,
                             const std::vector<ContainerUsage>& containers) {
  std::size_t used = 0;
  for (const store::ImageUsage& image : usage.images)
    used += image.in_use ? 1 : 0;
  std::size_t running = 0;
  std::uint64_t all_bytes = 0;
  std::uint64_t idle_bytes = 0;
  for (const ContainerUsage& container : containers) {
    running += container.running ? 1 : 0;
    all_bytes += container.size_bytes;
    if (!container.running) idle_bytes += container.size_bytes;
  }
  return {usage_row("Images", usage.images.size(), used, usage.image_bytes, usage.idle_image_bytes),
          usage_row("Containers", containers.size(), running, all_bytes, idle_bytes),
          usage_row("Local Volumes", 0, 0, 0, 0),
          usage_row("Build Cache", usage.cache.size(), 0, usage.cache_bytes, usage.cache_bytes)};
}

std::string image_table(const store::Usage& usage, const std::vector<ContainerUsage>& containers) {
  Table table({"REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", "SHARED SIZE", "UNIQUE SIZE",
               "CONTAINERS"});
  for (const store::ImageUsage& each : usage.images) {
    const auto users = std::ranges::count_if(containers, [&](const ContainerUsage& container) {
      return container.status.record.image_id == each.image.id;
    });
    const std::vector<std::string> none{""};
    for (const std::string& name : each.image.names.empty() ? none : each.image.names) {
      const Json row = image_row(each.image, name, {true, now_ns()});
      table.add({row.string_or("Repository"), row.string_or("Tag"), row.string_or("ID"),
                 row.string_or("CreatedSince"), row.string_or("Size"), disk_size(each.shared_bytes),
                 disk_size(each.unique_bytes), std::to_string(users)});
    }
  }
  return table.text();
}

std::string container_table(const std::vector<ContainerUsage>& containers) {
  Table table(
      {"CONTAINER ID", "IMAGE", "COMMAND", "LOCAL VOLUMES", "SIZE", "CREATED", "STATUS", "NAMES"});
  for (const ContainerUsage& each : containers) {
    const Json row = container_row(each.status, {true, now_ns()});
    table.add({row.string_or("ID"), row.string_or("Image"), row.string_or("Command"), "0",
               disk_size(each.size_bytes), human_age(each.status.record.created, now_ns()),
               row.string_or("Status"), row.string_or("Names")});
  }
  return table.text();
}

std::string cache_table(const store::Usage& usage) {
  Table table({"CACHE ID", "CACHE TYPE", "SIZE", "CREATED", "LAST USED", "USAGE", "SHARED"});
  for (const store::CacheUsage& each : usage.cache) {
    const std::string word = each.instruction.substr(0, each.instruction.find(' '));
    table.add({each.key.substr(0, 12), word, disk_size(each.size_bytes),
               human_age(each.created, now_ns()), "", "", each.shared ? "true" : "false"});
  }
  return table.text();
}

void print_verbose(Invocation& in, const store::Usage& usage,
                   const std::vector<ContainerUsage>& containers) {
  in.console.print("Images space usage:\n\n{}", image_table(usage, containers));
  in.console.print("\nContainers space usage:\n\n{}", container_table(containers));
  in.console.print("\nLocal Volumes space usage:\n\n{}",
                   Table({"VOLUME NAME", "LINKS", "SIZE"}).text());
  in.console.print("\nBuild cache usage: {}\n\n{}", disk_size(usage.cache_bytes),
                   cache_table(usage));
  if (usage.unreferenced_bytes > 0)
    in.console.print("\nUnreferenced content: {}, which any prune removes\n",
                     disk_size(usage.unreferenced_bytes));
}

constexpr std::array<std::string_view, 3> kPruneFilters = {"label", "label!", "until"};

// Docker's `--filter` of the prune commands.
struct PruneFilter {
  Filters filters;
  std::int64_t until_ns = INT64_MAX;

  static Result<PruneFilter> read(const std::vector<std::string>& settings) {
    PruneFilter out;
    SUIT_LET(out.filters, Filters::read(settings, kPruneFilters));
    std::optional<Error> problem;
    (void)out.filters.all("until", [&](const std::string& text) {
      Result<std::int64_t> time = parse_when(text, now_ns());
      if (!time) problem = std::move(time).error();
      if (time) out.until_ns = std::min(out.until_ns, *time);
      return true;
    });
    if (problem) return std::unexpected(std::move(*problem));
    return out;
  }

  bool matches(const store::Image& image) const {
    const Result<std::int64_t> created = parse_rfc3339(image.config.created);
    if (until_ns != INT64_MAX && (!created || *created > until_ns)) return false;
    return filters.match_labels(image.config.config.labels);
  }
};

// What a prune did.
struct Pruned {
  std::string report;
  std::uint64_t freed_bytes = 0;
};

enum class Which { Dangling, Unused };

Result<Pruned> prune_images(engine::Engine& engine, Which which, const PruneFilter& filter) {
  const std::vector<digest::Digest> in_use = engine.images_in_use();
  Pruned pruned;
  for (const store::Image& image : engine.store().images()) {
    if (which == Which::Dangling && !image.names.empty()) continue;
    if (std::ranges::find(in_use, image.id) != in_use.end()) continue;
    if (!filter.matches(image)) continue;
    SUIT_LET(const store::Store::Removed removed,
             engine.store().remove_image(image.id.text(), true, in_use));
    pruned.freed_bytes += removed.freed_bytes;
    for (const std::string& name : removed.untagged)
      pruned.report += "untagged: " + familiar(name) + "\n";
    for (const digest::Digest& digest : removed.deleted)
      pruned.report += "deleted: " + digest.text() + "\n";
  }
  return pruned;
}

Result<Pruned> prune_cache(engine::Engine& engine) {
  const std::string folder = engine.store().root() + "/cache";
  SUIT_LET(const std::vector<std::string> names, os::list_dir(folder));
  Pruned pruned;
  for (const std::string& name : names) {
    const std::string path = folder + "/" + name;
    pruned.freed_bytes += store::size_on_disk(path);
    SUIT_TRY(os::remove_tree(path));
    if (name.ends_with(".json")) pruned.report += name.substr(0, name.size() - 5) + "\n";
  }
  return pruned;
}

std::string prune_warning(bool all, bool volumes) {
  std::string text = "This will remove:\n  - all stopped containers\n";
  text += "  - all networks not used by at least one container\n";
  if (volumes) text += "  - all anonymous volumes not used by at least one container\n";
  text += all ? "  - all images without at least one container associated to them\n"
              : "  - all dangling images\n";
  text += all ? "  - all build cache\n" : "  - unused build cache\n";
  return text;
}

}  // namespace

Result<int> system_df(Invocation& in) {
  std::string format;
  bool verbose = false;
  FlagSet flags;
  flags
      .add('\0', "format", &format, "string",
           "'table', 'json', or a Go template: '{{.Type}} {{.Size}}'")
      .toggle('v', "verbose", verbose, "Show detailed information on space usage");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  if (verbose && !format.empty())
    return fail(0, "the verbose and format options are mutually exclusive");
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const store::Usage usage, store::usage(engine.store(), engine.images_in_use()));
  const std::vector<ContainerUsage> containers = container_usage(engine);
  if (verbose) {
    print_verbose(in, usage, containers);
    return 0;
  }
  ListFormat list;
  list.columns = "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}";
  list.headers = {{"Type", "TYPE"},
                  {"TotalCount", "TOTAL"},
                  {"Active", "ACTIVE"},
                  {"Size", "SIZE"},
                  {"Reclaimable", "RECLAIMABLE"}};
  SUIT_LET(const std::string text, render_list(format, list, usage_rows(usage, containers)));
  in.console.text(text);
  return 0;
}

Result<int> system_prune(Invocation& in) {
  bool all = false;
  bool force = false;
  bool volumes = false;
  std::vector<std::string> settings;
  FlagSet flags;
  flags.toggle('a', "all", all, "Remove all unused images not just dangling ones")
      .add('\0', "filter", &settings, "filter",
           "Provide filter values: label=KEY[=VALUE], until=TIME")
      .toggle('f', "force", force, "Do not prompt for confirmation")
      .toggle('\0', "volumes", volumes, "Prune anonymous volumes (there are none here)");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(const PruneFilter filter, PruneFilter::read(settings));
  if (!confirmed(in, force, prune_warning(all, volumes))) return 0;
  SUIT_LET(engine::Engine engine, in.open_engine());
  std::uint64_t freed = 0;
  // A filter speaks of what has labels and an age of its own; of the rest nothing goes then.
  const bool filtered = !settings.empty();
  int code = 0;
  if (!filtered) {
    const auto every = [](const engine::Status&) { return true; };
    code = prune_containers(in, engine, every, freed);
    SUIT_TRY(prune_networks(in, engine, [](const network::NetworkConfig&) { return true; }));
  }
  SUIT_LET(const Pruned images,
           prune_images(engine, all ? Which::Unused : Which::Dangling, filter));
  if (!images.report.empty()) in.console.print("Deleted Images:\n{}\n", images.report);
  Pruned cache;
  if (!filtered) {
    SUIT_LET(cache, prune_cache(engine));
    if (!cache.report.empty()) in.console.print("Deleted build cache objects:\n{}\n", cache.report);
  }
  SUIT_LET(const std::uint64_t collected, engine.store().collect_garbage(std::chrono::seconds(0)));
  freed += images.freed_bytes + cache.freed_bytes + collected;
  in.console.print("Total reclaimed space: {}\n", disk_size(freed));
  return code;
}

Result<int> image_prune(Invocation& in) {
  bool all = false;
  bool force = false;
  std::vector<std::string> settings;
  FlagSet flags;
  flags
      .toggle('a', "all", all,
              "Remove all images that no container uses, not only those without a name")
      .add('\0', "filter", &settings, "filter",
           "Provide filter values: label=KEY[=VALUE], label!=KEY[=VALUE], until=TIME")
      .toggle('f', "force", force, "Do not prompt for confirmation");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(const PruneFilter filter, PruneFilter::read(settings));
  if (!confirmed(
          in, force,
          all ? "This will remove all images without at least one container associated to them."
              : "This will remove all dangling images."))
    return 0;
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const Pruned images,
           prune_images(engine, all ? Which::Unused : Which::Dangling, filter));
  if (!images.report.empty()) in.console.print("Deleted Images:\n{}\n", images.report);
  SUIT_LET(const std::uint64_t collected, engine.store().collect_garbage(std::chrono::seconds(0)));
  in.console.print("Total reclaimed space: {}\n", disk_size(images.freed_bytes + collected));
  return 0;
}

}  // namespace suit::cli
