// What RUN --mount shows: directories of the context or of stages, caches, empty memory.
//
// A bind mount never shows the original where that would show more than the build may see, or where
// the step may write: then a copy is shown, and thrown away.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "build/run_internal.h"
#include "hash/sha256.h"

namespace suit::build {

namespace {

Result<std::vector<Match>> select_bind(Session& session, const RunMount& mount,
                                       const dockerfile::BindMount& bind) {
  SelectOptions options;
  const os::Root* root = &session.context.root();
  if (mount.from) {
    SUIT_LET(root, source_root(session, *mount.from));
  } else {
    options.ignore = session.context.ignore();
    options.index = &session.context.index();
    options.as_root = true;
    options.refuse_special = true;
  }
  SUIT_LET(std::vector<Match> matches, select_files(*root, bind.source, options));
  if (matches.empty()) {
    return fail(
        0,
        fmt::format("RUN --mount source \"{}\": not found in {}", bind.source,
                    mount.from ? session.graph.steps[*mount.from].name : "the build context"),
        mount.from ? "" : session.context.explain_missing(bind.source));
  }
  return matches;
}

/// A copy of what the mount shows; a file stands in the copy as `file`.
Result<std::string> stage_copy(Session& session, const RunMount& mount, std::vector<Match> matches,
                               RunMounts& out) {
  const os::Root* root = &session.context.root();
  if (mount.from) {
    SUIT_LET(root, source_root(session, *mount.from));
  }
  SUIT_LET(store::SnapshotWriter staging, session.store.begin_snapshot());
  const std::string path = staging.upper();
  SUIT_LET(const os::Root destination, os::Root::open(path));
  const bool directory = matches.front().is_directory;
  CopyOptions options;
  options.destination = directory ? "/" : "/file";
  options.squash_owners = session.facts.in_user_namespace;
  SUIT_TRY(copy_into(*root, matches, destination, options));
  if (::chmod(path.c_str(), 0755) < 0) return fail(errno, fmt::format("chmod \"{}\"", path));
  out.staging.push_back(std::move(staging));
  return directory ? path : path + "/file";
}

Result<oci::SpecMount> add_bind(Session& session, const RunMount& mount,
                                const dockerfile::BindMount& bind, RunMounts& out) {
  SUIT_LET(std::vector<Match> matches, select_bind(session, mount, bind));
  oci::SpecMount spec;
  spec.destination = mount.target;
  spec.type = "bind";
  spec.options = {"bind"};
  if (bind.read_only) spec.options.emplace_back("ro");
  if (mount.from || !bind.read_only || session.context.ignore() != nullptr) {
    SUIT_LET(spec.source, stage_copy(session, mount, std::move(matches), out));
    return spec;
  }
  // Resolved inside the context: a link in it must not show the host's files.
  SUIT_LET(const std::string below, resolve_in(session.context.root(), bind.source));
  spec.source = session.context.directory();
  if (below != "/") spec.source += below;
  return spec;
}

/// It appears with its owner and mode, or not at all: another build may be looking.
Result<void> make_cache(const std::string& path, const std::string& id,
                        const dockerfile::MountOwner& owner) {
  SUIT_LET(os::TempDir fresh, os::TempDir::create(path.substr(0, path.rfind('/')), "new-"));
  if (::chown(fresh.path().c_str(), owner.uid.value_or(0), owner.gid.value_or(0)) < 0 ||
      ::chmod(fresh.path().c_str(), owner.mode.value_or(0755)) < 0)
    return fail(errno, fmt::format("set owner and mode of the cache mount \"{}\"", id));
  if (::renameat2(AT_FDCWD, fresh.path().c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0) {
    [[maybe_unused]] std::string kept = fresh.release();
    return {};
  }
  if (errno == EEXIST) return {};  // another build was first
  return fail(errno, fmt::format("renameat2(\"{}\", RENAME_NOREPLACE)", path));
}

Result<std::string> prepare_cache(Session& session, const RunMount& mount,
                                  const dockerfile::CacheMount& cache, RunMounts& out) {
  const std::string id = cache.id.empty() ? mount.target : cache.id;
  const std::string base = fmt::format("{}/cache-mounts", session.store.root());
  SUIT_TRY(os::make_dirs(base));
  const std::string name(hash::sha256(id).hex());
  for (int copy = 0;; ++copy) {
    const std::string path =
        copy == 0 ? fmt::format("{}/{}", base, name) : fmt::format("{}/{}-{}", base, name, copy);
    if (cache.sharing != dockerfile::CacheSharing::Shared) {
      const bool wait = cache.sharing == dockerfile::CacheSharing::Locked;
      Result<os::Lock> lock = os::Lock::acquire(path + ".lock", os::LockMode::Exclusive,
                                                wait ? os::Wait::Yes : os::Wait::No);
      if (!lock && !wait && lock.error().code() == EWOULDBLOCK) continue;  // private: the next copy
      if (!lock) return std::unexpected(std::move(lock).error());
      out.locks.push_back(std::move(*lock));
    }
    if (!os::exists(path)) SUIT_TRY(make_cache(path, id, cache.owner));
    return path;
  }
}

}  // namespace

Result<std::string> run_inputs(Session& session, const Step& step, const RunOp& op) {
  std::string text;
  for (const RunMount& mount : op.mounts) {
    const auto* bind = std::get_if<dockerfile::BindMount>(&mount.options);
    if (bind == nullptr) continue;
    Result<std::vector<Match>> matches = select_bind(session, mount, *bind);
    if (!matches) return fail_step(session, step.span, matches.error());
    const os::Root* root = &session.context.root();
    if (mount.from) {
      SUIT_LET(root, source_root(session, *mount.from));
    }
    SUIT_TRY(hash_selection(*root, *matches, mount.from ? nullptr : &session.context.index()));
    text += tree_text(*matches);
  }
  return text;
}

Result<RunMounts> prepare_mounts(Session& session, const RunOp& op, const os::LeasedDir& work) {
  RunMounts out;
  for (const RunMount& mount : op.mounts) {
    if (const auto* bind = std::get_if<dockerfile::BindMount>(&mount.options)) {
      SUIT_LET(oci::SpecMount spec, add_bind(session, mount, *bind, out));
      out.mounts.push_back(std::move(spec));
    } else if (const auto* tmpfs = std::get_if<dockerfile::TmpfsMount>(&mount.options)) {
      oci::SpecMount spec{.destination = mount.target,
                          .type = "tmpfs",
                          .source = "tmpfs",
                          .options = {"nosuid", "nodev"}};
      if (tmpfs->size_bytes != 0) spec.options.push_back(fmt::format("size={}", tmpfs->size_bytes));
      out.mounts.push_back(std::move(spec));
    } else if (const auto* secret = std::get_if<dockerfile::SecretMount>(&mount.options)) {
      SUIT_TRY(add_secret(session, mount, *secret, work, out));
    } else if (const auto* cache = std::get_if<dockerfile::CacheMount>(&mount.options)) {
      if (!cache->from.empty() || !cache->source.empty()) {
        return fail(0, "RUN --mount=type=cache with from or source is not supported",
                    "copy the first content into the directory in the RUN itself");
      }
      SUIT_LET(const std::string path, prepare_cache(session, mount, *cache, out));
      out.mounts.push_back({.destination = mount.target,
                            .type = "bind",
                            .source = path,
                            .options = {"bind", cache->read_only ? "ro" : "rw"}});
    }
  }
  return out;
}

}  // namespace suit::build
