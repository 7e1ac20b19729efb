/// \file
/// A layer's tar, unpacked.
///
/// Problem: the archive is hostile. It may name `../../etc/passwd`, plant a symlink and then write
/// "through" it, link to a file outside, delete `..` with a whiteout, or claim to hold a petabyte.
///
///     lib -> /etc              a symlink, stored as a link, never followed by the kernel
///     lib/passwd               its parent is `lib`, whose text is walked inside the destination
///     .wh...                   would delete `..`: refused before any system call
///
/// Method: a name is cleaned as text, its parent found by `Directories` component by component, and
/// then everything happens to one leaf in one open directory, by calls that do not follow links.
/// Creation is tried first (`O_EXCL`); only when the name is taken is it looked at and removed.
///
/// Whiteouts speak of the layers below. Into an overlay layer they go as overlayfs marks them; into
/// a whole tree they delete what this layer has not brought itself, whatever the order of the
/// entries.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"
#include "layer/apply_internal.h"
#include "layer/layer.h"
#include "layer/tar.h"
#include "layer/tree_internal.h"
#include "os/file.h"

namespace suit::layer {
namespace {

constexpr std::size_t kCopyBytes = 256U << 10;

struct CleanPath {
  std::string text;  // no leading slash, no `.`, `..` or empty component
  std::size_t depth = 0;
};

// As path.Clean("/" + path): `..` takes a component away, at the root it stays there.
CleanPath clean(std::string_view path) {
  CleanPath result;
  for (std::size_t start = 0; start < path.size();) {
    std::size_t end = std::min(path.find('/', start), path.size());
    std::string_view name = path.substr(start, end - start);
    start = end + 1;
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      result.text.erase(split_leaf(result.text).first.size());
      if (result.depth > 0) --result.depth;
      continue;
    }
    if (!result.text.empty()) result.text += '/';
    result.text += name;
    ++result.depth;
  }
  return result;
}

class Applier {
 public:
  Applier(Reader& tar, os::Fd root, LowerStack lower, const ApplyOptions& options)
      : tar_(tar, options.end),
        options_(options),
        setter_(options, stats_),
        directories_(std::move(root), std::move(lower), options, setter_),
        buffer_(kCopyBytes) {}

  Result<ApplyStats> run() {
    while (true) {
      SUIT_LET(auto entry, tar_.next());
      if (!entry) break;
      SUIT_TRY(count(*entry));
      if (options_.owner) {
        entry->uid = options_.owner->uid;
        entry->gid = options_.owner->gid;
      }
      auto applied = apply_entry(*entry);
      if (!applied)
        return wrap(std::move(applied).error(),
                    fmt::format("unpack {} \"{}\"", name_of(entry->type), entry->path));
    }
    if (hide_root_) SUIT_TRY(hide_root_children());
    SUIT_TRY(drop_idle_whiteouts());
    SUIT_TRY(directories_.finish());
    return stats_;
  }

 private:
  Result<void> count(const TarEntry& entry) {
    const ApplyLimits& limits = options_.limits;
    if (++stats_.entries > limits.entries)
      return fail(EFBIG, fmt::format("the archive has more than {} entries", limits.entries));
    if (entry.size_bytes > limits.size_bytes - stats_.size_bytes)
      return fail(EFBIG, fmt::format("\"{}\": the archive holds more than {} bytes", entry.path,
                                     limits.size_bytes));
    stats_.size_bytes += entry.size_bytes;
    return {};
  }

  Result<void> apply_entry(const TarEntry& entry) {
    CleanPath path = clean(entry.path);
    if (path.depth > options_.limits.depth)
      return fail(EFBIG, fmt::format("nested deeper than {}", options_.limits.depth));
    if (path.text.empty()) return apply_root(entry);
    auto [parent, leaf] = split_leaf(path.text);
    std::string name(leaf);
    if (options_.read_whiteouts && name.starts_with(kWhiteoutPrefix))
      return apply_whiteout(entry, parent, name);
    SUIT_LET(Place place, directories_.find_or_create(parent));
    std::string real_path = join(place.path, name);
    SUIT_TRY(create(place, name, entry));
    remember(real_path);
    return {};
  }

