/// \file
/// What an overlay's upper directory changes.
///
/// Problem: overlayfs records changes in its own way. A deleted file is a character device 0:0. A
/// directory that replaced another has the attribute `opaque`. And a directory that was merely on
/// the way to a changed file was copied up whole, without having changed.
///
///     upper                     lower            changes
///     etc/ (as below)           etc/             M etc          (a change is below it)
///     etc/hosts (c 0:0)         etc/hosts        D etc/hosts
///     srv/ (opaque) srv/new     srv/ srv/old     D srv/old, A srv/new, M srv
///     usr/ (as below, empty)    usr/             -
///
/// Method: walk the upper tree with the merged view of the lower ones beside it. The parents of
/// every change are changes too, so that each layer can be unpacked alone with the right
/// attributes. An opaque directory becomes one whiteout for each name that it hides, as the
/// specification recommends: such whiteouts are understood by every reader, and a person sees what
/// went.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "layer/layer.h"
#include "layer/lower_internal.h"
#include "layer/tree_internal.h"
#include "os/file.h"

namespace suit::layer {
namespace {

constexpr std::size_t kDepthLimit = 4096;  // each level is one frame of the walk

// Depth first, parents first, names bytewise; the whiteouts of a directory before its other
// entries.
bool is_before(const Change& a, const Change& b) {
  std::string_view left = a.path;
  std::string_view right = b.path;
  auto [l, r] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
  auto common = static_cast<std::size_t>(l - left.begin());
  if (common == left.size() && (common == right.size() || *r == '/')) return common < right.size();
  if (common == right.size() && *l == '/') return false;
  std::size_t slash = common == 0 ? std::string_view::npos : left.rfind('/', common - 1);
  std::size_t start = slash == std::string_view::npos ? 0 : slash + 1;
  std::size_t left_end = std::min(left.find('/', start), left.size());
  std::size_t right_end = std::min(right.find('/', start), right.size());
  bool left_whiteout = a.kind == Change::Kind::Delete && left_end == left.size();
  bool right_whiteout = b.kind == Change::Kind::Delete && right_end == right.size();
  if (left_whiteout != right_whiteout) return left_whiteout;
  return left.substr(start, left_end - start) < right.substr(start, right_end - start);
}

bool same_attributes(const struct stat& a, const struct stat& b) {
  return a.st_mode == b.st_mode && a.st_uid == b.st_uid && a.st_gid == b.st_gid &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

Result<bool> same_content(os::FdRef a, os::FdRef b, std::string_view path) {
  std::array<char, 65536> left;   // NOLINT(cppcoreguidelines-pro-type-member-init)
  std::array<char, 65536> right;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  for (off_t offset = 0;;) {
    ssize_t l = ::pread(a.raw(), left.data(), left.size(), offset);
    if (l < 0) return fail(errno, fmt::format("pread(\"{}\")", path));
    if (l == 0) return ::pread(b.raw(), right.data(), 1, offset) == 0;
    ssize_t r = ::pread(b.raw(), right.data(), static_cast<std::size_t>(l), offset);
    if (r != l || !std::equal(left.begin(), left.begin() + l, right.begin())) return false;
    offset += l;
  }
}

class Planner {
 public:
  Planner(DirOpener upper, LowerStack lower, OverlayXattr xattr)
      : upper_(std::move(upper)), lower_(std::move(lower)), xattr_(xattr) {}

  Result<std::vector<Change>> run() {
    SUIT_LET(os::FdRef dir, upper_.dir(""));
    SUIT_LET(os::Fd root, os::open_at(dir, ".", O_RDONLY | O_DIRECTORY));
    SUIT_LET(FileAttributes attributes, read_attributes(root, "/", xattr_));
    std::optional<LowerNode> below = lower_.root();
    // Overlayfs does not look at a root's opaque attribute, so neither do we.
    SUIT_LET([[maybe_unused]] bool changed, walk("", below, Hides::No, attributes.xattr_marked, 0));
    std::sort(changes_.begin(), changes_.end(), is_before);
    return std::move(changes_);
  }

 private:
  // Whether the upper directory hides everything that is below it.
  enum class Hides { No, Yes };
  using Below = std::optional<LowerNode>;

  Result<bool> walk(const std::string& path, const Below& below, Hides hides, bool xattr_whiteouts,
                    std::size_t depth) {
    if (depth > kDepthLimit)
      return fail(ELOOP, fmt::format("\"{}...\" is nested deeper than {}", path.substr(0, 64),
                                     kDepthLimit));
    SUIT_LET(os::FdRef listed, upper_.dir(path));
    SUIT_LET(std::vector<std::string> names, os::list_dir(listed, "."));
    bool changed = false;
    for (const std::string& name : names) {
      Below child;
      if (below && below->is_dir()) {
        SUIT_LET(child, lower_.child(*below, path, name));
      }
      SUIT_LET(bool one, visit(path, name, child, hides, xattr_whiteouts, depth));
      changed = changed || one;
    }
    if (hides == Hides::Yes && below && below->is_dir()) {
      SUIT_LET(std::vector<std::string> hidden, lower_.names(*below, path));
      for (const std::string& name : hidden) {
        if (std::binary_search(names.begin(), names.end(), name)) continue;
        add(Change::Kind::Delete, join(path, name));
        changed = true;
      }
    }
    return changed;
  }

  Result<bool> visit(const std::string& parent, const std::string& name, const Below& below,
                     Hides hides, bool xattr_whiteouts, std::size_t depth) {
    std::string path = join(parent, name);
    SUIT_LET(os::FdRef dir, upper_.dir(parent));
    SUIT_LET(auto info, stat_child(dir, name));
    if (!info) return fail(ENOENT, fmt::format("\"{}\" went away while the layer was read", path));
    bool gone = is_whiteout(*info) || S_ISSOCK(info->st_mode);
    FileAttributes attributes;
    bool empty_file = S_ISREG(info->st_mode) && info->st_size == 0;
    if (S_ISDIR(info->st_mode) || (empty_file && xattr_whiteouts)) {
      SUIT_LET(attributes, read_attributes_at(dir, name, *info, path, xattr_));
    }
    if (gone || (empty_file && attributes.xattr_whiteout)) {
      if (below) add(Change::Kind::Delete, path);
      return below.has_value();
    }
    if (name.starts_with(kWhiteoutPrefix))
      return fail(EINVAL,
                  fmt::format("\"{}\" cannot be in a layer: names that start with \"{}\" mean a "
                              "deletion",
                              path, kWhiteoutPrefix),
                  "rename the file");
    Change::Kind kind = below ? Change::Kind::Modify : Change::Kind::Add;
    if (S_ISDIR(info->st_mode)) {
      Hides inner = attributes.opaque ? Hides::Yes : hides;
      SUIT_LET(bool changed, walk(path, below, inner, attributes.xattr_marked, depth + 1));
      SUIT_LET(bool same, same_directory(*info, attributes, below, path));
      if (!changed && same) return false;
      add(kind, std::move(path));
      return true;
    }
    SUIT_LET(bool same, same_file(*info, below, parent, name));
    if (!same) add(kind, std::move(path));
    return !same;
  }

  Result<bool> same_directory(const struct stat& info, const FileAttributes& attributes,
                              const Below& below, const std::string& path) {
    if (!below || !below->is_dir() || !same_attributes(info, below->info)) return false;
    SUIT_LET(os::FdRef dir, lower_.dir(*below, path));
    SUIT_LET(FileAttributes theirs, read_attributes_at(dir, ".", below->info, path, xattr_));
    return attributes.xattrs == theirs.xattrs;
  }

  Result<bool> same_file(const struct stat& info, const Below& below, const std::string& parent,
                         const std::string& name) {
    // A second name is a change of its own, even of an unchanged file; so is one that copying up
    // took.
    if (!below || info.st_nlink > 1 || below->info.st_nlink > 1) return false;
    if (!same_attributes(info, below->info)) return false;
    if (info.st_size != below->info.st_size || info.st_rdev != below->info.st_rdev) return false;
    SUIT_LET(os::FdRef upper, upper_.dir(parent));
    SUIT_LET(os::FdRef lower, lower_.dir(*below, parent));
    if (S_ISLNK(info.st_mode)) {
      SUIT_LET(std::string ours, os::read_link(upper, name));
      SUIT_LET(std::string theirs, os::read_link(lower, name));
      return ours == theirs;
    }
    if (!S_ISREG(info.st_mode)) return true;
    std::string path = join(parent, name);
    constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    SUIT_LET(os::Fd ours, os::open_at(upper, name, kFlags));
    SUIT_LET(os::Fd theirs, os::open_at(lower, name, kFlags));
    SUIT_LET(FileAttributes our_attributes, read_attributes(ours, path, xattr_));
    SUIT_LET(FileAttributes their_attributes, read_attributes(theirs, path, xattr_));
    if (our_attributes.xattrs != their_attributes.xattrs) return false;
    // Size and time can be kept by a program that changes the content, so the content decides.
    return same_content(ours, theirs, path);
  }

  void add(Change::Kind kind, std::string path) { changes_.push_back({kind, std::move(path)}); }

  DirOpener upper_;
  LowerStack lower_;
  OverlayXattr xattr_;
  std::vector<Change> changes_;
};

}  // namespace

Result<std::vector<Change>> plan_diff(const std::string& upper,
                                      const std::vector<std::string>& lower,
                                      const DiffOptions& options) {
  SUIT_LET(DirOpener opener, DirOpener::open(upper));
  SUIT_LET(LowerStack stack, LowerStack::open(lower, options.xattr));
  auto changes = Planner(std::move(opener), std::move(stack), options.xattr).run();
  if (!changes) return wrap(std::move(changes).error(), fmt::format("changes in \"{}\"", upper));
  return changes;
}

}  // namespace suit::layer
