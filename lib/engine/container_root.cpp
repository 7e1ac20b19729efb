/// \file
/// A container's root as a directory to work in.

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include <fmt/format.h>

#include "engine/copy.h"
#include "engine/process_internal.h"
#include "engine/supervise_internal.h"
#include "os/mount.h"

namespace suit::engine {
namespace {

// The pidfd is compared after the open: the number was the container's then.
Result<void> with_live_root(const Status& container,
                            const std::function<Result<void>(const os::Root&)>& use) {
  SUIT_LET(os::Fd before, open_container_process(container.state));
  SUIT_LET(os::Root root, os::Root::open(fmt::format("/proc/{}/root", container.state.pid)));
  SUIT_LET(os::Fd after, open_container_process(container.state));
  return use(root);
}

// A mount namespace belongs to a thread: this one's goes with it, and all mounts made in it.
Result<void> in_private_mounts(const std::function<Result<void>()>& work) {
  Result<void> result;
  std::thread worker([&] {
    result = [&]() -> Result<void> {
      if (::unshare(CLONE_NEWNS) != 0) return fail(errno, "unshare(CLONE_NEWNS)");
      if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return fail(errno, "mount(\"/\", MS_REC|MS_PRIVATE)");
      return work();
    }();
  });
  worker.join();
  return result;
}

bool is_read_only(const oci::SpecMount& mount) {
  return std::ranges::find(mount.options, "ro") != mount.options.end();
}

Result<void> set_read_only(os::FdRef mount) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  return os::mount_setattr(mount, "", AT_EMPTY_PATH, attributes);
}

// The place of a mount, made as a start would make it.
Result<os::Fd> mount_point(const os::Root& root, const oci::SpecMount& mount) {
  auto there = root.open_in(mount.destination, O_PATH);
  if (there || there.error().code() != ENOENT) return there;
  struct stat source{};
  if (::stat(mount.source.c_str(), &source) != 0)
    return fail(errno, fmt::format("stat(\"{}\")", mount.source));
  if (S_ISDIR(source.st_mode)) return root.make_dirs(mount.destination);
  std::string clean = clean_destination(mount.destination);
  std::size_t slash = clean.rfind('/');
  SUIT_LET(os::Fd parent, root.make_dirs(clean.substr(0, slash + 1)));
  return os::open_at(parent, clean.substr(slash + 1), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                     0644);
}

Result<void> attach_mounts(const os::Root& root, const Record& record, const Volumes& volumes) {
  std::vector<oci::SpecMount> mounts = user_mounts(record, volumes);
  SUIT_LET(std::vector<os::Fd> held, open_subpaths(record, volumes, mounts));
  for (const oci::SpecMount& mount : mounts) {
    if (mount.type != "bind") continue;  // a tmpfs holds nothing before the start
    SUIT_LET(os::Fd tree, runtime::clone_tree(mount.source));
    if (is_read_only(mount)) SUIT_TRY(set_read_only(tree));
    SUIT_LET(os::Fd place, mount_point(root, mount));
    SUIT_TRY(os::move_mount(tree, place, ""));
  }
  return {};
}

}  // namespace

Result<os::Fd> Engine::mount_root(const Record& record) {
  SUIT_LET(runtime::HostFacts facts, runtime::probe_host());
  SUIT_LET(std::vector<std::string> lower, lower_dirs(store_, record));
  const std::string dir = container_dir(record.id);
  SUIT_TRY(allow_remount(dir));
  return runtime::mount_overlay({std::move(lower), dir + "/upper", dir + "/work"}, facts);
}

Result<void> with_root(Engine& engine, const Status& container,
                       const std::function<Result<void>(const os::Root&)>& use) {
  if (container.state.phase == State::Phase::Running ||
      container.state.phase == State::Phase::Paused)
    return with_live_root(container, use);
  // Held: nobody may start it on the same upper directory meanwhile.
  SUIT_LET(Held held, engine.hold(container));
  auto done = in_private_mounts([&]() -> Result<void> {
    SUIT_LET(os::Fd mounted, engine.mount_root(held.record));
    std::string place = engine.container_dir(held.record.id);
    SUIT_TRY(os::move_mount(mounted, os::FdRef::cwd(), place));
    SUIT_LET(os::Root root, os::Root::open(place));
    SUIT_TRY(attach_mounts(root, held.record, engine.volumes()));
    if (held.record.read_only) SUIT_TRY(set_read_only(mounted));
    return use(root);
  });
  engine.release(std::move(held));
  return done;
}

}  // namespace suit::engine