  // The root itself is a directory and stays one; other entries that come out there mean nothing.
  Result<void> apply_root(const TarEntry& entry) {
    if (entry.type != EntryType::Directory) return {};
    SUIT_LET(Place place, directories_.find_or_create(""));
    return directories_.update(place, ".", attributes_of(entry));
  }

  Result<void> create(const Place& place, const std::string& name, const TarEntry& entry) {
    switch (entry.type) {
      case EntryType::File:
        return create_file(place, name, entry);
      case EntryType::Directory:
        return create_directory(place, name, entry);
      case EntryType::HardLink:
        return create_link(place, name, entry);
      case EntryType::Symlink:
      case EntryType::CharDevice:
      case EntryType::BlockDevice:
      case EntryType::Fifo:
        return create_node(place, name, entry);
    }
    return {};
  }

  Result<void> create_file(const Place& place, const std::string& name, const TarEntry& entry) {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    auto opened = os::open_at(place.fd, name, kFlags, 0600);
    if (!opened && opened.error().code() == EEXIST) {
      SUIT_TRY(make_way(place, name));
      opened = os::open_at(place.fd, name, kFlags, 0600);
    }
    if (!opened) return std::unexpected(std::move(opened).error());
    os::Fd fd = *std::move(opened);
    os::FdWriter writer(fd);
    while (true) {
      SUIT_LET(std::size_t count, tar_.read(buffer_));
      if (count == 0) break;
      SUIT_TRY(writer.write(std::span(buffer_).first(count)));
    }
    return setter_.set_all(fd, attributes_of(entry), entry.path);
  }

