// What happens in the new namespaces before there is a root: names, loopback, sysctls, the way out
// of a chroot.

#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "runtime/builder_internal.h"

namespace suit::runtime {
namespace {

// Only our children can be born into another pid namespace; so we go there in name, clone, and come
// back.
void plan_join_pid(Builder& b, std::uint8_t slot) {
  std::uint8_t own = b.named_slot("own pid namespace");
  b.op(Call::openat, {Builder::number(AT_FDCWD), b.text("/proc/self/ns/pid"),
                      Builder::number(O_RDONLY | O_CLOEXEC), Builder::number(0)})
      .result = own;
  b.op(Call::setns, {Builder::slot(slot), Builder::number(CLONE_NEWPID)});
}

Result<void> plan_joins(Builder& b, const PlanInput& in) {
  const auto& list = in.spec.linux_.namespaces;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const oci::Namespace& ns = list[i];
    if (ns.path.empty()) continue;
    b.in_host_lane();
    b.step("ns.join", fmt::format("/linux/namespaces/{}", i));
    std::uint8_t slot = b.named_slot(ns.type + " namespace");
    b.op(Call::openat, {Builder::number(AT_FDCWD), b.text(ns.path),
                        Builder::number(O_RDONLY | O_CLOEXEC), Builder::number(0)})
        .result = slot;
    if (ns.type == "pid") plan_join_pid(b, slot);
    b.in_container_lane();
    // Pid: done above. User: in the child, before all else (plan_child_user).
    if (ns.type == "pid" || ns.type == "user") continue;
    b.op(Call::setns, {Builder::slot(slot),
                       Builder::number(static_cast<std::int64_t>(namespace_flag(ns.type)))});
  }
  return {};
}

// A new time namespace takes its offsets only while nobody is in it: the program enters at its
// exec.
void plan_time(Builder& b, const PlanInput& in) {
  if (!in.has_namespace("time")) return;
  b.step("ns.time", "/linux/timeOffsets");
  b.op(Call::unshare, {Builder::number(CLONE_NEWTIME)});
  std::string text;
  for (const auto& [clock, offset] : in.spec.linux_.time_offsets)
    text += fmt::format("{} {} {}\n", clock, offset.seconds, offset.nanoseconds);
  if (!text.empty()) plan_write(b, "/proc/self/timens_offsets", text);
}

// A chroot's root is no mount, and pivot_root wants one. A process whose root lies below its
// working directory can climb: so the root moves into the container's, and we climb from the old
// one.
void plan_escape(Builder& b) {
  b.step("root.escape", "");
  std::uint8_t outer = b.new_slot("chroot");
  b.op(Call::openat, {Builder::number(AT_FDCWD), b.text("/"),
                      Builder::number(O_PATH | O_DIRECTORY | O_CLOEXEC), Builder::number(0)})
      .result = outer;
  b.op(Call::fchdir, {Builder::slot(kSlotRootfs)});
  b.op(Call::chroot, {b.text(".")});
  b.op(Call::fchdir, {Builder::slot(outer)});
  std::string up;
  for (int depth = 0; depth < 64; ++depth)
    up += "../";
  b.op(Call::chdir, {b.text(up)});
  b.op(Call::chroot, {b.text(".")});
}

void plan_names(Builder& b, const PlanInput& in) {
  if (!in.spec.hostname.empty()) {
    b.step("uts.hostname", "/hostname");
    b.op(Call::sethostname, {b.text(in.spec.hostname),
                             Builder::number(static_cast<std::int64_t>(in.spec.hostname.size()))});
  }
  if (!in.spec.domainname.empty()) {
    b.step("uts.domainname", "/domainname");
    b.op(Call::setdomainname,
         {b.text(in.spec.domainname),
          Builder::number(static_cast<std::int64_t>(in.spec.domainname.size()))});
  }
}

void plan_loopback(Builder& b) {
  b.step("net.loopback", "/linux/namespaces");
  std::uint8_t socket = b.new_slot("socket");
  b.op(Call::socket,
       {Builder::number(AF_INET), Builder::number(SOCK_DGRAM | SOCK_CLOEXEC), Builder::number(0)})
      .result = socket;
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  b.op(Call::ioctl, {Builder::slot(socket), Builder::number(SIOCSIFFLAGS), b.data(request)});
}

// The namespace that a sysctl belongs to, or "": the host's.
std::string_view namespace_of_sysctl(std::string_view name) {
  constexpr std::array<std::string_view, 9> kIpc = {
      "kernel.msgmax", "kernel.msgmnb",          "kernel.msgmni",
      "kernel.sem",    "kernel.shmall",          "kernel.shmmax",
      "kernel.shmmni", "kernel.shm_rmid_forced", "kernel.msg_next_id"};
  if (name.starts_with("net.")) return "network";
  if (name.starts_with("fs.mqueue.") || std::ranges::find(kIpc, name) != kIpc.end()) return "ipc";
  if (name == "kernel.hostname" || name == "kernel.domainname") return "uts";
  return "";
}

Result<void> plan_sysctls(Builder& b, const PlanInput& in) {
  for (const auto& [name, value] : in.spec.linux_.sysctl) {
    std::string pointer = "/linux/sysctl/" + name;
    std::string_view ns = namespace_of_sysctl(name);
    if (ns.empty() || name.find("..") != std::string::npos || name.find("//") != std::string::npos)
      return fail(0, fmt::format("{}: sysctl \"{}\" is not the container's to set", pointer, name),
                  "only sysctls of the network, ipc and uts namespaces are: net.*, fs.mqueue.*, "
                  "kernel.shm*, kernel.msg*");
    if (in.shares_namespace(ns))
      return fail(0, fmt::format("{}: sysctl \"{}\" would change the host: the container has no {} "
                                 "namespace of its own",
                                 pointer, name, ns));
    std::string path = "/proc/sys/" + name;
    // A slash in a name stands for a dot of an interface's: net.ipv4.conf.eth0/100.forwarding.
    std::ranges::transform(path.begin() + 10, path.end(), path.begin() + 10, [](char c) {
      return c == '.' ? '/' : c == '/' ? '.' : c;
    });
    b.step("proc.sysctl", pointer);
    plan_write(b, path, value);
  }
  return {};
}

}  // namespace

