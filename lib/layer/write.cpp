/// \file
/// Files into a tar, in one pass: each is opened once, by descriptor, and read straight into the
/// buffer of the writer.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "layer/layer.h"
#include "layer/tar.h"
#include "layer/tree.h"
#include "layer/tree_internal.h"
#include "os/file.h"

namespace suit::layer {
namespace {

constexpr std::size_t kDepthLimit = 4096;

std::optional<EntryType> type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return EntryType::File;
    case S_IFDIR:
      return EntryType::Directory;
    case S_IFLNK:
      return EntryType::Symlink;
    case S_IFCHR:
      return EntryType::CharDevice;
    case S_IFBLK:
      return EntryType::BlockDevice;
    case S_IFIFO:
      return EntryType::Fifo;
    default:
      return std::nullopt;  // a socket means nothing without the process that listens
  }
}

class TreeWriter {
 public:
  TreeWriter(DirOpener root, OverlayXattr xattr, TreeOptions options, Writer& out)
      : root_(std::move(root)), xattr_(xattr), options_(std::move(options)), tar_(out) {}

  Result<void> add(const std::string& path) {
    auto [parent, name] = split_leaf(path);
    if (name.empty() || name == "." || name == "..")
      return fail(EINVAL, fmt::format("\"{}\" is no path of a change", path));
    SUIT_LET(os::FdRef dir, root_.dir(parent));
    SUIT_LET(auto info, stat_child(dir, std::string(name)));
    if (!info)
      return fail(ENOENT, fmt::format("\"{}\" went away while the layer was written", path));
    return add_file(dir, std::string(name), path, *info);
  }

  // The mtime of a deletion says nothing, so it is always 0.
  Result<void> add_whiteout(std::string_view path) {
    auto [parent, name] = split_leaf(path);
    TarEntry entry;
    entry.path = join(parent, fmt::format("{}{}", kWhiteoutPrefix, name));
    return tar_.begin(entry);
  }

  // The root as an entry, and what is below it.
  Result<void> add_root() {
    SUIT_LET(os::FdRef dir, root_.dir(""));
    SUIT_LET(auto info, stat_child(dir, "."));
    if (!info) return fail(ENOENT, "the directory went away");
    device_ = info->st_dev;
    if (!options_.name.empty())
      SUIT_TRY(add_opened(dir, ".", *info, entry_of(*info, EntryType::Directory, options_.name)));
    return add_children("", 0);
  }

  // A single file of the root.
  Result<void> add_leaf(const std::string& leaf) {
    SUIT_LET(os::FdRef dir, root_.dir(""));
    SUIT_LET(auto info, stat_child(dir, leaf));
    if (!info) return fail(ENOENT, fmt::format("\"{}\" went away", leaf));
    return add_file(dir, leaf, options_.name, *info);
  }

  Result<void> add_children(const std::string& path, std::size_t depth) {
    if (depth > kDepthLimit)
      return fail(ELOOP, fmt::format("\"{}...\" is nested deeper than {}", path.substr(0, 64),
                                     kDepthLimit));
    SUIT_LET(os::FdRef listed, root_.dir(path));
    SUIT_LET(std::vector<std::string> names, os::list_dir(listed, "."));
    for (const std::string& name : names) {
      SUIT_LET(os::FdRef dir, root_.dir(path));
      SUIT_LET(auto info, stat_child(dir, name));
      std::string child = join(path, name);
      if (!info)
        return fail(ENOENT, fmt::format("\"{}\" went away while the tar was written", child));
      if (S_ISSOCK(info->st_mode)) continue;
      SUIT_TRY(add_file(dir, name, join(options_.name, child), *info));
      bool elsewhere = options_.one_file_system && info->st_dev != device_;
      if (S_ISDIR(info->st_mode) && !elsewhere) SUIT_TRY(add_children(child, depth + 1));
    }
    return {};
  }

  Result<void> finish() { return tar_.finish(); }

 private:
  Result<void> add_file(os::FdRef dir, const std::string& name, const std::string& path,
                        const struct stat& info) {
    if (options_.for_layer && (name.starts_with(kWhiteoutPrefix) || is_whiteout(info)))
      return fail(EINVAL,
                  fmt::format("\"{}\" cannot be in a layer: it would mean a deletion", path),
                  "rename the file");
    std::optional<EntryType> type = type_of(info.st_mode);
    if (!type) return fail(EINVAL, fmt::format("\"{}\": a socket cannot be in a layer", path));
    TarEntry entry = entry_of(info, *type, path);
    if (*type != EntryType::Directory && info.st_nlink > 1) {
      auto [first, is_new] = links_.try_emplace({info.st_dev, info.st_ino}, path);
      if (!is_new) {
        entry.type = EntryType::HardLink;
        entry.link = first->second;
        entry.size_bytes = 0;
        return tar_.begin(entry);
      }
    }
    if (*type == EntryType::Symlink) {
      SUIT_LET(entry.link, os::read_link(dir, name));
    }
    if (*type != EntryType::File && *type != EntryType::Directory) return tar_.begin(entry);
    return add_opened(dir, name, info, std::move(entry));
  }

