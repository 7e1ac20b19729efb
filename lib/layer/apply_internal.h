/// \file
/// Where an entry of a tar goes: its parent directory, found or made inside the destination.

#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "layer/layer.h"
#include "layer/lower_internal.h"
#include "layer/tar.h"
#include "os/fd.h"

namespace suit::layer {

/// What is set on a file after its content: owner, extended attributes, mode, time, in this order:
/// chown(2) clears set-id bits and capabilities.
struct Attributes {
  mode_t mode = 0755;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::optional<timespec> mtime;
  std::map<std::string, std::string> xattrs;
};
Attributes attributes_of(const TarEntry& entry);

/// Sets attributes, counting what the kernel does not let us keep.
class AttributeSetter {
 public:
  AttributeSetter(const ApplyOptions& options, ApplyStats& stats)
      : options_(options), stats_(stats) {}
  /// Owner and extended attributes by descriptor. Mode and time are the caller's: directories wait.
  Result<void> set_owner(os::FdRef fd, const Attributes& attributes, std::string_view path);
  Result<void> set_xattrs(os::FdRef fd, const Attributes& attributes, std::string_view path);
  /// Removes what a layer could carry and the entry does not.
  Result<void> drop_other_xattrs(os::FdRef fd, const Attributes& attributes, std::string_view path);
  /// Everything, for a file.
  Result<void> set_all(os::FdRef fd, const Attributes& attributes, std::string_view path);
  /// The same for what cannot be opened: symlinks, devices, fifos. Never follows.
  Result<void> set_by_name(os::FdRef dir, const std::string& name, const TarEntry& entry);

 private:
  Result<void> check_chown(int error, const Attributes& attributes, std::string_view path);
  const ApplyOptions& options_;
  ApplyStats& stats_;
};

/// A directory of the destination: descriptor (`O_PATH`) and path without symlinks.
struct Place {
  os::FdRef fd;
  std::string path;  ///< relative to the destination, "" for itself
};

/// Finds the directories of a destination. Components are opened one after the other and never
/// through a symlink: a link's text is taken apart and walked from the destination's root, so that
/// no text, however long its chain of links and `..`, names anything outside.
class Directories {
 public:
  Directories(os::Fd root, LowerStack lower, const ApplyOptions& options, AttributeSetter& setter)
      : root_(std::move(root)), lower_(std::move(lower)), options_(options), setter_(setter) {}

  /// The directory \p path, or nullopt when it is missing. A symlink is followed, also one that
  /// only the layers below have.
  /// \param path cleaned: no leading `/`, no `.` or `..`.
  Result<std::optional<Place>> find(std::string_view path);
  /// The same; what is missing is made, with the attributes that it has in the layers below.
  Result<Place> find_or_create(std::string_view path);
  /// To be called when a name was removed: nothing remembered may go through it. Places that were
  /// given out stay open until the next `find`.
  void forget(std::string_view path);
  /// Makes \p name a new directory; its final mode and time are set by `finish`.
  Result<void> create(const Place& parent, const std::string& name, const Attributes& attributes);
  /// The attributes of a directory that is there.
  Result<void> update(const Place& parent, const std::string& name, const Attributes& attributes);
  /// Hides what the layers below have in the directory.
  Result<void> make_opaque(const Place& directory);
  /// Modes and times of all directories, deepest first: nothing may change them any more.
  Result<void> finish();
  /// What the layers below show at \p path; nothing where this layer hides them.
  Result<std::optional<LowerNode>> below(const std::string& path);
  /// Whether \p path is in a directory that `make_opaque` hid the layers below from.
  bool is_hidden(const std::string& path) const;
  LowerStack& lower() { return lower_; }

 private:
  struct Walk;
  Result<Walk> walk(std::string_view path);
  Result<Place> arrive(Walk walk);
  enum class Was { New, There };
  Result<void> step(Walk& walk, std::string name);
  Result<void> step_up(Walk& walk);
  Result<void> expand(Walk& walk, const std::string& text);
  Result<void> enter(Walk& walk, const std::string& name);
  Result<void> create_missing(Walk& walk);
  Result<Attributes> attributes_below(const std::optional<LowerNode>& node,
                                      const std::string& path);
  Result<void> set(const Place& parent, const std::string& name, const Attributes& attributes,
                   Was was);
  Result<void> settle(const std::string& path, const Attributes& attributes);

  os::Fd root_;
  LowerStack lower_;
  const ApplyOptions& options_;
  AttributeSetter& setter_;
  os::Fd cached_;
  std::string cached_request_;                 // what was asked for
  std::string cached_path_;                    // where it led
  bool stale_ = false;                         // something that it may lead through was removed
  std::map<std::string, Attributes> pending_;  // by path: what finish() sets
  std::set<std::string> opaque_;
};

}  // namespace suit::layer
