/// \file
/// Builds an image from a Dockerfile: plan, then execute the plan step by step.
///
///     plan() ──> for each step: key ── in the cache? ── yes ──> CACHED
///                                           └── no ───> run it on an overlay, pack what changed
///            ──> config + layers ──> image in the store
///
/// Any number of builds may run at once, in one process or several: they share nothing but the
/// store. A build that is killed leaves no process (its containers die with it) and no half-made
/// image.
/// \see tutorial 07

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "build/graph.h"
#include "build/progress.h"
#include "naming/reference.h"
#include "secrets/secret_source.h"
#include "store/store.h"

namespace suit::build {

struct Options {
  std::string context_dir = ".";
  std::string dockerfile;                      ///< path; empty: `Dockerfile` in the context
  std::optional<std::string> dockerfile_text;  ///< the text itself (`-f -`), instead of a file
  std::vector<naming::Reference> tags;
  std::map<std::string, std::string, std::less<>> build_args;
  std::map<std::string, std::string> labels;
  std::string target;            ///< stage; empty: the last
  std::string platform;          ///< \shape `linux/amd64`; empty: the host's
  std::string network = "host";  ///< of RUN: `host` or `none`
  bool no_cache = false;
  std::vector<secrets::SecretSource> secrets;  ///< for `RUN --mount=type=secret`, read when needed
  secrets::Environment environment = secrets::process_environment;  ///< where theirs come from
  bool redact = false;  ///< mask secrets in the output of steps: `[secret ID]`
  /// No file and no history line is younger. Also taken from the build argument SOURCE_DATE_EPOCH.
  std::optional<std::int64_t> source_date_epoch_s;
  std::string base_archive;  ///< path of the image that comes with the installation; empty: none
  /// Brings an image that is not here, and says what it is called here; none: it must be here.
  std::function<Result<std::string>(const std::string& name)> fetch_image;
  std::string work_dir = "/tmp";  ///< where steps lease a directory each; an id names a cgroup too
};

struct Report {
  store::Image image;
  std::vector<std::string> warnings;  ///< ready to print, with excerpts
  std::size_t cached = 0;             ///< steps that were there already
  std::size_t executed = 0;
};

/// The graph that `build` would execute. Looks up base images in the store, runs nothing.
/// \errors as `build`
Result<Graph> plan_build(store::Store& store, const Options& options);

/// \errors of the Dockerfile with excerpt; `process "…" did not complete successfully: exit code:
/// N`
Result<Report> build(store::Store& store, const Options& options, ProgressSink& progress);

}  // namespace suit::build
