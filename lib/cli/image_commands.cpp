// images, image inspect, history, tag, rmi.

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/template.h"
#include "cli/text.h"
#include "cli/units.h"
#include "naming/grammar.h"
#include "store/sizes.h"

namespace suit::cli {
namespace {

using oci::Json;

struct ImageListOptions {
  bool all = false, quiet = false, digests = false, no_trunc = false;
  std::string format;
  std::vector<std::string> filters;
};

// Which of an image's names `image ls PATTERN` and its filters show; {""} is a dangling image.
Result<std::vector<std::string>> shown_names(const store::Image& image, const Filters& filters,
                                             const std::string& pattern) {
  SUIT_LET(const std::optional<bool> dangling, filters.flag("dangling"));
  if (dangling && *dangling != image.names.empty()) return std::vector<std::string>();
  if (!filters.match_labels(image.config.config.labels)) return std::vector<std::string>();
  if (image.names.empty())
    return pattern.empty() && !filters.has("reference") ? std::vector<std::string>{""}
                                                        : std::vector<std::string>();
  std::vector<std::string> out;
  for (const std::string& name : image.names) {
    SUIT_LET(const naming::Reference reference, naming::parse_name(name));
    std::optional<Error> problem;
    const auto matches = [&](const std::string& wanted) {
      Result<bool> match = naming::matches_pattern(reference, wanted);
      if (!match) problem = std::move(match).error();
      return match.value_or(false);
    };
    const bool shown = (pattern.empty() || matches(pattern)) && filters.any("reference", matches);
    if (problem) return std::unexpected(std::move(*problem));
    if (shown) out.push_back(name);
  }
  return out;
}

ListFormat image_format(bool digests) {
  ListFormat list;
  list.columns =
      digests ? "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
              : "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
  list.headers = {{"Repository", "REPOSITORY"},
                  {"Tag", "TAG"},
                  {"Digest", "DIGEST"},
                  {"ID", "IMAGE ID"},
                  {"CreatedSince", "CREATED"},
                  {"CreatedAt", "CREATED AT"},
                  {"Size", "SIZE"},
                  {"Containers", "CONTAINERS"},
                  {"VirtualSize", "SIZE"},
                  {"SharedSize", "SHARED SIZE"},
                  {"UniqueSize", "UNIQUE SIZE"}};
  return list;
}

}  // namespace

Result<int> image_list(Invocation& in) {
  ImageListOptions options;
  constexpr std::array<std::string_view, 1> kUnsupported = {"tree"};
  FlagSet flags;
  flags.toggle('a', "all", options.all, "Show all images (default hides intermediate images)")
      .toggle('\0', "digests", options.digests, "Show digests")
      .add('f', "filter", &options.filters, "filter",
           "Filter output: reference=PATTERN, dangling=true|false, label=KEY[=VALUE]")
      .add('\0', "format", &options.format, "string",
           "'table', 'table TEMPLATE', 'json', or a Go template: '{{.ID}} {{.Size}}'")
      .toggle('\0', "no-trunc", options.no_trunc, "Don't truncate output")
      .toggle('q', "quiet", options.quiet, "Only show image IDs")
      .unsupported(kUnsupported);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  constexpr std::array<std::string_view, 3> kFilters = {"dangling", "label", "reference"};
  SUIT_LET(const Filters filters, Filters::read(options.filters, kFilters));
  SUIT_LET(engine::Engine engine, in.open_engine());

  std::vector<store::Image> images = engine.store().images();
  std::stable_sort(images.begin(), images.end(), [](const store::Image& a, const store::Image& b) {
    return a.config.created > b.config.created;
  });
  const RowOptions row_options{!options.no_trunc, now_ns()};
  std::vector<Json> rows;
  for (const store::Image& image : images) {
    SUIT_LET(const std::vector<std::string> names,
             shown_names(image, filters, args.empty() ? "" : args[0]));
    if (options.quiet) {
      if (!names.empty())
        in.console.print("{}\n",
                         options.no_trunc ? image.id.text() : std::string(image.id.short_hex()));
      continue;
    }
    for (const std::string& name : names)
      rows.push_back(image_row(image, name, row_options));
  }
  if (options.quiet) return 0;
  SUIT_LET(const std::string text,
           render_list(options.format, image_format(options.digests), rows));
  in.console.text(text);
  return 0;
}

Result<int> image_inspect(Invocation& in) {
  std::string format;
  FlagSet flags;
  flags.add('f', "format", &format, "string", "'json', or a Go template: '{{.Config.Env}}'");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  std::vector<Json> documents;
  const int code = for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    SUIT_LET(const store::Image image, engine.image(name));
    documents.push_back(inspect_image(image));
    return {};
  });
  SUIT_TRY(print_documents(in, format, documents));
  return code;
}

