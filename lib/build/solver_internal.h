/// \file
/// What the executing files share: the state of one build.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "build/cache.h"
#include "build/context.h"
#include "build/copy.h"
#include "build/graph.h"
#include "build/progress.h"
#include "layer/layer.h"
#include "os/leased_dir.h"
#include "os/root.h"
#include "runtime/runtime.h"
#include "secrets/secret_source.h"
#include "store/store.h"

namespace suit::build {

/// The files after a step: a stack of layers.
struct Files {
  std::vector<digest::Digest> diff_ids;    ///< lowest first
  std::vector<oci::Descriptor> layers;     ///< of the same order and number
  std::optional<digest::Digest> chain_id;  ///< none: no files at all
  std::string created;                     ///< of its step, RFC 3339
  bool new_layer = false;                  ///< its step added the last layer
  bool cached = false;

  std::string chain_text() const { return chain_id ? chain_id->text() : "scratch"; }
};

/// A stage's root file system, mounted where only this process sees it.
struct MountedRoot {
  store::SnapshotWriter writer;    ///< what is written goes here; dropped unless committed
  std::vector<std::string> lower;  ///< without the scaffold
  os::Root root;
};

/// The secrets that a build was given: read at the first use, then kept, because a source such as a
/// pipe can be read only once.
class SecretStore {
 public:
  SecretStore() = default;
  SecretStore(std::vector<secrets::SecretSource> sources, secrets::Environment environment)
      : sources_(std::move(sources)), environment_(std::move(environment)) {}
  /// nullptr when the build was given none of that id.
  Result<const secrets::SecretBytes*> find(const std::string& id);
  const secrets::SecretSource* source(const std::string& id) const;
  std::vector<std::string> ids() const;

 private:
  std::vector<secrets::SecretSource> sources_;
  secrets::Environment environment_;
  std::map<std::string, secrets::SecretBytes> values_;
};

/// One build while it runs.
struct Session {
  store::Store& store;
  Source source;
  Graph graph;
  Context context;
  runtime::HostFacts facts;
  Reporter& report;
  Cache cache;
  std::string place;  ///< identity of the Dockerfile for the cache
  std::string work_dir;
  SecretStore secrets;
  bool redact = false;
  bool no_cache = false;
  std::optional<std::int64_t> epoch_s;
  std::vector<std::optional<Files>> done = {};                       ///< by step
  std::map<std::size_t, std::unique_ptr<MountedRoot>> sources = {};  ///< stages that are read from
  std::size_t cached = 0;
  std::size_t executed = 0;
};

/// The time of a step that ends now, or the epoch if that is earlier.
std::string created_now(const Session& session);

/// An error of \p step, with its lines of the Dockerfile.
std::unexpected<Error> fail_step(const Session& session, const SourceSpan& span,
                                 const Error& error);

/// Mounts \p below with an empty upper directory on top.
/// \param scaffold a directory of mount points to lie beneath everything; empty: none
Result<std::unique_ptr<MountedRoot>> mount_files(Session& session, const Files* below,
                                                 const std::string& scaffold = {});

/// Makes the mount points of a RUN that are not in \p root, below \p dir: a layer beneath the image
/// instead of an entry in it. False when all are there.
Result<bool> make_scaffold(Session& session, const os::Root& root, const RunOp& op,
                           const std::string& dir);

/// Packs what was written over \p below into a layer, and the snapshot of both.
Result<Files> commit_files(Session& session, const Files* below,
                           std::unique_ptr<MountedRoot> mounted);

/// The root that a step's `from` shows; mounted once a build.
Result<const os::Root*> source_root(Session& session, std::size_t step);

/// `user[:group]` in the file system \p root. A number alone is its own group.
Result<Owner> resolve_owner(const os::Root& root, const std::string& text);

/// A COPY's selection: found once, used for the key and for the copy.
struct CopyInputs {
  std::vector<Match> matches;
  std::string tree;
};
Result<CopyInputs> select_copy(Session& session, const Step& step, const CopyOp& op);

/// Execution of a step on \p mounted.
Result<void> execute_copy(Session& session, const CopyOp& op, CopyInputs& inputs,
                          const MountedRoot& mounted);
Result<void> execute_workdir(Session& session, const WorkdirOp& op, const MountedRoot& mounted);
/// \param work a directory of this step alone
Result<void> execute_run(Session& session, const Step& step, const RunOp& op,
                         const MountedRoot& mounted, const os::LeasedDir& work, int vertex);

/// What a RUN's mounts read, as lines for its key.
Result<std::string> run_inputs(Session& session, const Step& step, const RunOp& op);

/// Executes all steps and makes the image.
Result<void> solve(Session& session);

}  // namespace suit::build
