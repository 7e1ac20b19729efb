/// \file
/// The build context: the directory that COPY reads, minus what `.dockerignore` names.
///
/// The context is somebody's download: links never lead out of it (os::Root), fifos and devices are
/// refused. Nothing is transferred: there is no daemon to transfer it to.

#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/source.h"
#include "build/graph.h"
#include "build/stat_index.h"
#include "build/tree.h"
#include "dockerfile/ignore.h"
#include "os/root.h"

namespace suit::build {

class Context {
 public:
  /// Opens \p directory and reads the ignore file: `<Dockerfile>.dockerignore` beside the
  /// Dockerfile if there is one, else `.dockerignore` of the context.
  /// \param dockerfile path of the Dockerfile; "" when its text came from elsewhere
  static Result<Context> open(const std::string& directory, const std::string& dockerfile);

  const os::Root& root() const noexcept { return root_; }
  const std::string& directory() const noexcept { return directory_; }
  /// nullptr when nothing is ignored.
  const dockerfile::IgnoreMatcher* ignore() const noexcept {
    return ignore_.empty() ? nullptr : &ignore_;
  }
  /// \unit{bytes} of the ignore file, 0 if there is none
  std::size_t ignore_bytes() const noexcept { return ignore_text_.size(); }

  /// Remembers the hashes of the context's files in the file \p path, and what it remembers
  /// already.
  void use_index(const std::string& path) { index_ = StatIndex::load(path); }
  StatIndex& index() noexcept { return index_; }

  /// Why \p path could not be copied: the ignore line that hides it, the nearest name that is
  /// there, or how paths are meant. One sentence for a hint.
  std::string explain_missing(std::string_view path) const;

 private:
  Context(os::Root root, std::string directory)
      : root_(std::move(root)), directory_(std::move(directory)) {}

  os::Root root_;
  std::string directory_;
  std::string ignore_name_;
  std::string ignore_text_;
  dockerfile::IgnoreMatcher ignore_;
  StatIndex index_;
};

/// The name nearest to \p path that is in \p root, as a path; "" when none is near.
std::string nearest_path(const os::Root& root, std::string_view path);

}  // namespace suit::build
