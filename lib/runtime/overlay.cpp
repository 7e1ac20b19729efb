// Root file systems as detached mounts.

#include <fcntl.h>
#include <sys/mount.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "os/mount.h"
#include "runtime/cgroup.h"
#include "runtime/runtime.h"

namespace suit::runtime {
namespace {

constexpr std::size_t kMaxLayers = 500;  // the kernel's OVL_MAX_STACK

// One layer at a time: neither a page's limit on the option's length nor a ':' in a path matters.
Result<void> add_lowers(os::Filesystem& fs, const std::vector<std::string>& lower) {
  for (const std::string& path : lower) {
    SUIT_LET(os::Fd directory, os::open_at(os::FdRef::cwd(), path, O_PATH | O_DIRECTORY));
    auto added = fs.set_fd("lowerdir+", directory);
    // Linux 6.5 to 6.12 take a path here, not a descriptor.
    if (!added) added = fs.set("lowerdir+", path);
    if (!added) return added;
  }
  return {};
}

// Before Linux 6.5: all in one option.
Result<void> join_lowers(os::Filesystem& fs, const std::vector<std::string>& lower) {
  std::string joined;
  for (const std::string& path : lower) {
    if (!joined.empty()) joined += ':';
    for (char c : path) {
      if (c == ':' || c == '\\') joined += '\\';
      joined += c;
    }
  }
  return fs.set("lowerdir", joined);
}

Result<os::Filesystem> configure(const Overlay& overlay, const HostFacts& facts, bool one_by_one) {
  SUIT_LET(os::Filesystem fs, os::Filesystem::fsopen("overlay"));
  SUIT_TRY(fs.set("source", "overlay"));
  SUIT_TRY(one_by_one ? add_lowers(fs, overlay.lower) : join_lowers(fs, overlay.lower));
  SUIT_TRY(fs.set("upperdir", overlay.upper));
  SUIT_TRY(fs.set("workdir", overlay.work));
  // A layer must not depend on where or by whom it was mounted: no redirects, no metadata-only
  // copies.
  // With userxattr the kernel takes no word for redirects but nofollow, which makes none either.
  SUIT_TRY(fs.set("redirect_dir", facts.in_user_namespace ? "nofollow" : "off"));
  SUIT_TRY(fs.set("metacopy", "off"));
  SUIT_TRY(fs.set("index", "off"));
  // trusted.* attributes are the initial user namespace's.
  if (facts.in_user_namespace) SUIT_TRY(fs.set_flag("userxattr"));
  if (overlay.discard) SUIT_TRY(fs.set_flag("volatile"));
  return fs;
}

}  // namespace

Result<os::Fd> mount_overlay(const Overlay& overlay, const HostFacts& facts) {
  if (overlay.lower.empty()) return fail(0, "mount overlay: no lower directory");
  if (overlay.lower.size() > kMaxLayers)
    return fail(
        0, fmt::format("mount overlay: {} layers, more than {}", overlay.lower.size(), kMaxLayers),
        "build the image with fewer steps that write, or squash it");
  auto fs = configure(overlay, facts, true);
  if (!fs && fs.error().code() == EINVAL) fs = configure(overlay, facts, false);
  if (!fs) return wrap(std::move(fs).error(), "mount overlay");
  auto created = fs->create();
  if (!created) return wrap(std::move(created).error(), "mount overlay on " + overlay.upper);
  const bool guarded = overlay.nodes == Nodes::Guarded && guards_devices(facts);
  return fs->fsmount(guarded ? 0 : MOUNT_ATTR_NODEV);
}

Result<os::Fd> clone_tree(const std::string& path, std::string_view propagation) {
  SUIT_LET(os::Fd tree, os::open_tree(os::FdRef::cwd(), path, OPEN_TREE_CLONE | AT_RECURSIVE));
  // A copy of a shared mount is its peer: what the container mounts there would appear on the host.
  mount_attr attributes{};
  attributes.propagation = propagation.ends_with("slave") ? MS_SLAVE : MS_PRIVATE;
  SUIT_TRY(os::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, attributes));
  return tree;
}

}  // namespace suit::runtime
