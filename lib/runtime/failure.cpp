#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/steps.h"
#include "runtime/failure_internal.h"
#include "runtime/render.h"

namespace suit::runtime {
namespace {

constexpr std::string_view kKernelHint =
    "Linux 5.12 or newer is needed; a seccomp filter around the engine can also deny the call";

// What an errno means at a step, where it means one thing.
std::string step_hint(std::string_view step, const Op& op, int code) {
  if (code == ENOSYS) return std::string(kKernelHint);
  if (step == "host.clone" && code == EPERM)
    return "namespaces need root, or a user namespace of one's own: run as a plain user with "
           "unprivileged user namespaces allowed";
  if (step == "host.cgroup" && code == EBUSY)
    return "a container of this name is running: choose another, or stop that one";
  if (step == "host.cgroup" && (code == EACCES || code == EROFS))
    return "the cgroup v2 tree is not writable here";
  if (step == "process.cwd" && (code == ELOOP || op.call == Call::getcwd))
    return "the working directory leads outside of the container: set another";
  if (step == "process.cwd" && code == ENOTDIR)
    return "the working directory, or a part of it, is a file in the image";
  if (step == "mount.bind" && op.call == Call::open_tree && code == ENOENT)
    return "the source of the mount does not exist on the host";
  if (step == "mount.bind" && (code == ENOTDIR || (code == EINVAL && op.call == Call::move_mount)))
    return "one side is a file and the other a directory: mount a file on a file, a directory on a "
           "directory";
  if (code == ELOOP && step.starts_with("mount."))
    return "the mount point is a symlink in the image: the kernel's file systems are mounted on "
           "real directories only";
  if (code == EEXIST && op.call == Call::mkdirat)
    return "the mount point is a symlink that leads nowhere in the image: create what it leads to";
  if (code == EROFS && op.call == Call::mkdirat)
    return "the mount point is missing and its directory is read-only: create it in the image";
  if (code == ENODEV && op.call == Call::fsopen)
    return "this kernel does not know that type of file system: see /proc/filesystems";
  if (step == "ids.user" && code == EINVAL)
    return "that id is not mapped in this user namespace: give the user more ids in /etc/subuid "
           "and /etc/subgid";
  if (step == "ns.user" && code == EINVAL && op.call != Call::write)
    return "id 0 is not mapped in the container's user namespace: map it in uidMappings and "
           "gidMappings";
  if (step == "process.label")
    return "this host has no such security module, or does not know the label: leave "
           "selinuxLabel and apparmorProfile out";
  if (step == "tty.open" && code == ENOENT)
    return "the container has no terminals: mount devpts on /dev/pts";
  if (step == "mount.other" && code == EINVAL) return "the file system refuses one of the options";
  if (step == "process.rlimit" && code == EPERM)
    return "only CAP_SYS_RESOURCE may raise a hard limit: ask for less";
  return "";
}

Error exec_error(const LaunchPlan& plan, const Failure& failure, os::FdRef rootfs) {
  std::string what = fmt::format("exec \"{}\"", plan.program);
  // Of many candidates none was there: the last path tried would say too little.
  if (failure.error == ENOENT && plan.search.size() > 1) what += ": not found in PATH";
  return Error(failure.error, std::move(what)).with_hint(exec_hint(plan, failure.error, rootfs));
}

}  // namespace

Error describe_failure(const LaunchPlan& plan, const Failure& failure, os::FdRef rootfs,
                       const std::array<int, kSlotCount>& slots) {
  const Op& op = (failure.lane == kHostLane ? plan.host : plan.container)[failure.op];
  const Step& step = all_steps()[op.step];
  if (step.id == "exec" || step.id == "exec.find")
    return exec_error(plan, failure, rootfs).with_step("exec");
  std::string_view pointer = plan.string_at(op.pointer);
  std::string what = fmt::format("{}{}{}{}: {}", step.title, pointer.empty() ? "" : " (", pointer,
                                 pointer.empty() ? "" : ")", render_call(plan, op, slots));
  return Error(failure.error, std::move(what))
      .with_hint(step_hint(step.id, op, failure.error))
      .with_step(step.id);
}

}  // namespace suit::runtime
