#include "build/build.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/time.h"
#include "build/plan_internal.h"
#include "build/solver_internal.h"
#include "hash/sha256.h"
#include "os/file.h"
#include "os/mount.h"
#include "store/archive.h"

namespace suit::build {

namespace {

using Kind = Event::Kind;

constexpr std::string_view kHistoryComment = "suit.dockerfile.v1";

Result<Source> read_source(const Options& options) {
  Source source;
  if (options.dockerfile_text) {
    source.text = *options.dockerfile_text;
    return source;
  }
  struct stat context{};
  if (::stat(options.context_dir.c_str(), &context) != 0)
    return fail(errno, fmt::format("build context \"{}\"", options.context_dir),
                "give the directory that holds the Dockerfile and what it copies");
  if (!S_ISDIR(context.st_mode))
    return fail(ENOTDIR, fmt::format("build context \"{}\"", options.context_dir),
                fmt::format("give its directory, and the file with -f {}", options.context_dir));
  const std::string path =
      options.dockerfile.empty() ? options.context_dir + "/Dockerfile" : options.dockerfile;
  source.name = options.dockerfile.empty() ? "Dockerfile" : options.dockerfile;
  Result<std::string> text = os::read_file(path, dockerfile::kMaxFileBytes);
  if (!text) {
    return std::unexpected(
        std::move(text)
            .error()
            .wrap("read the Dockerfile")
            .with_hint(fmt::format("looked for {}; name another with -f", path)));
  }
  source.text = std::move(*text);
  return source;
}

std::string dockerfile_path(const Options& options) {
  if (options.dockerfile_text) return {};
  return options.dockerfile.empty() ? options.context_dir + "/Dockerfile" : options.dockerfile;
}

PlanOptions plan_options(const Options& options) {
  PlanOptions plan;
  plan.resolve.build_args.insert(options.build_args.begin(), options.build_args.end());
  plan.resolve.target = options.target;
  const oci::Platform host = oci::host_platform();
  plan.resolve.build_platform = fmt::format("{}/{}", host.os, host.architecture);
  plan.resolve.target_platform =
      options.platform.empty() ? plan.resolve.build_platform : options.platform;
  plan.labels = options.labels;
  plan.network = options.network;
  return plan;
}

FindImage finder(store::Store& store, const Options& options, Reporter* report) {
  return [&store, &options, report](const std::string& name) -> Result<BaseImage> {
    const int vertex =
        report == nullptr ? 0 : report->start(fmt::format("[internal] load metadata for {}", name));
    const Result<naming::Reference> reference = naming::parse_reference(name);
    const bool embedded = !options.base_archive.empty() && reference &&
                          reference->canonical() == store::kEmbeddedBaseName;
    Result<std::string> here = name;
    if (!embedded && options.fetch_image) here = options.fetch_image(name);
    Result<store::Image> image =
        !here      ? Result<store::Image>(std::unexpected(std::move(here).error()))
        : embedded ? store::embedded_base(store, options.base_archive)
                   : store.find_image(*here);
    if (report != nullptr) {
      report->send(image ? Kind::Done : Kind::Failed, vertex, image ? "" : image.error().message());
    }
    if (!image) return std::unexpected(std::move(image).error());
    return BaseImage{.name = reference ? reference->canonical() : name,
                     .id = image->id,
                     .config = image->config};
  };
}

Result<std::optional<std::int64_t>> find_epoch(const Options& options) {
  if (options.source_date_epoch_s) return options.source_date_epoch_s;
  const auto argument = options.build_args.find("SOURCE_DATE_EPOCH");
  if (argument == options.build_args.end() || argument->second.empty()) return std::nullopt;
  const std::string& text = argument->second;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail(0, fmt::format("SOURCE_DATE_EPOCH \"{}\" is no number of seconds", text));
  }
  return seconds;
}

/// The image's time: of the build that first made this very config and these layers. A build that
/// finds everything in the cache so makes the same image, to the byte.
Result<std::string> image_time(Session& session, oci::ImageConfig config) {
  config.created.clear();
  oci::Json ingredients = oci::Json::object();
  ingredients.set("kind", "image");
  ingredients.set("config", oci::to_json(config));
  if (session.epoch_s) ingredients.set("epoch", *session.epoch_s);
  if (!session.no_cache) {
    if (const std::optional<CacheRecord> known = session.cache.find(ingredients))
      return known->created;
  }
  CacheRecord record;
  record.step = {.place = session.place, .stage = {}, .ordinal = 0, .instruction = "image"};
  record.ingredients = std::move(ingredients);
  record.created = created_now(session);
  SUIT_TRY(session.cache.put(record, {}));
  return record.created;
}

/// Config and layers put together: history lines with layers get the time of their step.
Result<store::Image> export_image(Session& session, const std::vector<naming::Reference>& tags) {
  const int vertex = session.report.start("exporting to image");
  oci::ImageConfig config = session.graph.config;
  Files files;
  if (session.graph.result) files = *session.done[*session.graph.result];
  config.diff_ids = files.diff_ids;
  const std::size_t inherited = config.history.size();
  for (const HistoryItem& item : session.graph.history) {
    oci::History line;
    line.created_by = item.created_by;
    line.comment = kHistoryComment;
    line.empty_layer = !item.step || !session.done[*item.step]->new_layer;
    if (item.step) line.created = session.done[*item.step]->created;
    config.history.push_back(std::move(line));
  }
  SUIT_LET(config.created, image_time(session, config));
  for (std::size_t i = inherited; i < config.history.size(); ++i) {
    if (config.history[i].created.empty()) config.history[i].created = config.created;
  }
  session.report.send(Kind::Status, vertex, "exporting layers done");
  SUIT_LET(store::Image image, session.store.put_image(config, files.layers, tags));
  session.report.send(Kind::Status, vertex, fmt::format("writing image {} done", image.id.text()));
  for (const naming::Reference& tag : tags) {
    session.report.send(Kind::Status, vertex, fmt::format("naming to {} done", tag.canonical()));
  }
  session.report.send(Kind::Done, vertex);
  return image;
}

std::vector<std::string> render_warnings(const Graph& graph, const Source& source) {
  std::vector<std::string> out;
  for (const dockerfile::Diagnostic& warning : graph.warnings) {
    if (warning.severity != dockerfile::Severity::Warning) continue;
    out.push_back(warning.span.line == 0 ? warning.message
                                         : dockerfile::render(warning, source.name, source.text));
  }
  return out;
}

std::string absolute(const std::string& path) {
  if (path.empty() || path.starts_with('/')) return path;
  const Result<std::string> here = os::read_link(os::FdRef::cwd(), "/proc/self/cwd");
  return absolute_path(here ? *here : "/", path);
}

}  // namespace

