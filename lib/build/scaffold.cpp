// Mount points of a RUN that the image does not have.
//
// Made in the image they would be entries of the step's layer, with the times of their parents
// changed besides. So they are made in a directory of their own, which the step's overlay has as
// its lowest layer: the step sees them, its upper directory does not.

#include <sys/stat.h>

#include <fmt/format.h>

#include "build/copy.h"
#include "build/solver_internal.h"
#include "dockerfile/parts.h"
#include "os/file.h"

namespace suit::build {

namespace {

/// Whether the mount shows a directory; a bind is what its source is.
Result<bool> shows_directory(Session& session, const RunMount& mount) {
  if (std::holds_alternative<dockerfile::SecretMount>(mount.options) ||
      std::holds_alternative<dockerfile::SshMount>(mount.options))
    return false;
  const auto* bind = std::get_if<dockerfile::BindMount>(&mount.options);
  if (bind == nullptr) return true;
  const os::Root* root = &session.context.root();
  if (mount.from) {
    SUIT_LET(root, source_root(session, *mount.from));
  }
  const Result<struct stat> status = root->stat(bind->source.empty() ? "/" : bind->source);
  return !status || S_ISDIR(status->st_mode);  // what is not there is reported where it is needed
}

}  // namespace

Result<bool> make_scaffold(Session& session, const os::Root& root, const RunOp& op,
                           const std::string& dir) {
  bool made = false;
  for (const RunMount& mount : op.mounts) {
    if (mount.target.empty()) continue;
    const auto* secret = std::get_if<dockerfile::SecretMount>(&mount.options);
    // An optional secret that the build was not given shows nothing.
    if (secret != nullptr && session.secrets.source(secret->id) == nullptr) continue;
    SUIT_LET(const std::string real, resolve_in(root, mount.target));
    if (root.lstat(real)) continue;
    SUIT_LET(const bool directory, shows_directory(session, mount));
    const std::string path = dir + real;
    SUIT_TRY(os::make_dirs(directory ? path : path.substr(0, path.rfind('/')), 0755));
    if (!directory) SUIT_TRY(os::replace_file(path, "", 0644));
    made = true;
  }
  return made;
}

}  // namespace suit::build