  Result<void> create_directory(const Place& place, const std::string& name,
                                const TarEntry& entry) {
    SUIT_LET(auto info, stat_child(place.fd, name));
    if (info && S_ISDIR(info->st_mode))
      return directories_.update(place, name, attributes_of(entry));
    if (info && !options_.change_kinds)
      return fail(ENOTDIR, "cannot overwrite what is no directory with a directory");
    if (info) SUIT_TRY(make_way(place, name));
    SUIT_TRY(directories_.create(place, name, attributes_of(entry)));
    // It replaces something of this layer that hid the directory below: that stays hidden.
    if (!info || !options_.overlay_whiteouts) return {};
    SUIT_LET(os::Fd fd, os::open_at(place.fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    return directories_.make_opaque(Place{fd, join(place.path, name)});
  }

  Result<void> create_node(const Place& place, const std::string& name, const TarEntry& entry) {
    int error = make_node(place, name, entry);
    if (error == EEXIST) {
      SUIT_TRY(make_way(place, name));
      error = make_node(place, name, entry);
    }
    bool device = entry.type == EntryType::CharDevice || entry.type == EntryType::BlockDevice;
    if (device && entry.device_major == 0 && entry.device_minor == 0)
      return fail(EINVAL,
                  "device 0:0 would be a whiteout of overlayfs; an archive says \".wh.\" for that");
    if (device && error == EPERM) {
      SUIT_LOG(Warn, "\"{}\": mknod is not permitted, the device is left out", entry.path);
      ++stats_.skipped_devices;
      return {};
    }
    if (error != 0) return fail(error, device ? "mknodat" : "create");
    return setter_.set_by_name(place.fd, name, entry);
  }

  // The node, or an errno.
  int make_node(const Place& place, const std::string& name, const TarEntry& entry) {
    bool zero = entry.device_major == 0 && entry.device_minor == 0;
    dev_t device = makedev(entry.device_major, entry.device_minor);
    int result = 0;
    switch (entry.type) {
      case EntryType::Symlink:
        result = ::symlinkat(entry.link.c_str(), place.fd.raw(), name.c_str());
        break;
      case EntryType::Fifo:
        result = ::mkfifoat(place.fd.raw(), name.c_str(), 0600);
        break;
      case EntryType::CharDevice:
        if (zero) return 0;
        result = ::mknodat(place.fd.raw(), name.c_str(), S_IFCHR | 0600, device);
        break;
      case EntryType::BlockDevice:
        if (zero) return 0;
        result = ::mknodat(place.fd.raw(), name.c_str(), S_IFBLK | 0600, device);
        break;
      default:
        return EINVAL;
    }
    return result == 0 ? 0 : errno;
  }

  Result<void> create_link(const Place& place, const std::string& name, const TarEntry& entry) {
    CleanPath target = clean(entry.link);
    auto [parent, leaf] = split_leaf(target.text);
    std::string target_name(leaf);
    os::Fd own;  // `place` may be the remembered directory that the next search replaces
    SUIT_LET(own, os::open_at(place.fd, ".", O_PATH | O_DIRECTORY));
    Place here{own, place.path};
    SUIT_LET(auto there, directories_.find(parent));
    std::optional<struct stat> info;
    if (there && !target_name.empty()) {
      SUIT_LET(info, stat_child(there->fd, target_name));
    }
    if (!info || (options_.overlay_whiteouts && is_whiteout(*info)))
      return fail(0, fmt::format("the hard link's target \"{}\" is not in this layer", entry.link));
    if (S_ISDIR(info->st_mode))
      return fail(0, fmt::format("the hard link's target \"{}\" is a directory", entry.link));
    SUIT_LET(auto existing, stat_child(here.fd, name));
    if (existing && existing->st_ino == info->st_ino && existing->st_dev == info->st_dev) return {};
    SUIT_LET(os::Fd source, os::open_at(there->fd, ".", O_PATH | O_DIRECTORY));
    if (existing) SUIT_TRY(make_way(here, name));
    // Without AT_SYMLINK_FOLLOW a link to a symlink is a second name of the symlink.
    if (::linkat(source.raw(), target_name.c_str(), here.fd.raw(), name.c_str(), 0) != 0)
      return fail(errno, fmt::format("linkat(\"{}\")", entry.link));
    return {};
  }

  // Removes what has the name, and what is remembered of it.
  Result<void> make_way(const Place& place, const std::string& name) {
    if (!options_.change_kinds) {
      SUIT_LET(auto info, stat_child(place.fd, name));
      if (info && S_ISDIR(info->st_mode))
        return fail(EISDIR, "cannot overwrite a directory with what is none");
    }
    SUIT_TRY(os::remove_tree(place.fd, name));
    std::string path = join(place.path, name);
    directories_.forget(path);
    brought_.erase(path);
    brought_.erase(brought_.lower_bound(path + "/"), brought_.lower_bound(path + "0"));
    return {};
  }

  Result<void> apply_whiteout(const TarEntry& entry, std::string_view parent,
                              const std::string& name) {
    if (entry.type == EntryType::Directory)
      return fail(0, "a directory cannot have the name of a whiteout");
    bool opaque = name == kOpaqueName;
    if (!opaque && name.starts_with(kWhiteoutMeta)) return {};  // aufs's own files
    std::string hidden = name.substr(kWhiteoutPrefix.size());
    if (hidden.empty() || hidden == "." || hidden == "..")
      return fail(0, "a whiteout that names nothing, or a directory itself");
    if (options_.overlay_whiteouts) {
      SUIT_LET(Place here, directories_.find_or_create(parent));
      return opaque ? hide_all(here) : hide_one(here, hidden);
    }
    SUIT_LET(auto place, directories_.find(parent));
    if (!place) return {};
    if (opaque) return purge(*place);
    return remove_lower(*place, hidden);
  }

  Result<void> hide_all(const Place& place) {
    // Overlayfs does not look at the opaque attribute of a layer's root: its names go one by one.
    if (place.path.empty()) {
      hide_root_ = true;
      return {};
    }
    return directories_.make_opaque(place);
  }

  Result<void> hide_one(const Place& place, const std::string& name) {
    SUIT_LET(auto info, stat_child(place.fd, name));
    if (!info) return make_whiteout(place, name);
    if (!S_ISDIR(info->st_mode)) return {};  // this layer's own file hides as well
    SUIT_LET(os::Fd fd, os::open_at(place.fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    return directories_.make_opaque(Place{fd, join(place.path, name)});
  }

  Result<void> make_whiteout(const Place& place, const std::string& name) {
    std::string path = join(place.path, name);
    // Overlayfs lists whiteouts of directories that nothing is merged into, so none may be idle.
    if (!directories_.lower().empty()) {
      SUIT_LET(auto below, directories_.below(path));
      if (!below) return {};
    }
    // The one device that needs no privilege: 0:0, since Linux 5.8.
    if (::mknodat(place.fd.raw(), name.c_str(), S_IFCHR, 0) != 0)
      return fail(errno, "mknodat(0:0)",
                  "whiteouts need a user namespace of Linux 5.8 or newer, or root");
    whiteouts_.push_back(std::move(path));
    return {};
  }

  // An opaque directory may come after the whiteouts in it: those are idle then.
  Result<void> drop_idle_whiteouts() {
    for (const std::string& path : whiteouts_) {
      if (!directories_.is_hidden(path)) continue;
      auto [parent, leaf] = split_leaf(path);
      std::string name(leaf);
      SUIT_LET(auto place, directories_.find(parent));
      if (!place) continue;
      SUIT_LET(auto info, stat_child(place->fd, name));
      if (info && is_whiteout(*info) && ::unlinkat(place->fd.raw(), name.c_str(), 0) != 0)
        return fail(errno, fmt::format("unlinkat(\"{}\")", path));
    }
    return {};
  }

  Result<void> hide_root_children() {
    LowerStack& lower = directories_.lower();
    SUIT_LET(Place root, directories_.find_or_create(""));
    SUIT_LET(std::vector<std::string> names, lower.names(lower.root(), ""));
    for (const std::string& name : names)
      SUIT_TRY(hide_one(root, name));
    return {};
  }

  // Deletes from a whole tree what this layer has not brought.
  Result<void> remove_lower(const Place& place, const std::string& name) {
    std::string path = join(place.path, name);
    if (!brought_.contains(path)) {
      SUIT_TRY(os::remove_tree(place.fd, name));
      directories_.forget(path);
      return {};
    }
    SUIT_LET(auto info, stat_child(place.fd, name));
    if (!info || !S_ISDIR(info->st_mode)) return {};
    SUIT_LET(os::Fd fd, os::open_at(place.fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    return purge(Place{fd, path});
  }

  Result<void> purge(const Place& place) {
    SUIT_LET(std::vector<std::string> names, os::list_dir(place.fd, "."));
    for (const std::string& name : names)
      SUIT_TRY(remove_lower(place, name));
    return {};
  }

  // Notes a path and its parents as this layer's. Overlayfs does that itself.
  void remember(const std::string& path) {
    if (options_.overlay_whiteouts) return;
    std::string_view each = path;
    while (!each.empty() && brought_.emplace(each).second)
      each = split_leaf(each).first;
  }

  TarReader tar_;
  const ApplyOptions& options_;
  ApplyStats stats_;
  AttributeSetter setter_;
  Directories directories_;
  std::vector<std::byte> buffer_;
  std::set<std::string> brought_;       // paths of this layer; kept for whole trees only
  std::vector<std::string> whiteouts_;  // made in an overlay layer
  bool hide_root_ = false;
};

}  // namespace

Result<ApplyStats> apply(Reader& tar, os::FdRef destination, const ApplyOptions& options) {
  SUIT_LET(os::Fd root, os::open_at(destination, ".", O_PATH | O_DIRECTORY));
  SUIT_LET(LowerStack lower, LowerStack::open(options.lower, options.xattr));
  Applier applier(tar, std::move(root), std::move(lower), options);
  return applier.run();
}

}  // namespace suit::layer
