// The mounts of the spec, each built detached and then attached at a place found inside the root.

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>

#include <fmt/format.h>

#include "runtime/builder_internal.h"
#include "runtime/options.h"
#include "runtime/plan_dev_internal.h"
#include "runtime/plan_root_internal.h"

namespace suit::runtime {
namespace {

constexpr std::size_t kMaxMounts = 200;  // a bind takes one of 255 slots
constexpr std::size_t kMaxDepth = 64;    // components of a destination: skip counts are 8 bits

// One mount of the spec, read.
struct Wanted {
  const oci::SpecMount& mount;
  MountOptions options;
  std::string destination;  // clean, absolute
  std::string pointer;
};

// A container that mounts over parts of its /proc could feed us a false one, and hides what the
// kernel says from its own programs (CVE-2019-16884). These files are known to be replaced (lxcfs).
constexpr std::array<std::string_view, 11> kReplaceableInProc = {
    "/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg", "/proc/meminfo", "/proc/net/dev",
    "/proc/slabinfo", "/proc/stat", "/proc/swaps", "/proc/uptime", "/proc/sys/crypto/fips_enabled",
    // A driver told not to make its own device nodes in a container that has been given some.
    "/proc/driver/nvidia/params"};

Result<void> check_destination(const Wanted& w) {
  std::string_view path = w.destination;
  if (path == "/")
    return fail(0,
                fmt::format("{}: destination \"{}\" is the root", w.pointer, w.mount.destination));
  if (static_cast<std::size_t>(std::ranges::count(path, '/')) > kMaxDepth)
    return fail(0,
                fmt::format("{}: destination has more than {} components", w.pointer, kMaxDepth));
  if (path.starts_with("/proc/") &&
      std::ranges::find(kReplaceableInProc, path) == kReplaceableInProc.end())
    return fail(
        0, fmt::format("{}: destination \"{}\" is inside /proc", w.pointer, w.mount.destination),
        "only files such as /proc/cpuinfo and /proc/uptime may be replaced");
  return {};
}

void plan_attributes(Builder& b, std::uint8_t tree, bool recursive, std::uint64_t set,
                     std::uint64_t clear, std::uint64_t propagation) {
  if (set == 0 && clear == 0 && propagation == 0) return;
  mount_attr attributes{};
  attributes.attr_set = set;
  // The kernel wants the whole access-time field cleared before one of its values is set.
  attributes.attr_clr = clear;
  attributes.propagation = propagation;
  b.op(Call::mount_setattr, {Builder::slot(tree), b.text(""),
                             Builder::number(AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0)),
                             b.data(attributes), Builder::number(sizeof attributes)});
}

// Files of the mount belong to the ids of a user namespace: one made for the mount's own mappings,
// or with the container's.
void plan_id_map(Builder& b, const PlanInput& in, const Wanted& w, std::uint8_t tree) {
  const oci::SpecMount& mount = w.mount;
  if (!w.options.maps_ids && mount.uid_mappings.empty()) return;
  bool has_own = !mount.uid_mappings.empty();
  UserMapping mapping;
  mapping.uids = has_own ? mount.uid_mappings : in.spec.linux_.uid_mappings;
  mapping.gids = has_own ? mount.gid_mappings : in.spec.linux_.gid_mappings;
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  Value data = b.data(attributes);
  mapping.userns_fd = static_cast<std::uint32_t>(data.word) +
                      static_cast<std::uint32_t>(offsetof(mount_attr, userns_fd));
  b.plan().user_mappings.push_back(std::move(mapping));
  b.op(Call::mount_setattr,
       {Builder::slot(tree), b.text(""),
        Builder::number(AT_EMPTY_PATH | (w.options.maps_below ? AT_RECURSIVE : 0)), data,
        Builder::number(sizeof attributes)});
}

void plan_bind(Builder& b, const PlanInput& in, const Wanted& w, Symlinks symlinks) {
  const MountOptions& o = w.options;
  std::uint8_t tree = b.new_slot("source of " + w.destination);
  b.in_host_lane();
  b.step("mount.bind", w.pointer);
  unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (o.recursive_bind ? AT_RECURSIVE : 0U) |
                   (o.follows_source ? 0U : AT_SYMLINK_NOFOLLOW);
  b.op(Call::open_tree, {Builder::number(AT_FDCWD), b.text(w.mount.source), Builder::number(flags)})
      .result = tree;
  // A copy of a shared mount is its peer: what the container mounts there would appear on the host.
  std::uint64_t propagation = o.propagation == 0 ? std::uint64_t{MS_PRIVATE} : o.propagation;
  if (propagation != MS_SHARED) plan_attributes(b, tree, true, 0, 0, propagation);
  plan_attributes(b, tree, false, o.set, o.clear, 0);
  plan_attributes(b, tree, true, o.recursive_set, o.recursive_clear, 0);
  plan_id_map(b, in, w, tree);
  b.in_container_lane();
  attach_in_root(b, {tree, w.destination, symlinks, true});
}

// A value that a file system of a user namespace would refuse.
bool is_unmapped_gid(const std::pair<std::string, std::string>& option, const PlanInput& in) {
  return option.first == "gid" && !in.maps_gid(std::strtoull(option.second.c_str(), nullptr, 10));
}

// A new file system, detached, into the slot `mount`.
void plan_filesystem(Builder& b, const PlanInput& in, const Wanted& w, const std::string& type,
                     std::uint64_t attributes, std::uint8_t mount) {
  std::uint8_t context = b.named_slot("context");
  b.op(Call::fsopen, {b.text(type), Builder::number(FSOPEN_CLOEXEC)}).result = context;
  auto set = [&](unsigned command, Value key, Value value) {
    b.op(Call::fsconfig,
         {Builder::slot(context), Builder::number(command), key, value, Builder::number(0)});
  };
  if (!w.mount.source.empty()) set(FSCONFIG_SET_STRING, b.text("source"), b.text(w.mount.source));
  for (const auto& option : w.options.data) {
    // Every spec asks for gid=5, the tty group; where it has no mapping, the file system's own
    // default gives the terminals to the caller's group.
    if (is_unmapped_gid(option, in)) continue;
    if (option.second.empty())
      set(FSCONFIG_SET_FLAG, b.text(option.first), Builder::null());
    else
      set(FSCONFIG_SET_STRING, b.text(option.first), b.text(option.second));
  }
  const std::string& label = in.spec.linux_.mount_label;
  bool is_labelled = type == "tmpfs" || type == "devpts" || type == "mqueue";
  if (!label.empty() && is_labelled) set(FSCONFIG_SET_STRING, b.text("context"), b.text(label));
  set(FSCONFIG_CMD_CREATE, Builder::null(), Builder::null());
  b.op(Call::fsmount, {Builder::slot(context), Builder::number(FSMOUNT_CLOEXEC),
                       Builder::number(static_cast<std::int64_t>(attributes))})
      .result = mount;
  if (w.options.propagation != 0 && w.options.propagation != MS_PRIVATE)
    plan_attributes(b, mount, false, 0, 0, w.options.propagation);
}

Result<void> plan_dev(Builder& b, const PlanInput& in, const Wanted& w) {
  // Read-only only after the nodes, and after the mount points of /dev/pts and its like.
  std::uint64_t attributes = w.options.set & ~std::uint64_t{MOUNT_ATTR_RDONLY};
  b.step("mount.dev", w.pointer);
  std::uint8_t tree = b.named_slot("dev");
  plan_filesystem(b, in, w, "tmpfs", attributes, tree);
  SUIT_TRY(plan_dev_tree(b, in, tree));
  b.step("mount.dev", w.pointer);
  attach_in_root(b, {tree, w.destination, Symlinks::Refuse, false});
  plan_dev_binds(b, in);
  return {};
}

struct KnownType {
  std::string_view type;
  std::string_view step;
};
constexpr std::array<KnownType, 6> kKnownTypes = {{{"proc", "mount.proc"},
                                                   {"sysfs", "mount.sysfs"},
                                                   {"tmpfs", "mount.tmpfs"},
                                                   {"devpts", "mount.devpts"},
                                                   {"mqueue", "mount.mqueue"},
                                                   {"cgroup2", "mount.cgroup"}}};

std::string_view step_of(std::string_view type) {
  const auto* known = std::ranges::find(kKnownTypes, type, &KnownType::type);
  return known == kKnownTypes.end() ? "mount.other" : known->step;
}

// Where the host's sysfs has to do: one of our own shows our network namespace's devices, so the
// kernel gives it only to that namespace's owner.
void plan_host_sysfs(Builder& b, const PlanInput& in, const Wanted& w) {
  oci::SpecMount host{w.mount.destination, "bind", "/sys", {}};
  MountOptions options = w.options;
  options.recursive_bind = true;
  options.recursive_set |= options.set;
  plan_bind(b, in, {host, options, w.destination, w.pointer}, Symlinks::Refuse);
}

// A bind of the container's own cgroup shows what a new cgroup2 file system would in a cgroup
// namespace, and without one shows nothing of the host's other groups. Creating a file system waits
// for an RCU grace period besides: 7 to 12 ms on an idle host.
void plan_own_cgroup(Builder& b, const PlanInput& in, const Wanted& w) {
  oci::SpecMount own{w.mount.destination, "bind", b.plan().cgroup_dir, {}};
  MountOptions options = w.options;
  options.data.clear();
  plan_bind(b, in, {own, options, w.destination, w.pointer}, Symlinks::Refuse);
}

void plan_fresh(Builder& b, const PlanInput& in, Wanted w) {
  std::string type = w.mount.type;
  if (type == "cgroup") type = "cgroup2";
  if (type == "cgroup2" && in.facts.cgroup2_dir.empty()) {
    // Nothing of the host's hierarchies may be seen, and programs look for the directory.
    b.warn(fmt::format("{}: no cgroup v2 hierarchy here, {} is an empty directory", w.pointer,
                       w.destination));
    type = "tmpfs";
    w.options.data = {{"mode", "755"}, {"size", "4k"}};
  }
  // Options of cgroup v1 hierarchies mean nothing to v2.
  if (type == "cgroup2") w.options.data.clear();
  b.step(step_of(type), w.pointer);
  std::uint8_t mount = b.named_slot("file system");
  plan_filesystem(b, in, w, type, w.options.set | w.options.recursive_set, mount);
  // A /proc or /sys that is a symlink would put the kernel's files where the image says
  // (CVE-2023-27561).
  bool is_kernels = type == "proc" || type == "sysfs" || type == "cgroup2";
  attach_in_root(b,
                 {mount, w.destination, is_kernels ? Symlinks::Refuse : Symlinks::Follow, false});
}

// Attributes of what is mounted there already.
void plan_remount(Builder& b, const Wanted& w) {
  b.step("mount.bind", w.pointer);
  std::uint8_t target = b.named_slot("mount point");
  open_in_root(b, w.destination, O_PATH, Symlinks::Follow, target);
  plan_attributes(b, target, false, w.options.set, w.options.clear, w.options.propagation);
  plan_attributes(b, target, true, w.options.recursive_set, w.options.recursive_clear, 0);
}

// A tmpfs that starts with what the image has there: made in the engine, which fills it.
void plan_copied(Builder& b, const PlanInput& in, Wanted w) {
  std::uint8_t mount = b.new_slot("tmpfs of " + w.destination);
  b.in_host_lane();
  b.step("mount.tmpfs", w.pointer);
  // The copy comes before the mount is read-only; a user namespace's files belong to its root.
  std::uint64_t late = (w.options.set | w.options.recursive_set) & MOUNT_ATTR_RDONLY;
  plan_filesystem(b, in, w, "tmpfs", (w.options.set | w.options.recursive_set) & ~late, mount);
  b.plan().copies.push_back({w.destination, mount});
  b.in_container_lane();
  b.step("mount.tmpfs", w.pointer);
  plan_attributes(b, mount, false, late, 0, 0);
  attach_in_root(b, {mount, w.destination, Symlinks::Follow, false});
}

Result<void> plan_mount(Builder& b, const PlanInput& in, const Wanted& w) {
  SUIT_TRY(check_destination(w));
  if (w.options.maps_ids && w.mount.uid_mappings.empty() && !in.has_namespace("user"))
    return fail(0, fmt::format("{}: \"idmap\" without uidMappings, and without a user namespace",
                               w.pointer));
  Symlinks symlinks = w.options.follows_destination ? Symlinks::Follow : Symlinks::Refuse;
  if (w.options.remount) {
    plan_remount(b, w);
  } else if (w.options.bind) {
    plan_bind(b, in, w, symlinks);
  } else if (w.options.copies_up) {
    plan_copied(b, in, w);
  } else if (w.destination == "/dev" && w.mount.type == "tmpfs") {
    return plan_dev(b, in, w);
  } else if (w.mount.type == "sysfs" && in.in_user_namespace() && in.shares_namespace("network")) {
    plan_host_sysfs(b, in, w);
  } else if (w.mount.type.starts_with("cgroup") && !b.plan().cgroup_dir.empty()) {
    plan_own_cgroup(b, in, w);
  } else {
    plan_fresh(b, in, w);
  }
  return {};
}

}  // namespace

