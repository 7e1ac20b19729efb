/// \file
/// The plan of a build: which steps, in which order, each with what it depends on.
///
///     Dockerfile + options + configs of base images ──plan()──> Graph ──> explain(), build()
///
/// Pure: no file is read and nothing is run, so graphs are compared in tests without root. Stages
/// that the target does not need are not in the graph, and their base images are never asked for.
/// Instructions that change only the config (ENV, CMD, …) make no step; they stand in the config
/// and the history, and in the keys of the later steps that see them.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/source.h"
#include "digest/digest.h"
#include "dockerfile/mount.h"
#include "dockerfile/parse.h"
#include "oci/image.h"
#include "oci/json.h"

namespace suit::build {

/// A Dockerfile's text and what it is called in messages.
struct Source {
  std::string name = "Dockerfile";
  std::string text;
};

/// An image of the store, as far as a plan needs to know it.
struct BaseImage {
  std::string name;  ///< for the display: `docker.io/library/busybox:latest`
  digest::Digest id;
  oci::ImageConfig config;
};
/// Finds an image by the name in FROM, `COPY --from` or a mount. Only asked for what is reachable.
using FindImage = std::function<Result<BaseImage>(const std::string& name)>;

struct PlanOptions {
  dockerfile::ResolveOptions resolve;  ///< build args, target, platforms
  std::map<std::string, std::string> labels;
  std::string network = "host";  ///< of RUN without `--network`: `host` or `none`
};

/// FROM an image of the store.
struct BaseOp {
  std::string name;
  digest::Digest image;
};
/// COPY, and ADD of files.
struct CopyOp {
  std::optional<std::size_t> from;  ///< step whose files are read; none: the build context
  std::vector<dockerfile::Word> sources;
  std::vector<dockerfile::InlineFile> inline_files;
  std::string destination;  ///< absolute; ends with `/` when it must be a directory
  std::string chown;        ///< `user[:group]`, names or numbers; empty: none
  std::string chmod;
  std::vector<std::string> excludes;
  bool unpack = false;  ///< ADD: archives are unpacked
};
/// A mount of one RUN.
struct RunMount {
  dockerfile::Mount options;
  std::string target;               ///< absolute
  std::optional<std::size_t> from;  ///< step whose files are shown; none: context, or nothing
};
struct RunOp {
  std::vector<std::string> args;       ///< argv; the shell in front for the shell form
  std::vector<std::string> env;        ///< \shape `NAME=value`; ENV and ARG
  std::vector<std::string> proxy_env;  ///< undeclared proxy arguments: given, but in no key
  std::string cwd;
  std::string user;
  std::string network;
  std::vector<dockerfile::InlineFile> scripts;  ///< shown as executables in /dev/pipes
  std::vector<RunMount> mounts;
};
/// WORKDIR: the directory is made, and belongs to USER.
struct WorkdirOp {
  std::string path;
  std::string user;
};

/// One node: a layer that is there (a base image) or is to be made.
struct Step {
  std::size_t id = 0;  ///< its place in `Graph::steps`
  std::string name;    ///< as the display shows it: `[build 2/5] RUN make`
  std::variant<BaseOp, CopyOp, RunOp, WorkdirOp> op;
  std::optional<std::size_t> parent;  ///< whose file system it continues; none: an empty one
  std::vector<std::size_t> inputs;    ///< whose files it reads besides
  SourceSpan span;
  std::string stage;        ///< label of its stage
  std::size_t ordinal = 0;  ///< among the steps of its stage, from 1
  std::string instruction;  ///< one line, for messages: `COPY src /app`
  /// All of its cache key that is known now. Execution adds the digests of what it builds on and
  /// reads.
  oci::Json ingredients;
};

/// A line of the image's history to be.
struct HistoryItem {
  std::string created_by;
  std::optional<std::size_t> step;  ///< that makes its layer; none: it makes no layer
};

struct Graph {
  std::vector<Step> steps;            ///< each after what it needs
  std::optional<std::size_t> result;  ///< the step whose files are the image; none: an empty image
  /// Config of the image to be, the base image's history and layers included; times and new layers
  /// are execution's.
  oci::ImageConfig config;
  std::vector<HistoryItem> history;  ///< what this build adds to the base image's
  std::vector<std::string> skipped;  ///< stages that the target does not need, as `debug (line 9)`
  std::vector<dockerfile::Diagnostic> warnings;
};

/// Computes the graph.
/// \errors the Dockerfile's first error with its excerpt; what \p find says, with the place
Result<Graph> plan(const Source& source, const PlanOptions& options, const FindImage& find);

/// The graph as people read it, and as programs do.
std::string explain(const Graph& graph);
oci::Json explain_json(const Graph& graph);

}  // namespace suit::build
