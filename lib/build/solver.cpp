// The loop of a build: each step in order, from the cache if its key is known, else executed and
// recorded. Steps are ordered by the planner; a step's inputs are done before it.

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "base/time.h"
#include "build/plan_internal.h"
#include "build/solver_internal.h"
#include "hash/sha256.h"
#include "layer/compress.h"
#include "os/file.h"
#include "os/user.h"
#include "os/user_namespace.h"

namespace suit::build {

namespace {

using Kind = Event::Kind;

/// The upper directory is `/` of the merged tree: without this, a new layer would change its mode.
Result<void> inherit_root(const std::string& upper, const std::vector<std::string>& lower) {
  struct stat status{};
  status.st_mode = 0755;
  if (!lower.empty() && ::stat(lower.front().c_str(), &status) < 0) {
    return fail(errno, fmt::format("stat \"{}\"", lower.front()));
  }
  if (!lower.empty() && ::chown(upper.c_str(), status.st_uid, status.st_gid) < 0 &&
      errno != EINVAL) {
    return fail(errno, fmt::format("chown \"{}\"", upper));
  }
  if (::chmod(upper.c_str(), status.st_mode & 07777U) < 0) {
    return fail(errno, fmt::format("chmod \"{}\"", upper));
  }
  return {};
}

layer::DiffOptions diff_options(const Session& session) {
  layer::DiffOptions options;
  options.xattr =
      os::in_user_namespace() ? layer::OverlayXattr::User : layer::OverlayXattr::Trusted;
  options.epoch_s = session.epoch_s;
  return options;
}

const Files* files_below(const Session& session, const Step& step) {
  return step.parent ? &*session.done[*step.parent] : nullptr;
}

Files stack(const Files* below, const CacheRecord& record) {
  Files files = below == nullptr ? Files{} : *below;
  files.created = record.created;
  files.new_layer = record.layer.has_value();
  if (record.layer) {
    files.diff_ids.push_back(record.layer->digest);
    files.layers.push_back(*record.layer);
    files.chain_id = record.chain_id;
  }
  return files;
}

Result<Files> load_base(Session& session, const BaseOp& op) {
  SUIT_LET(const store::Image image, session.store.find_image(op.image.text()));
  Files files;
  files.diff_ids = image.config.diff_ids;
  files.layers = image.manifest.layers;
  if (!files.diff_ids.empty()) files.chain_id = hash::chain_ids(files.diff_ids).back();
  files.created = image.config.created;
  files.cached = true;
  return files;
}

/// The key's ingredients: what the plan knew, and the content that it builds on and reads.
oci::Json ingredients_now(const Session& session, const Step& step, const Files* below,
                          const std::string& tree) {
  oci::Json ingredients = step.ingredients;
  ingredients.set("parent", below == nullptr ? "scratch" : below->chain_text());
  if (!tree.empty()) ingredients.set("tree", hash::sha256(tree).text());
  if (session.epoch_s) ingredients.set("epoch", *session.epoch_s);
  return ingredients;
}

Result<Files> execute(Session& session, const Step& step, CopyInputs& inputs, int vertex) {
  const Files* below = files_below(session, step);
  SUIT_LET(std::unique_ptr<MountedRoot> mounted, mount_files(session, below));
  if (const auto* copy = std::get_if<CopyOp>(&step.op)) {
    SUIT_TRY(execute_copy(session, *copy, inputs, *mounted));
  } else if (const auto* run = std::get_if<RunOp>(&step.op)) {
    SUIT_LET(const os::LeasedDir work, os::LeasedDir::create(session.work_dir));
    const std::string scaffold = work.path() + "/scaffold";
    SUIT_LET(const bool incomplete, make_scaffold(session, mounted->root, *run, scaffold));
    if (incomplete) {
      SUIT_LET(mounted, mount_files(session, below, scaffold));
    }
    SUIT_TRY(execute_run(session, step, *run, *mounted, work, vertex));
    mounted->root = os::Root(os::Fd());  // before the scaffold beneath it goes
  } else if (const auto* workdir = std::get_if<WorkdirOp>(&step.op)) {
    SUIT_TRY(execute_workdir(session, *workdir, *mounted));
  }
  return commit_files(session, below, std::move(mounted));
}

Result<Files> solve_layer(Session& session, const Step& step, int vertex) {
  const Files* below = files_below(session, step);
  CopyInputs inputs;
  if (const auto* copy = std::get_if<CopyOp>(&step.op)) {
    SUIT_LET(inputs, select_copy(session, step, *copy));
  } else if (const auto* run = std::get_if<RunOp>(&step.op)) {
    SUIT_LET(inputs.tree, run_inputs(session, step, *run));
  }
  CacheRecord record;
  record.step = {.place = session.place,
                 .stage = step.stage,
                 .ordinal = step.ordinal,
                 .instruction = step.instruction};
  record.ingredients = ingredients_now(session, step, below, inputs.tree);
  if (!session.no_cache) {
    if (const std::optional<CacheRecord> known = session.cache.find(record.ingredients)) {
      Files files = stack(below, *known);
      files.cached = true;
      session.report.send(Kind::Cached, vertex);
      return files;
    }
    const std::string reason =
        session.cache.why_missed(record.step, record.ingredients, inputs.tree);
    if (!reason.empty()) {
      session.report.send(Kind::Miss, vertex, fmt::format("MISS {}: {}", step.instruction, reason));
    }
  }
  SUIT_LET(Files files, execute(session, step, inputs, vertex));
  record.created = files.created;
  if (files.new_layer) {
    record.layer = files.layers.back();
    record.chain_id = files.chain_id;
  }
  SUIT_TRY(session.cache.put(record, inputs.tree));
  session.report.send(Kind::Done, vertex);
  return files;
}

/// The message without `Dockerfile:2:1: ` in front: the vertex's name says which step it is.
std::string without_place(const Session& session, const Error& error) {
  const std::string message = error.message();
  if (!message.starts_with(session.source.name + ":")) return message;
  const std::size_t end = message.find(": ");
  return end == std::string::npos ? message : message.substr(end + 2);
}

}  // namespace

std::string created_now(const Session& session) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  std::int64_t now = now_ns();
  if (session.epoch_s) now = std::min(now, *session.epoch_s * kSecond);
  return to_rfc3339(now);
}