  TarEntry entry_of(const struct stat& info, EntryType type, const std::string& path) const {
    TarEntry entry;
    entry.type = type;
    entry.path = path;
    entry.mode = info.st_mode & 07777;
    entry.uid = options_.owner ? options_.owner->uid : info.st_uid;
    entry.gid = options_.owner ? options_.owner->gid : info.st_gid;
    entry.mtime_s = info.st_mtim.tv_sec;
    if (options_.epoch_s) entry.mtime_s = std::min(entry.mtime_s, *options_.epoch_s);
    if (type == EntryType::File) entry.size_bytes = static_cast<std::uint64_t>(info.st_size);
    if (type == EntryType::CharDevice || type == EntryType::BlockDevice) {
      entry.device_major = major(info.st_rdev);
      entry.device_minor = minor(info.st_rdev);
    }
    return entry;
  }

  Result<void> add_opened(os::FdRef dir, const std::string& name, const struct stat& info,
                          TarEntry entry) {
    SUIT_LET(os::Fd fd, os::open_at(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    SUIT_LET(FileAttributes attributes, read_attributes(fd, entry.path, xattr_));
    entry.xattrs = std::move(attributes.xattrs);
    if (entry.type == EntryType::Directory) return tar_.begin(entry);
    struct stat opened{};
    if (::fstat(fd.raw(), &opened) != 0)
      return fail(errno, fmt::format("fstat(\"{}\")", entry.path));
    if (opened.st_ino != info.st_ino || opened.st_dev != info.st_dev)
      return fail(ESTALE,
                  fmt::format("\"{}\" was replaced while the layer was written", entry.path));
    SUIT_TRY(tar_.begin(entry));
    return copy_content(fd, entry);
  }

  // A file that grows is cut at the size its header gives; one that shrinks cannot be helped.
  Result<void> copy_content(os::FdRef fd, const TarEntry& entry) {
    while (tar_.owed_bytes() > 0) {
      SUIT_LET(std::span<std::byte> space, tar_.space());
      ssize_t count = ::read(fd.raw(), space.data(), space.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return fail(errno, fmt::format("read(\"{}\")", entry.path));
      if (count == 0)
        return fail(
            EIO,
            fmt::format("\"{}\" shrank while the layer was written: {} of {} bytes are missing",
                        entry.path, tar_.owed_bytes(), entry.size_bytes),
            "stop what writes to it");
      SUIT_TRY(tar_.advance(static_cast<std::size_t>(count)));
    }
    return {};
  }

  DirOpener root_;
  OverlayXattr xattr_;
  TreeOptions options_;
  dev_t device_ = 0;  // of the root
  TarWriter tar_;
  std::map<std::pair<dev_t, ino_t>, std::string> links_;  // first path of each file with several
};

}  // namespace

Result<void> write_changes(const std::string& upper, const std::vector<Change>& changes,
                           const DiffOptions& options, Writer& out) {
  SUIT_LET(DirOpener root, DirOpener::open(upper));
  TreeOptions tree;
  tree.epoch_s = options.epoch_s;
  TreeWriter writer(std::move(root), options.xattr, std::move(tree), out);
  for (const Change& change : changes) {
    Result<void> added = change.kind == Change::Kind::Delete ? writer.add_whiteout(change.path)
                                                             : writer.add(change.path);
    if (!added) return wrap(std::move(added).error(), fmt::format("layer of \"{}\"", upper));
  }
  return writer.finish();
}

Result<void> write_tree(const std::string& root, const TreeOptions& options, Writer& out) {
  SUIT_LET(os::Fd directory, os::open_at(os::FdRef::cwd(), root, O_PATH | O_DIRECTORY));
  auto written = write_tree(os::FdRef(directory), options, out);
  if (!written) return wrap(std::move(written).error(), fmt::format("tar of \"{}\"", root));
  return {};
}

Result<void> write_tree(os::FdRef root, const TreeOptions& options, Writer& out) {
  SUIT_LET(os::Fd own, os::open_at(root, ".", O_PATH | O_DIRECTORY));
  TreeWriter writer(DirOpener(std::move(own)), OverlayXattr::Trusted, options, out);
  SUIT_TRY(writer.add_root());
  return writer.finish();
}

Result<void> write_one(os::FdRef directory, const std::string& leaf, const TreeOptions& options,
                       Writer& out) {
  SUIT_LET(os::Fd own, os::open_at(directory, ".", O_PATH | O_DIRECTORY));
  TreeWriter writer(DirOpener(std::move(own)), OverlayXattr::Trusted, options, out);
  SUIT_TRY(writer.add_leaf(leaf));
  return writer.finish();
}

}  // namespace suit::layer
