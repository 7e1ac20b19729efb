// Masked and read-only paths, and the switch to the new root.

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "runtime/builder_internal.h"
#include "runtime/plan_root_internal.h"

namespace suit::runtime {
namespace {

constexpr unsigned kCloneFlags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;

// Only a guess at what to try first: the other is tried when the kernel says that types differ.
bool is_likely_directory(std::string_view path) {
  constexpr std::array<std::string_view, 6> kDirectories = {"/proc/acpi",
                                                            "/proc/asound",
                                                            "/proc/scsi",
                                                            "/sys/firmware",
                                                            "/sys/devices/virtual/powercap",
                                                            "/sys/devices/system/cpu"};
  return std::ranges::any_of(kDirectories,
                             [&](std::string_view known) { return path.starts_with(known); });
}

bool is_absent(const HostFacts& facts, const std::string& path) {
  return std::ranges::find(facts.absent_masked, path) != facts.absent_masked.end();
}

// What covers masked paths: the host's null device for files, one empty tmpfs for directories.
struct Covers {
  std::uint8_t null;
  std::uint8_t empty;
};

Covers plan_covers(Builder& b) {
  Covers covers{b.new_slot("/dev/null"), b.new_slot("empty tmpfs")};
  std::uint8_t context = b.named_slot("context");
  // From the root as it still is: the image's /dev/null may be anything.
  b.op(Call::openat, {Builder::number(AT_FDCWD), b.text("/dev/null"),
                      Builder::number(O_PATH | O_CLOEXEC), Builder::number(0)})
      .result = covers.null;
  b.op(Call::fsopen, {b.text("tmpfs"), Builder::number(FSOPEN_CLOEXEC)}).result = context;
  for (std::string_view key : {"nr_blocks", "nr_inodes"})
    b.op(Call::fsconfig, {Builder::slot(context), Builder::number(FSCONFIG_SET_STRING), b.text(key),
                          b.text("1"), Builder::number(0)});
  b.op(Call::fsconfig, {Builder::slot(context), Builder::number(FSCONFIG_CMD_CREATE),
                        Builder::null(), Builder::null(), Builder::number(0)});
  b.op(Call::fsmount, {Builder::slot(context), Builder::number(FSMOUNT_CLOEXEC),
                       Builder::number(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                                       MOUNT_ATTR_NOEXEC)})
      .result = covers.empty;
  // Only an attached mount can be cloned (before Linux 6.15): it waits on the old /dev, which
  // nobody needs any more and which goes with the old root.
  b.op(Call::move_mount, {Builder::slot(covers.empty), b.text(""), Builder::number(AT_FDCWD),
                          b.text("/dev"), Builder::number(MOVE_MOUNT_F_EMPTY_PATH)});
  return covers;
}

void plan_mask(Builder& b, const Covers& covers, std::uint8_t target, std::uint8_t copy,
               std::string_view path) {
  std::size_t first = b.op_count();
  Op& find = open_in_root(b, path, O_PATH, Symlinks::Follow, target);
  find.tolerates = kMayBeAbsent | kMayBeOtherType | kMayBeForbidden;
  std::uint8_t order[2] = {covers.null, covers.empty};
  if (is_likely_directory(path)) std::swap(order[0], order[1]);
  std::size_t attempt = 0;
  for (std::uint8_t cover : order) {
    b.op(Call::open_tree, {Builder::slot(cover), b.text(""), Builder::number(kCloneFlags)}).result =
        copy;
    Op& move = b.op(Call::move_mount, {Builder::slot(copy), b.text(""), Builder::slot(target),
                                       b.text(""), Builder::number(kBothEmpty)});
    if (cover != order[0]) continue;
    move.tolerates = kMayBeOtherType;
    attempt = b.op_count() - 1;
  }
  b.op_at(attempt).skip_ok = static_cast<std::uint8_t>(b.op_count() - attempt - 1);
  b.op_at(first).skip_failed = static_cast<std::uint8_t>(b.op_count() - first - 1);
}

void plan_readonly(Builder& b, std::uint8_t target, std::uint8_t copy, std::string_view path) {
  std::size_t first = b.op_count();
  open_in_root(b, path, O_PATH, Symlinks::Follow, target).tolerates =
      kMayBeAbsent | kMayBeOtherType | kMayBeForbidden;
  b.op(Call::open_tree,
       {Builder::slot(target), b.text(""), Builder::number(kCloneFlags | AT_RECURSIVE)})
      .result = copy;
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  b.op(Call::mount_setattr,
       {Builder::slot(copy), b.text(""), Builder::number(AT_EMPTY_PATH | AT_RECURSIVE),
        b.data(attributes), Builder::number(sizeof attributes)});
  b.op(Call::move_mount, {Builder::slot(copy), b.text(""), Builder::slot(target), b.text(""),
                          Builder::number(kBothEmpty)});
  b.op_at(first).skip_failed = static_cast<std::uint8_t>(b.op_count() - first - 1);
}

}  // namespace

void plan_hidden_paths(Builder& b, const PlanInput& in) {
  const auto& masked = in.spec.linux_.masked_paths;
  const auto& readonly = in.spec.linux_.readonly_paths;
  if (masked.empty() && readonly.empty()) return;
  std::uint8_t target = b.new_slot("hidden path");
  std::uint8_t copy = b.new_slot("its cover");
  b.step("mask.path", "/linux/maskedPaths");
  if (!masked.empty()) {
    Covers covers = plan_covers(b);
    for (std::size_t i = 0; i < masked.size(); ++i) {
      if (is_absent(in.facts, masked[i])) continue;
      b.step("mask.path", fmt::format("/linux/maskedPaths/{}", i));
      plan_mask(b, covers, target, copy, clean_path(masked[i]));
    }
  }
  for (std::size_t i = 0; i < readonly.size(); ++i) {
    if (is_absent(in.facts, readonly[i])) continue;
    b.step("mask.readonly", fmt::format("/linux/readonlyPaths/{}", i));
    plan_readonly(b, target, copy, clean_path(readonly[i]));
  }
}

void plan_rendezvous(Builder& b, const PlanInput& in) {
  if (!in.has_rendezvous()) return;
  b.step("hooks.rendezvous", "/hooks");
  b.write(kSlotSyncChild, "h");
  b.op(Call::read, {Builder::slot(kSlotSyncChild), b.data(std::uint64_t{0}), Builder::number(1)})
      .flags = kMustRead;
  plan_undumpable(b);
}

void plan_pivot(Builder& b, const PlanInput& in) {
  // Docker makes a working directory that the image lacks; after this the root may be read-only.
  b.step("process.cwd", "/process/cwd");
  make_dirs_in_root(b, clean_path(in.spec.process.cwd));
  if (in.spec.root_readonly) {
    b.step("root.readonly", "/root/readonly");
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    b.op(Call::mount_setattr,
         {Builder::slot(kSlotRootfs), b.text(""), Builder::number(AT_EMPTY_PATH),
          b.data(attributes), Builder::number(sizeof attributes)});
  }
  b.step("root.pivot", "/root/path");
  b.op(Call::fchdir, {Builder::slot(kSlotRootfs)});
  if (in.options.has_pivot) {
    // The new root covers the old one at the same place, so no directory for it is needed.
    b.op(Call::pivot_root, {b.text("."), b.text(".")});
    b.op(Call::umount2, {b.text("."), Builder::number(MNT_DETACH)});
  } else {
    b.op(Call::chroot, {b.text(".")});
  }
  b.op(Call::chdir, {b.text("/")});
  const std::string& propagation = in.spec.linux_.rootfs_propagation;
  bool is_shared = propagation.ends_with("shared");
  if (!is_shared && !propagation.ends_with("unbindable")) return;
  b.step("root.propagation", "/linux/rootfsPropagation");
  mount_attr attributes{};
  attributes.propagation = is_shared ? MS_SHARED : MS_UNBINDABLE;
  b.op(Call::mount_setattr,
       {Builder::slot(kSlotRootfs), b.text(""),
        Builder::number(AT_EMPTY_PATH | (propagation.starts_with('r') ? AT_RECURSIVE : 0)),
        b.data(attributes), Builder::number(sizeof attributes)});
}

}  // namespace suit::runtime