Result<Graph> plan_build(store::Store& store, const Options& options) {
  SUIT_LET(const Source source, read_source(options));
  return plan(source, plan_options(options), finder(store, options, nullptr));
}

Result<Report> build(store::Store& store, const Options& options, ProgressSink& progress) {
  SUIT_LET(const os::Lock lock,
           store.use());  // what the build makes is in use until a record says so
  Reporter reporter(progress);
  const int loading = reporter.start("[internal] load build definition from Dockerfile");
  Result<Source> source = read_source(options);
  if (!source) {
    reporter.send(Kind::Failed, loading, source.error().message());
    return std::unexpected(std::move(source).error());
  }
  reporter.send(Kind::Status, loading,
                fmt::format("reading dockerfile: {}B done", source->text.size()));
  reporter.send(Kind::Done, loading);
  SUIT_LET(Graph graph, plan(*source, plan_options(options), finder(store, options, &reporter)));

  const int ignoring = reporter.start("[internal] load .dockerignore");
  Result<Context> context = Context::open(absolute(options.context_dir), dockerfile_path(options));
  if (!context) {
    reporter.send(Kind::Failed, ignoring, context.error().message());
    return std::unexpected(std::move(context).error());
  }
  reporter.send(Kind::Status, ignoring,
                fmt::format("reading context: {}B done", context->ignore_bytes()));
  reporter.send(Kind::Done, ignoring);

  SUIT_LET(runtime::HostFacts facts, runtime::probe_host());
  const std::string path = dockerfile_path(options);
  Session session{.store = store,
                  .source = std::move(*source),
                  .graph = std::move(graph),
                  .context = std::move(*context),
                  .facts = std::move(facts),
                  .report = reporter,
                  .cache = Cache(store),
                  .place = absolute(path.empty() ? options.context_dir : path),
                  .work_dir = options.work_dir,
                  .secrets = SecretStore(options.secrets, options.environment),
                  .redact = options.redact,
                  .no_cache = options.no_cache,
                  .epoch_s = std::nullopt};
  SUIT_LET(session.epoch_s, find_epoch(options));
  // Secrets are shown from a mount of this process's own; while there is one thread.
  if (!options.secrets.empty()) SUIT_TRY(os::unshare_mounts());
  // One index for a context as one Dockerfile sees it: what another one copies stays in its own.
  session.context.use_index(
      fmt::format("{}/cache/context-{}.index", store.root(),
                  hash::sha256(session.context.directory() + "\n" + session.place).hex()));
  SUIT_TRY(solve(session));
  if (Result<void> saved = session.context.index().save(); !saved)
    SUIT_LOG(Debug, "{}", saved.error().message());
  SUIT_LET(store::Image image, export_image(session, options.tags));
  Report report{.image = std::move(image),
                .warnings = {},
                .cached = session.cached,
                .executed = session.executed};
  report.warnings = render_warnings(session.graph, session.source);
  return report;
}

}  // namespace suit::build