Result<void> plan_mounts(Builder& b, const PlanInput& in) {
  b.step("root.attach", "/root/path");
  b.op(Call::move_mount, {Builder::slot(kSlotRootfs), b.text(""), Builder::number(AT_FDCWD),
                          b.text("/"), Builder::number(MOVE_MOUNT_F_EMPTY_PATH)});
  if (in.spec.mounts.size() > kMaxMounts)
    return fail(0,
                fmt::format("/mounts: {} mounts, more than {}", in.spec.mounts.size(), kMaxMounts));
  auto is_dev = [](const oci::SpecMount& mount) { return clean_path(mount.destination) == "/dev"; };
  if (std::ranges::none_of(in.spec.mounts, is_dev)) {
    oci::SpecMount mount = default_dev_mount();
    SUIT_LET(MountOptions options, parse_mount_options(mount));
    SUIT_TRY(plan_mount(b, in, {mount, options, "/dev", "/mounts"}));
  }
  for (std::size_t i = 0; i < in.spec.mounts.size(); ++i) {
    const oci::SpecMount& mount = in.spec.mounts[i];
    std::string pointer = fmt::format("/mounts/{}", i);
    auto options = parse_mount_options(mount);
    if (!options) return wrap(std::move(options).error(), pointer);
    SUIT_TRY(plan_mount(b, in, {mount, *options, clean_path(mount.destination), pointer}));
  }
  // A read-only /dev is made so only now that the mount points in it are there.
  for (std::size_t i = 0; i < in.spec.mounts.size(); ++i) {
    auto options = parse_mount_options(in.spec.mounts[i]);
    if (!is_dev(in.spec.mounts[i]) || options->bind || (options->set & MOUNT_ATTR_RDONLY) == 0)
      continue;
    b.step("mount.dev", fmt::format("/mounts/{}", i));
    plan_attributes(b, b.named_slot("dev"), false, MOUNT_ATTR_RDONLY, 0, 0);
  }
  return {};
}

}  // namespace suit::runtime
