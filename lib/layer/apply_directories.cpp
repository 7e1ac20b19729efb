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

Result<void> AttributeSetter::drop_other_xattrs(os::FdRef fd, const Attributes& attributes,
                                                std::string_view path) {
  SUIT_LET(FileAttributes present, read_attributes(fd, path, options_.xattr));
  for (const auto& [name, value] : present.xattrs) {
    if (attributes.xattrs.contains(name)) continue;
    if (::fremovexattr(fd.raw(), name.c_str()) != 0 && errno != ENODATA)
      return fail(errno, fmt::format("fremovexattr(\"{}\", \"{}\")", path, name));
  }
  return {};
}

Result<void> AttributeSetter::set_all(os::FdRef fd, const Attributes& attributes,
                                      std::string_view path) {
  SUIT_TRY(set_owner(fd, attributes, path));
  SUIT_TRY(set_xattrs(fd, attributes, path));
  if (::fchmod(fd.raw(), attributes.mode) != 0)
    return fail(errno, fmt::format("fchmod(\"{}\")", path));
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

// A walk from the root along components that are still to come. What is missing does not end it: a
// `..` may lead out of there again, as in the symlink `nowhere/../etc`.
struct Directories::Walk {
  std::deque<std::string> todo;
  std::vector<std::string> done;     // real directories so far, as names or as one path
  std::vector<std::string> missing;  // and then those that are not there
  std::size_t hidden_at = 0;         // 1 + index in `missing` of a whiteout; 0: none
  os::Fd current;                    // the last of `done`; invalid: the root
  int symlinks = 0;
  bool remembered = false;  // it is the directory of the last search
  std::string request;

  os::FdRef at(const os::Fd& root) const { return current.valid() ? current : root; }
  std::string path() const {
    std::string text;
    for (const std::string& name : done)
      text = join(text, name);
    for (const std::string& name : missing)
      text = join(text, name);
    return text;
  }
  void restart() {
    done.clear();
    missing.clear();
    hidden_at = 0;
    current.reset();
  }
  void miss(std::string name) { missing.push_back(std::move(name)); }
  void leave_missing() {
    missing.pop_back();
    if (hidden_at > missing.size()) hidden_at = 0;
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

Result<std::optional<Place>> Directories::find(std::string_view path) {
  SUIT_LET(Walk found, walk(path));
  if (!found.missing.empty()) return std::nullopt;
  SUIT_LET(Place place, arrive(std::move(found)));
  return std::optional<Place>(std::move(place));
}

Result<Place> Directories::find_or_create(std::string_view path) {
  SUIT_LET(Walk found, walk(path));
  if (!found.missing.empty()) SUIT_TRY(create_missing(found));
  return arrive(std::move(found));
}

Result<Directories::Walk> Directories::walk(std::string_view path) {
  Walk walk;
  walk.request = path;
  if (std::exchange(stale_, false)) cached_.reset();
  walk.remembered = cached_.valid() && path == cached_request_;
  if (path.empty() || walk.remembered) return walk;
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  // The common case, directories all the way, is one call.
  int fd = os::raw::openat2(root_.raw(), walk.request.c_str(), &how);
  if (fd >= 0) {
    walk.current.reset(fd);
    walk.done.push_back(walk.request);
    return walk;
  }
  walk.push_front(path);
  while (!walk.todo.empty()) {
    std::string name = std::move(walk.todo.front());
    walk.todo.pop_front();
    SUIT_TRY(step(walk, std::move(name)));
  }
  return walk;
}

Result<Place> Directories::arrive(Walk walk) {
  if (walk.remembered) return Place{cached_, cached_path_};
  // A chain of links may end at the root itself.
  if (walk.done.empty()) return Place{root_, ""};
  cached_path_ = walk.path();
  cached_request_ = std::move(walk.request);
  cached_ = std::move(walk.current);
  return Place{cached_, cached_path_};
}

Result<void> Directories::step(Walk& walk, std::string name) {
  if (name == ".") return {};
  if (name == "..") return step_up(walk);
  if (walk.missing.empty()) {
    SUIT_LET(auto info, stat_child(walk.at(root_), name));
    if (info && S_ISLNK(info->st_mode)) {
      SUIT_LET(std::string text, os::read_link(walk.at(root_), name));
      return expand(walk, text);
    }
    if (info && S_ISDIR(info->st_mode)) return enter(walk, name);
    bool whiteout = info && options_.overlay_whiteouts && is_whiteout(*info);
    if (info && !whiteout)
      return fail(ENOTDIR, fmt::format("\"{}\": \"{}\" is not a directory", walk.request,
                                       join(walk.path(), name)));
    if (whiteout) walk.hidden_at = 1;
  }
  if (walk.hidden_at == 0) {
    std::string parent = walk.path();
    SUIT_LET(auto node, below(join(parent, name)));
    if (node && S_ISLNK(node->info.st_mode)) {
      SUIT_LET(os::FdRef dir, lower_.dir(*node, parent));
      SUIT_LET(std::string text, os::read_link(dir, name));
      return expand(walk, text);
    }
  }
  walk.miss(std::move(name));
  return {};
}

Result<void> Directories::step_up(Walk& walk) {
  if (!walk.missing.empty()) {
    walk.leave_missing();
    return {};
  }
  if (walk.done.empty()) return {};
  std::vector<std::string> again = std::move(walk.done);
  again.pop_back();
  walk.restart();
  for (const std::string& part : again)
    SUIT_TRY(enter(walk, part));
  return {};
}

Result<void> Directories::expand(Walk& walk, const std::string& text) {
  if (++walk.symlinks > kSymlinkLimit)
    return fail(ELOOP, fmt::format("\"{}\": more than {} symlinks on the way", walk.request,
                                   kSymlinkLimit));
  if (text.starts_with('/')) walk.restart();
  walk.push_front(text);
  return {};
}

Result<void> Directories::enter(Walk& walk, const std::string& name) {
  SUIT_LET(os::Fd next, os::open_at(walk.at(root_), name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  walk.current = std::move(next);
  walk.done.push_back(name);
  return {};
}

Result<void> Directories::create_missing(Walk& walk) {
  std::vector<std::string> names = std::move(walk.missing);
  walk.missing.clear();
  for (std::size_t i = 0; i < names.size(); ++i) {
    bool whiteout = walk.hidden_at == i + 1;
    if (whiteout && ::unlinkat(walk.at(root_).raw(), names[i].c_str(), 0) != 0)
      return fail(errno, fmt::format("unlinkat(\"{}\")", names[i]));
    std::string parent = walk.path();
    std::string path = join(parent, names[i]);
    std::optional<LowerNode> node;
    if (walk.hidden_at == 0 || i + 1 < walk.hidden_at) {
      SUIT_LET(node, below(path));
    }
    SUIT_LET(Attributes attributes, attributes_below(node, path));
    SUIT_TRY(create(Place{walk.at(root_), parent}, names[i], attributes));
    SUIT_TRY(enter(walk, names[i]));
    if (whiteout) SUIT_TRY(make_opaque(Place{walk.current, path}));
  }
  return {};
}

Result<Attributes> Directories::attributes_below(const std::optional<LowerNode>& node,
                                                 const std::string& path) {
  if (!node || !node->is_dir()) return Attributes();
  SUIT_LET(os::FdRef dir, lower_.dir(*node, path));
  SUIT_LET(FileAttributes theirs, read_attributes_at(dir, ".", node->info, path, options_.xattr));
  return Attributes{node->info.st_mode & 07777, node->info.st_uid, node->info.st_gid,
                    node->info.st_mtim, std::move(theirs.xattrs)};
}

Result<std::optional<LowerNode>> Directories::below(const std::string& path) {
  if (lower_.empty() || is_hidden(path)) return std::nullopt;
  return lower_.find(path);
}

bool Directories::is_hidden(const std::string& path) const {
  if (opaque_.empty()) return false;
  for (std::size_t end = path.find('/'); end != std::string::npos; end = path.find('/', end + 1)) {
    if (opaque_.contains(path.substr(0, end))) return true;
  }
  return false;
}

void Directories::forget(std::string_view path) {
  stale_ = true;
  const std::string self(path);
  const std::string below = self + "/";
  const std::string behind =
      self + "0";  // '0' follows '/': the first name behind all that are below
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
  return set(parent, name, attributes, Was::New);
}

Result<void> Directories::update(const Place& parent, const std::string& name,
                                 const Attributes& attributes) {
  return set(parent, name, attributes, Was::There);
}

Result<void> Directories::set(const Place& parent, const std::string& name,
                              const Attributes& attributes, Was was) {
  bool is_root = name == ".";
  std::string path = is_root ? std::string() : join(parent.path, name);
  SUIT_LET(os::Fd fd, os::open_at(parent.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  SUIT_TRY(setter_.set_owner(fd, attributes, path));
  if (was == Was::There) SUIT_TRY(setter_.drop_other_xattrs(fd, attributes, path));
  SUIT_TRY(setter_.set_xattrs(fd, attributes, path));
  pending_.insert_or_assign(path, attributes);
  return {};
}

Result<void> Directories::make_opaque(const Place& directory) {
  SUIT_LET(os::Fd fd, os::open_at(directory.fd, ".", O_RDONLY | O_DIRECTORY));
  std::string name = fmt::format("{}opaque", overlay_prefix(options_.xattr));
  if (::fsetxattr(fd.raw(), name.c_str(), "y", 1, 0) != 0)
    return fail(
        errno, fmt::format("fsetxattr(\"{}\", \"{}\")", directory.path, name),
        options_.xattr == OverlayXattr::Trusted
            ? "trusted attributes need root; a plain user's overlay has user.overlay ones"
            : "the store's file system must take user extended attributes (ext4, xfs, btrfs)");
  opaque_.insert(directory.path);
  return {};
}

Result<void> Directories::finish() {
  // A path sorts before those below it, so the reverse order ends at the root.
  for (auto it = pending_.rbegin(); it != pending_.rend(); ++it)
    SUIT_TRY(settle(it->first, it->second));
  return {};
}

Result<void> Directories::settle(const std::string& path, const Attributes& attributes) {
  SUIT_LET(auto place, find(path));
  if (!place) return {};
  SUIT_LET(os::Fd fd, os::open_at(place->fd, ".", O_RDONLY | O_DIRECTORY));
  if (::fchmod(fd.raw(), attributes.mode) != 0)
    return fail(errno, fmt::format("fchmod(\"{}\")", path));
  if (!attributes.mtime) return {};
  const timespec times[2] = {kOmit, *attributes.mtime};
  if (::futimens(fd.raw(), times) != 0) return fail(errno, fmt::format("futimens(\"{}\")", path));
  return {};
}

}  // namespace suit::layer