Result<int> image_history(Invocation& in) {
  bool human = true;
  bool no_trunc = false;
  bool quiet = false;
  std::string format;
  FlagSet flags;
  flags.add('\0', "format", &format, "string", "'table', 'json', or a Go template")
      .toggle('H', "human", human, "Print sizes and dates in human readable format (default true)")
      .toggle('\0', "no-trunc", no_trunc, "Don't truncate output")
      .toggle('q', "quiet", quiet, "Only show image IDs");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const store::Image image, engine.image(args[0]));

  const std::int64_t now = now_ns();
  std::vector<Json> rows;
  std::size_t layer = 0;
  for (const oci::History& step : image.config.history) {
    const bool has_layer = !step.empty_layer && layer < image.manifest.layers.size();
    const std::uint64_t size =
        has_layer ? store::unpacked_size(engine.store(), image.manifest.layers[layer++]) : 0;
    std::string created_by = step.created_by;
    std::replace(created_by.begin(), created_by.end(), '\t', ' ');
    Json row = Json::object();
    row.set("Comment", step.comment);
    row.set("CreatedAt", step.created);
    row.set("CreatedBy", no_trunc ? created_by : ellipsis(created_by, 45));
    row.set("CreatedSince", human ? human_age(step.created, now) : step.created);
    row.set("ID", "<missing>");
    row.set("Size", human ? human_size(static_cast<double>(size)) : std::to_string(size));
    rows.push_back(std::move(row));
  }
  std::reverse(rows.begin(), rows.end());
  const std::string id = no_trunc ? image.id.text() : std::string(image.id.short_hex());
  if (!rows.empty()) rows[0].set("ID", id);
  if (quiet) {
    for (const Json& row : rows)
      in.console.print("{}\n", row.string_or("ID"));
    return 0;
  }
  ListFormat list;
  list.columns = "{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";
  list.headers = {{"ID", "IMAGE"},
                  {"CreatedSince", human ? "CREATED" : "CREATED AT"},
                  {"CreatedAt", "CREATED AT"},
                  {"CreatedBy", "CREATED BY"},
                  {"Size", "SIZE"},
                  {"Comment", "COMMENT"}};
  SUIT_LET(const std::string text, render_list(format, list, rows));
  in.console.text(text);
  return 0;
}

Result<int> image_tag(Invocation& in) {
  FlagSet flags;
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(const naming::Reference name, naming::parse_reference(args[1]));
  if (!name.digest.empty())
    return fail(
        0, "refusing to create a tag with a digest reference",
        fmt::format("leave out @{}: a digest is what an image is, not a name", name.digest.text()));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const store::Image image, engine.image(args[0]));
  SUIT_TRY(engine.store().tag(image, name));
  return 0;
}

Result<int> image_remove(Invocation& in) {
  bool force = false;
  bool no_prune = false;
  constexpr std::array<std::string_view, 1> kUnsupported = {"platform"};
  FlagSet flags;
  flags.toggle('f', "force", force, "Remove the image even if it has several names or is in use")
      .toggle('\0', "no-prune", no_prune, "Do not delete untagged parents (there are none here)")
      .unsupported(kUnsupported);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  return for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    Result<store::Store::Removed> removed =
        engine.store().remove_image(name, force, engine.images_in_use());
    // Docker's -f: what is not there need not be removed.
    if (!removed && force && removed.error().code() == ENOENT) {
      in.console.complain(fmt::format("suit: {}\n", removed.error().message()));
      return {};
    }
    if (!removed) return std::unexpected(std::move(removed).error());
    for (const std::string& untagged : removed->untagged)
      in.console.print("Untagged: {}\n", familiar(untagged));
    for (const digest::Digest& digest : removed->deleted)
      in.console.print("Deleted: {}\n", digest.text());
    return {};
  });
}

}  // namespace suit::cli