// Writes go through the host's /proc: nothing of the image is mounted yet, so it is the real one
// (CVE-2025-52881).
void plan_write(Builder& b, std::string_view path, std::string_view value) {
  std::uint8_t file = b.named_slot("proc file");
  b.op(Call::openat, {Builder::number(AT_FDCWD), b.text(path),
                      Builder::number(O_WRONLY | O_CLOEXEC), Builder::number(0)})
      .result = file;
  b.write(file, value);
}

void plan_oom_score(Builder& b, const PlanInput& in) {
  if (!in.spec.process.oom_score_adj) return;
  b.step("proc.oom_score", "/process/oomScoreAdj");
  plan_write(b, "/proc/self/oom_score_adj", std::to_string(*in.spec.process.oom_score_adj));
}

void plan_undumpable(Builder& b) {
  b.step("proc.undumpable", "");
  b.op(Call::prctl, {Builder::number(PR_SET_DUMPABLE), Builder::number(0), Builder::number(0),
                     Builder::number(0), Builder::number(0)});
}

Result<void> plan_isolation(Builder& b, const PlanInput& in) {
  SUIT_TRY(plan_joins(b, in));
  if (!in.facts.root_is_mount) plan_escape(b);

  b.step("mount.private", "/linux/rootfsPropagation");
  bool is_slave = in.spec.linux_.rootfs_propagation.ends_with("slave");
  b.op(Call::mount,
       {Builder::null(), b.text("/"), Builder::null(),
        Builder::number(MS_REC | (is_slave ? MS_SLAVE : MS_PRIVATE)), Builder::null()});
  if (in.has_namespace("cgroup")) {
    b.step("cgroup.namespace", "/linux/namespaces");
    b.op(Call::unshare, {Builder::number(CLONE_NEWCGROUP)});
  }
  if (in.has_namespace("network")) plan_loopback(b);
  plan_names(b, in);
  SUIT_TRY(plan_sysctls(b, in));
  plan_time(b, in);
  plan_oom_score(b, in);
  SUIT_TRY(plan_setting(b, in));
  // Hooks find their way in by /proc/PID/root, which an undumpable process does not have.
  if (!in.has_rendezvous()) plan_undumpable(b);
  // Modes in the plan are what they say.
  b.step("process.umask", "/process/user/umask");
  b.op(Call::umask, {Builder::number(0)});
  return {};
}

}  // namespace suit::runtime