std::unexpected<Error> fail_step(const Session& session, const SourceSpan& span,
                                 const Error& error) {
  if (!error.excerpt().empty()) return std::unexpected(error);  // it knows its place already
  return Place{.source = session.source, .span = span}.fail(error);
}

Result<std::unique_ptr<MountedRoot>> mount_files(Session& session, const Files* below,
                                                 const std::string& scaffold) {
  const Files none;
  const Files& files = below == nullptr ? none : *below;
  SUIT_LET(std::vector<std::string> lower, session.store.lower_dirs(files.diff_ids, files.layers));
  SUIT_LET(store::SnapshotWriter writer, session.store.begin_snapshot());
  runtime::Overlay overlay{.lower = lower, .upper = writer.upper(), .work = writer.work()};
  if (!scaffold.empty()) {  // a RUN step: its container opens what its device cgroup lets it
    overlay.lower.push_back(scaffold);
    overlay.nodes = runtime::Nodes::Guarded;
  }
  lower.pop_back();  // the scaffold's mount points are no part of any image
  SUIT_TRY(inherit_root(writer.upper(), lower));
  SUIT_LET(os::Fd fd, runtime::mount_overlay(overlay, session.facts));
  return std::make_unique<MountedRoot>(MountedRoot{
      .writer = std::move(writer), .lower = std::move(lower), .root = os::Root(std::move(fd))});
}

Result<Files> commit_files(Session& session, const Files* below,
                           std::unique_ptr<MountedRoot> mounted) {
  Files files = below == nullptr ? Files{} : *below;
  files.cached = false;
  const layer::DiffOptions options = diff_options(session);
  const std::string upper = mounted->writer.upper();
  mounted->root =
      os::Root(os::Fd());  // unmounts: after this line nothing changes in the upper directory
  SUIT_LET(const std::vector<layer::Change> changes,
           layer::plan_diff(upper, mounted->lower, options));
  files.created = created_now(session);
  files.new_layer = !changes.empty();
  if (changes.empty()) return files;
  SUIT_LET(store::BlobWriter blob, session.store.begin_blob());
  // Reading files is this thread's work, hashing and writing the layer another's.
  layer::CompressingWriter behind(blob, {});
  SUIT_TRY(layer::write_changes(upper, changes, options, behind));
  SUIT_TRY(behind.finish());
  oci::Descriptor descriptor;
  descriptor.media_type = oci::kMediaLayerTar;
  descriptor.size_bytes = blob.size_bytes();
  SUIT_LET(descriptor.digest, blob.commit());
  files.diff_ids.push_back(descriptor.digest);  // uncompressed: the blob's digest is the diffID
  files.layers.push_back(std::move(descriptor));
  files.chain_id = hash::chain_ids(files.diff_ids).back();
  SUIT_TRY(session.store.commit_snapshot(std::move(mounted->writer), *files.chain_id));
  return files;
}

Result<const os::Root*> source_root(Session& session, std::size_t step) {
  std::unique_ptr<MountedRoot>& slot = session.sources[step];
  if (!slot) {
    SUIT_LET(slot, mount_files(session, &*session.done[step]));
  }
  return &slot->root;
}

Result<Owner> resolve_owner(const os::Root& root, const std::string& text) {
  const bool number =
      !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  SUIT_LET(const os::User user, os::resolve_user(root, number ? text + ":" + text : text));
  return Owner{.uid = user.uid, .gid = user.gid};
}

Result<void> solve(Session& session) {
  session.done.resize(session.graph.steps.size());
  for (const Step& step : session.graph.steps) {
    const int vertex = session.report.start(step.name);
    Result<Files> files;
    if (const auto* base = std::get_if<BaseOp>(&step.op)) {
      files = load_base(session, *base);
      if (files) session.report.send(Kind::Cached, vertex);
    } else {
      files = solve_layer(session, step, vertex);
      if (files) ++(files->cached ? session.cached : session.executed);
    }
    if (!files) {
      session.report.send(Kind::Failed, vertex, without_place(session, files.error()));
      return fail_step(session, step.span, files.error());
    }
    session.done[step.id] = std::move(*files);
  }
  return {};
}

}  // namespace suit::build
