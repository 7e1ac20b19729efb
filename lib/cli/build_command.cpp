// build, builder prune.

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "base/time.h"
#include "build/build.h"
#include "cli/commands.h"
#include "cli/images_from_afar.h"
#include "cli/progress_json.h"
#include "cli/progress_plain.h"
#include "cli/progress_tty.h"
#include "cli/settings.h"
#include "cli/source_file.h"
#include "cli/units.h"
#include "os/file.h"

namespace suit::cli {
namespace {

constexpr std::array kUnsupported = std::to_array<std::string_view>({"add-host",
                                                                     "allow",
                                                                     "annotation",
                                                                     "attest",
                                                                     "build-context",
                                                                     "builder",
                                                                     "cache-from",
                                                                     "cache-to",
                                                                     "call",
                                                                     "cgroup-parent",
                                                                     "compress",
                                                                     "cpu-period",
                                                                     "cpu-quota",
                                                                     "c,cpu-shares",
                                                                     "cpuset-cpus",
                                                                     "cpuset-mems",
                                                                     "disable-content-trust",
                                                                     "force-rm",
                                                                     "isolation",
                                                                     "load",
                                                                     "m,memory",
                                                                     "memory-swap",
                                                                     "metadata-file",
                                                                     "no-cache-filter",
                                                                     "o,output",
                                                                     "platform",
                                                                     "policy",
                                                                     "provenance",
                                                                     "push",
                                                                     "sbom",
                                                                     "security-opt",
                                                                     "shm-size",
                                                                     "squash",
                                                                     "ssh",
                                                                     "ulimit"});

struct BuildFlags {
  build::Options options;
  std::vector<std::string> tags, build_args, labels, secrets;
  std::optional<std::string> explain;
  std::string progress = "auto";
  std::string file, iidfile;
  std::optional<std::string> pull;
  bool check = false;
  bool quiet = false;
  bool remove = true;
};

void declare(FlagSet& flags, BuildFlags& build) {
  flags
      .add('\0', "build-arg", &build.build_args, "list",
           "Set build-time variables: NAME=value, or NAME to copy ours")
      .toggle('\0', "check", build.check,
              "Only check the Dockerfile; exit code 1 if that finds any")
      .optional_text("explain", build.explain, "text",
                     "Print the plan of the build, execute nothing: text or json")
      .add('f', "file", &build.file, "string",
           "Name of the Dockerfile (default PATH/Dockerfile); '-' is STDIN")
      .add('\0', "iidfile", &build.iidfile, "string", "Write the image ID to the file")
      .add('\0', "label", &build.labels, "list", "Set metadata for an image")
      .add('\0', "network", &build.options.network, "string",
           "Network of RUN: 'host' (default) or 'none'")
      .toggle('\0', "no-cache", build.options.no_cache, "Do not use cache when building the image")
      .add('\0', "progress", &build.progress, "string",
           "Type of progress output: auto, plain, tty, rawjson, quiet")
      .optional_text("pull", build.pull, "always",
                     "Look for newer versions of the base images: always (--pull alone), missing "
                     "(default), never")
      .toggle('q', "quiet", build.quiet, "Suppress the build output and print image ID on success")
      .toggle('\0', "redact", build.options.redact,
              "Mask secrets in the output of steps, as [secret ID]")
      .toggle('\0', "rm", build.remove, "Remove intermediate containers (they always are)")
      .add('\0', "secret", &build.secrets, "list",
           "Secret for RUN --mount=type=secret: id=NAME[,src=FILE|,env=VARIABLE]")
      .add('t', "tag", &build.tags, "list", "Name and optionally a tag in the 'name:tag' format")
      .add('\0', "target", &build.options.target, "string", "Set the target build stage to build")
      .unsupported(kUnsupported);
}

Result<void> read_dockerfile_from_stdin(build::Options& options) {
  constexpr std::size_t kLimit = 1U << 20;  // 1 MiB, as a file
  SUIT_LET(std::string text, read_stdin("the Dockerfile", kLimit));
  options.dockerfile_text = std::move(text);
  return {};
}

Result<void> interpret(BuildFlags& build, const std::string& context) {
  build::Options& options = build.options;
  if (context == "-" || context.find("://") != std::string::npos || context.starts_with("git@"))
    return fail(
        0,
        fmt::format("a build context that is {} is not supported yet",
                    context == "-" ? "a tar on stdin" : "a URL"),
        "give a directory; a Dockerfile alone can come from stdin: suit build -f - DIRECTORY");
  options.context_dir = context;
  for (const std::string& text : build.tags) {
    SUIT_LET(naming::Reference tag, naming::parse_reference(text));
    options.tags.push_back(std::move(tag));
  }
  for (const std::string& text : build.build_args) {
    SUIT_LET(const std::string entry, read_env(text));
    const std::size_t equals = entry.find('=');
    // A bare name that we do not have stays unset, as in Docker.
    if (equals != std::string::npos)
      options.build_args[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  SUIT_LET(options.labels, read_labels(build.labels));
  for (const std::string& text : build.secrets) {
    SUIT_LET(secrets::SecretSource source, secrets::parse_secret_source(text, options.environment));
    options.secrets.push_back(std::move(source));
  }
  if (options.network.empty() || options.network == "default") options.network = "host";
  if (options.network != "host" && options.network != "none")
    return fail(0, fmt::format("network {} is not supported yet", options.network),
                "there are --network host and --network none");
  if (build.file == "-") return read_dockerfile_from_stdin(options);
  options.dockerfile = build.file;
  return {};
}

TerminalSize terminal_size() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return {size.ws_col, size.ws_row};
}

Result<std::unique_ptr<build::ProgressSink>> make_progress(const BuildFlags& build, Writer& out) {
  const bool terminal = is_terminal(STDERR_FILENO);
  std::string kind = build.quiet ? "quiet" : build.progress;
  if (kind == "auto") kind = terminal ? "tty" : "plain";
  if (kind == "quiet") return std::make_unique<build::NoProgress>();
  if (kind == "tty") return std::make_unique<TtyProgress>(out, terminal_size);
  if (kind == "rawjson" || kind == "json") return std::make_unique<JsonProgress>(out, now_ns());
  if (kind == "plain")
    return std::make_unique<PlainProgress>(out, terminal ? Sanitize::Yes : Sanitize::No);
  return fail(0, fmt::format("invalid progress mode \"{}\"", build.progress),
              "there are auto, plain, tty, rawjson and quiet");
}

Result<int> print_plan(Invocation& in, engine::Engine& engine, const BuildFlags& build) {
  if (*build.explain != "text" && *build.explain != "json")
    return fail(0, fmt::format("invalid argument \"{}\" for \"--explain\" flag: it is text or json",
                               *build.explain));
  SUIT_LET(const build::Graph graph, build::plan_build(engine.store(), build.options));
  in.console.text(*build.explain == "json" ? build::explain_json(graph).dump(2) + "\n"
                                           : build::explain(graph));
  return 0;
}

}  // namespace

Result<int> build_image(Invocation& in) {
  BuildFlags build;
  FlagSet flags;
  declare(flags, build);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  if (build.check) {
    // stdin is read by whoever checks.
    const std::string file = std::exchange(build.file, "");
    SUIT_TRY(interpret(build, args[0]));
    dockerfile::ResolveOptions resolve;
    resolve.build_args = build.options.build_args;
    resolve.target = build.options.target;
    return check_build(in, args[0], file, resolve);
  }
  SUIT_TRY(interpret(build, args[0]));
  os::Fd stderr_copy(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!stderr_copy.valid()) return fail(errno, "fcntl(2, F_DUPFD_CLOEXEC)");
  os::FdWriter err(stderr_copy);
  SUIT_LET(const std::unique_ptr<build::ProgressSink> progress, make_progress(build, err));
  SUIT_LET(engine::Engine engine, in.open_engine());
  build.options.base_archive = engine.paths().base_archive;
  build.options.work_dir = engine.work_dir();
  if (build.explain) return print_plan(in, engine, build);
  std::string policy = build.pull.value_or("missing");
  if (policy == "true") policy = "always";
  if (policy == "false") policy = "missing";
  SUIT_LET(const PullPolicy pull, parse_pull_policy(policy));
  build.options.fetch_image = [&engine, pull](const std::string& name) {
    return ensure_image(engine, name, pull, true);
  };

  Result<build::Report> report = build::build(engine.store(), build.options, *progress);
  progress->finish();
  if (!report) return std::unexpected(std::move(report).error());
  for (const std::string& warning : report->warnings)
    in.console.complain(warning + "\n");
  const std::string id = report->image.id.text();
  if (!build.iidfile.empty()) SUIT_TRY(os::replace_file(build.iidfile, id, 0644));
  if (build.quiet) in.console.print("{}\n", id);
  return 0;
}

Result<int> builder_prune(Invocation& in) {
  bool all = false;
  bool force = false;
  constexpr std::array<std::string_view, 4> kMissing = {"filter", "keep-storage", "max-used-space",
                                                        "min-free-space"};
  FlagSet flags;
  flags.toggle('a', "all", all, "Remove all build cache (it always is all)")
      .toggle('f', "force", force, "Do not prompt for confirmation")
      .unsupported(kMissing);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  if (!confirmed(in, force, "This will remove all build cache.")) return 0;
  SUIT_LET(engine::Engine engine, in.open_engine());
  const std::string cache = engine.store().root() + "/cache";
  Result<std::vector<std::string>> records = os::list_dir(cache);
  if (!records && records.error().code() != ENOENT)
    return std::unexpected(std::move(records).error());
  if (records) {
    for (const std::string& record : *records)
      SUIT_TRY(os::remove_tree(cache + "/" + record));
  }
  SUIT_LET(const std::uint64_t freed, engine.store().collect_garbage(std::chrono::seconds(0)));
  in.console.print("Total:\t{}\n", human_size(static_cast<double>(freed), 4));
  return 0;
}

}  // namespace suit::cli
