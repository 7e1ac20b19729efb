#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "layer/apply_internal.h"
#include "layer/tree_internal.h"
#include "os/file.h"
#include "os/raw.h"

namespace suit::layer {
namespace {

constexpr int kSymlinkLimit = 40;  // MAXSYMLINKS of the kernel

constexpr timespec kOmit{0, UTIME_OMIT};

}  // namespace

Attributes attributes_of(const TarEntry& entry) {
  return {entry.mode, entry.uid, entry.gid, timespec{entry.mtime_s, 0}, entry.xattrs};
}

Result<void> AttributeSetter::check_chown(int error, const Attributes& attributes,
                                          std::string_view path) {
  if (error == 0) return {};
  if (options_.squash_owners && (error == EPERM || error == EINVAL)) {
    ++stats_.squashed;
    return {};
  }
  return fail(error, fmt::format("chown(\"{}\", {}, {})", path, attributes.uid, attributes.gid),
              error == EINVAL ? "the id has no mapping in this user namespace; give it more ids in "
                                "/etc/subuid and /etc/subgid"
                              : "changing owners needs root, or a user namespace with mapped ids");
}

Result<void> AttributeSetter::set_owner(os::FdRef fd, const Attributes& attributes,
                                        std::string_view path) {
  int error = ::fchown(fd.raw(), attributes.uid, attributes.gid) == 0 ? 0 : errno;
  return check_chown(error, attributes, path);
}

Result<void> AttributeSetter::set_xattrs(os::FdRef fd, const Attributes& attributes,
                                         std::string_view path) {
  for (const auto& [name, value] : attributes.xattrs) {
    if (!is_layer_xattr(name)) {
      ++stats_.skipped_xattrs;
      continue;
    }
    if (::fsetxattr(fd.raw(), name.c_str(), value.data(), value.size(), 0) == 0) continue;
    if (errno != ENOTSUP && errno != EPERM)
      return fail(errno, fmt::format("fsetxattr(\"{}\", \"{}\")", path, name));
    SUIT_LOG(Warn, "\"{}\": the file system does not take the attribute \"{}\"", path, name);
    ++stats_.skipped_xattrs;
  }
  return {};
}

Result<void> AttributeSetter::set_all(os::FdRef fd, const Attributes& attributes,
                                      std::string_view path) {
  SUIT_TRY(set_owner(fd, attributes, path));
  SUIT_TRY(set_xattrs(fd, attributes, path));
  if (::fchmod(fd.raw(), attributes.mode) != 0) return fail(errno, fmt::format("fchmod(\"{}\")", path));
  if (attributes.mtime) {
    const timespec times[2] = {kOmit, *attributes.mtime};
    if (::futimens(fd.raw(), times) != 0) return fail(errno, fmt::format("futimens(\"{}\")", path));
  }
  return {};
}

Result<void> AttributeSetter::set_by_name(os::FdRef dir, const std::string& name,
                                          const TarEntry& entry) {
  Attributes attributes = attributes_of(entry);
  int error = ::fchownat(dir.raw(), name.c_str(), entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) == 0
                  ? 0
                  : errno;
  SUIT_TRY(check_chown(error, attributes, entry.path));
  // A symlink has no mode of its own.
  if (entry.type != EntryType::Symlink &&
      ::fchmodat(dir.raw(), name.c_str(), entry.mode, AT_SYMLINK_NOFOLLOW) != 0)
    return fail(errno, fmt::format("fchmodat(\"{}\")", entry.path));
  const timespec times[2] = {kOmit, *attributes.mtime};
  if (::utimensat(dir.raw(), name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
    return fail(errno, fmt::format("utimensat(\"{}\")", entry.path));
  return {};
}

// A walk from the root along components that are still to come.
struct Directories::Walk {
  std::deque<std::string> todo;
  std::vector<std::string> done;  // real directories so far
  os::Fd current;                 // invalid: the root
  int symlinks = 0;
  std::string request;

  os::FdRef at(const os::Fd& root) const { return current.valid() ? current : root; }
  std::string path() const {
    std::string text;
    for (const std::string& name : done) text = join(text, name);
    return text;
  }
  void push_front(std::string_view text) {
    std::vector<std::string> names;
    for (std::size_t start = 0; start < text.size();) {
      std::size_t end = std::min(text.find('/', start), text.size());
      if (end > start) names.emplace_back(text.substr(start, end - start));
      start = end + 1;
    }
    todo.insert(todo.begin(), std::make_move_iterator(names.begin()),
                std::make_move_iterator(names.end()));
  }
};

Result<std::optional<Place>> Directories::find(std::string_view path, Missing missing) {
  if (path.empty()) return Place{root_, ""};
  if (std::exchange(stale_, false)) cached_.reset();
  if (cached_.valid() && path == cached_request_) return Place{cached_, cached_path_};
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  cached_request_ = path;
  // The common case, directories all the way, is one call.
  int fd = os::raw::openat2(root_.raw(), cached_request_.c_str(), &how);
  if (fd >= 0) {
    cached_.reset(fd);
    cached_path_ = cached_request_;
    return Place{cached_, cached_path_};
  }
  cached_.reset();
  Walk walk;
  walk.request = path;
  walk.push_front(path);
  while (!walk.todo.empty()) {
    std::string name = std::move(walk.todo.front());
    walk.todo.pop_front();
    SUIT_LET(bool there, step(walk, name, missing));
    if (!there) return std::nullopt;
  }
  cached_path_ = walk.path();
  // A chain of links may end at the root itself.
  if (walk.done.empty()) return Place{root_, ""};
  cached_ = std::move(walk.current);
  return Place{cached_, cached_path_};
}

Result<bool> Directories::step(Walk& walk, const std::string& name, Missing missing) {
  if (name == ".") return true;
  if (name == "..") {
    if (walk.done.empty()) return true;
    std::vector<std::string> again = std::move(walk.done);
    again.pop_back();
    walk.done.clear();
    walk.current.reset();
    for (const std::string& part : again) SUIT_TRY(enter(walk, part));
    return true;
  }
  SUIT_LET(auto info, stat_child(walk.at(root_), name));
  if (info && S_ISLNK(info->st_mode)) {
    SUIT_LET(std::string text, os::read_link(walk.at(root_), name));
    SUIT_TRY(expand(walk, text));
    return true;
  }
  if (info && S_ISDIR(info->st_mode)) {
    SUIT_TRY(enter(walk, name));
    return true;
  }
  bool whiteout = info && options_.overlay_whiteouts && is_whiteout(*info);
  if (info && !whiteout)
    return fail(ENOTDIR, fmt::format("\"{}\": \"{}\" is not a directory", walk.request,
                                     join(walk.path(), name)));
  std::optional<LowerNode> node;
  if (!whiteout) {
    SUIT_LET(node, below(join(walk.path(), name)));
  }
  if (node && S_ISLNK(node->info.st_mode)) {
    SUIT_LET(os::FdRef dir, lower_.dir(*node, walk.path()));
    SUIT_LET(std::string text, os::read_link(dir, name));
    SUIT_TRY(expand(walk, text));
    return true;
  }
  if (missing == Missing::Report) return false;
  if (whiteout && ::unlinkat(walk.at(root_).raw(), name.c_str(), 0) != 0)
    return fail(errno, fmt::format("unlinkat(\"{}\")", name));
  SUIT_TRY(create_missing(walk, name, node));
  if (whiteout) {
    std::string path = walk.path();
    SUIT_TRY(make_opaque(Place{walk.current, path}));
  }
  return true;
}

Result<void> Directories::expand(Walk& walk, const std::string& text) {
  if (++walk.symlinks > kSymlinkLimit)
    return fail(ELOOP, fmt::format("\"{}\": more than {} symlinks on the way", walk.request, kSymlinkLimit));
  if (text.starts_with('/')) {
    walk.done.clear();
    walk.current.reset();
  }
  walk.push_front(text);
  return {};
}

Result<void> Directories::enter(Walk& walk, const std::string& name) {
  SUIT_LET(os::Fd next,
           os::open_at(walk.at(root_), name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  walk.current = std::move(next);
  walk.done.push_back(name);
  return {};
}

Result<void> Directories::create_missing(Walk& walk, const std::string& name,
                                         const std::optional<LowerNode>& node) {
  Attributes attributes;
  std::string parent_path = walk.path();
  std::string path = join(parent_path, name);
  if (node && node->is_dir()) {
    SUIT_LET(os::FdRef dir, lower_.dir(*node, path));
    SUIT_LET(FileAttributes theirs, read_attributes_at(dir, ".", node->info, path, options_.xattr));
    attributes = {node->info.st_mode & 07777, node->info.st_uid, node->info.st_gid, node->info.st_mtim,
                  std::move(theirs.xattrs)};
  }
  SUIT_TRY(create(Place{walk.at(root_), parent_path}, name, attributes));
  return enter(walk, name);
}

// What the layers below show at a path; nothing where this layer hides them.
Result<std::optional<LowerNode>> Directories::below(const std::string& path) {
  if (lower_.empty()) return std::nullopt;
  for (std::size_t end = path.find('/'); end != std::string::npos; end = path.find('/', end + 1)) {
    if (opaque_.contains(path.substr(0, end))) return std::nullopt;
  }
  return lower_.find(path);
}

void Directories::forget(std::string_view path) {
  stale_ = true;
  const std::string self(path);
  const std::string below = self + "/";
  const std::string behind = self + "0";  // '0' follows '/': the first name behind all that are below
  pending_.erase(self);
  pending_.erase(pending_.lower_bound(below), pending_.lower_bound(behind));
  opaque_.erase(self);
  opaque_.erase(opaque_.lower_bound(below), opaque_.lower_bound(behind));
}

Result<void> Directories::create(const Place& parent, const std::string& name,
                                 const Attributes& attributes) {
  // 0700 until finish(): a read-only directory could not be filled by a plain user.
  if (::mkdirat(parent.fd.raw(), name.c_str(), 0700) != 0)
    return fail(errno, fmt::format("mkdirat(\"{}\")", join(parent.path, name)));
  return update(parent, name, attributes);
}

Result<void> Directories::update(const Place& parent, const std::string& name,
                                 const Attributes& attributes) {
  bool is_root = name == ".";
  std::string path = is_root ? std::string() : join(parent.path, name);
  SUIT_LET(os::Fd fd, os::open_at(parent.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  SUIT_TRY(setter_.set_owner(fd, attributes, path));
  SUIT_TRY(setter_.set_xattrs(fd, attributes, path));
  pending_.insert_or_assign(path, attributes);
  return {};
}

Result<void> Directories::make_opaque(const Place& directory) {
  SUIT_LET(os::Fd fd, os::open_at(directory.fd, ".", O_RDONLY | O_DIRECTORY));
  std::string name = fmt::format("{}opaque", overlay_prefix(options_.xattr));
  if (::fsetxattr(fd.raw(), name.c_str(), "y", 1, 0) != 0)
    return fail(errno, fmt::format("fsetxattr(\"{}\", \"{}\")", directory.path, name),
                options_.xattr == OverlayXattr::Trusted
                    ? "trusted attributes need root; a plain user's overlay has user.overlay ones"
                    : "the store's file system must take user extended attributes (ext4, xfs, btrfs)");
  opaque_.insert(directory.path);
  return {};
}

Result<void> Directories::finish() {
  // A path sorts before those below it, so the reverse order ends at the root.
  for (auto it = pending_.rbegin(); it != pending_.rend(); ++it) SUIT_TRY(settle(it->first, it->second));
  return {};
}

Result<void> Directories::settle(const std::string& path, const Attributes& attributes) {
  SUIT_LET(auto place, find(path, Missing::Report));
  if (!place) return {};
  SUIT_LET(os::Fd fd, os::open_at(place->fd, ".", O_RDONLY | O_DIRECTORY));
  if (::fchmod(fd.raw(), attributes.mode) != 0) return fail(errno, fmt::format("fchmod(\"{}\")", path));
  if (!attributes.mtime) return {};
  const timespec times[2] = {kOmit, *attributes.mtime};
  if (::futimens(fd.raw(), times) != 0) return fail(errno, fmt::format("futimens(\"{}\")", path));
  return {};
}

}  // namespace suit::layer
