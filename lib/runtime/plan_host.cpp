// The host lane: what is opened and sealed before the clone, the clone, and the wait for the
// report.

#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <string>

#include <fmt/format.h>

#include "runtime/builder_internal.h"

namespace suit::runtime {
namespace {

#ifndef MFD_EXEC
constexpr unsigned MFD_EXEC = 0x10;  // Linux 6.3
#endif
#ifndef CLONE_INTO_CGROUP
constexpr std::uint64_t CLONE_INTO_CGROUP = 0x200000000ULL;
#endif

constexpr int kAllSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

void plan_memfd(Builder& b, std::string_view name, std::uint8_t slot, Extern image, Extern size,
                unsigned flags) {
  Op& make = b.op(Call::memfd_create,
                  {b.text(name), Builder::number(MFD_CLOEXEC | MFD_ALLOW_SEALING | flags)});
  make.result = slot;
  if (flags != 0) {
    // Before Linux 6.3 every memfd is executable and the flag is unknown.
    make.tolerates = kMayBeUnsupported;
    make.skip_ok = 1;
    b.op(Call::memfd_create, {b.text(name), Builder::number(MFD_CLOEXEC | MFD_ALLOW_SEALING)})
        .result = slot;
  }
  b.op(Call::write, {Builder::slot(slot), Builder::supplied(image), Builder::supplied(size)});
  b.op(Call::fcntl,
       {Builder::slot(slot), Builder::number(F_ADD_SEALS), Builder::number(kAllSeals)});
}

// Namespaces that the clone makes. A time namespace is entered at the exec, once its offsets are
// written; a cgroup namespace once the process is in its cgroup.
constexpr std::array<std::string_view, 6> kCloned = {"mount", "pid", "network",
                                                     "ipc",   "uts", "user"};

// Descriptors that the container lane uses and does not open itself.
std::bitset<kSlotCount> inherited_slots(const LaunchPlan& plan) {
  std::bitset<kSlotCount> used;
  std::bitset<kSlotCount> made;
  for (const Op& op : plan.container) {
    for (std::size_t i = 0; i < op.argument_count; ++i)
      if (op.kinds[i] == Arg::Slot) used.set(static_cast<std::size_t>(op.args[i]));
    if (op.result != kSlotNone) made.set(op.result);
  }
  used &= ~made;
  used.set(kSlotReportWrite);
  used.set(kSlotPlan);
  return used;
}

void plan_in_child(Builder& b, std::size_t first) {
  for (std::size_t i = first; i < b.op_count(); ++i)
    b.op_at(i).when |= kWhenInChild;
}

// Root of the user namespace, before the helper's exec: an exec by an id that is not mapped would
// lose all capabilities.
void plan_become_root(Builder& b) {
  Value zero = Builder::number(0);
  b.op(Call::setgroups, {zero, Builder::null()}).tolerates = kMayBeUnsupported;
  b.op(Call::setresgid, {zero, zero, zero});
  b.op(Call::setresuid, {zero, zero, zero});
}

// The child's part of a new user namespace: wait for the maps. Of a joined one: enter it, then make
// the other namespaces, which must belong to it.
void plan_child_user(Builder& b, const PlanInput& in, std::uint64_t unshared) {
  std::size_t first = b.op_count();
  b.step("ns.user", "/linux/uidMappings");
  if (in.has_namespace("user")) {
    // Otherwise our own end would keep us waiting for ourselves when the engine dies.
    b.op(Call::close, {Builder::slot(kSlotSyncHost)});
    b.op(Call::read,
         {Builder::slot(kSlotSyncChild), Builder::supplied(Extern::Word), Builder::number(1)})
        .flags = kMustRead;
    plan_become_root(b);
  } else if (in.joins_namespace("user")) {
    b.op(Call::setns,
         {Builder::slot(b.named_slot("user namespace")), Builder::number(CLONE_NEWUSER)});
    plan_become_root(b);
    if (unshared != 0) b.op(Call::unshare, {Builder::number(static_cast<std::int64_t>(unshared))});
  }
  plan_in_child(b, first);
}

void plan_child(Builder& b, const PlanInput& in, std::uint64_t unshared) {
  plan_child_user(b, in, unshared);
  std::size_t first = b.op_count();
  b.step("host.handover", "");
  // Everything of ours is close-on-exec; what the helper needs loses that in the child alone.
  std::bitset<kSlotCount> inherited = inherited_slots(b.plan());
  for (std::size_t i = 0; i < inherited.size(); ++i)
    if (inherited.test(i))
      b.op(Call::fcntl, {Builder::slot(static_cast<std::uint8_t>(i)), Builder::number(F_SETFD),
                         Builder::number(0)});
  b.op(Call::fcntl, {Builder::slot(kSlotTimes), Builder::number(F_SETFD), Builder::number(0)})
      .when = kWhenTimed;

  b.step("process.signals", "");
  // struct sigaction of the kernel, all zero: SIG_DFL, no flags, no mask.
  std::array<std::uint64_t, 4> by_default{};
  for (int signal = 1; signal < 64; ++signal)
    if ((in.facts.ignored_signals >> (signal - 1) & 1) != 0)
      b.op(Call::rt_sigaction,
           {Builder::number(signal), b.data(by_default), Builder::null(), Builder::number(8)});
  b.op(Call::rt_sigprocmask, {Builder::number(SIG_SETMASK), b.data(std::uint64_t{0}),
                              Builder::null(), Builder::number(8)});

  b.step("host.helper", "");
  b.op(Call::execveat, {Builder::slot(kSlotHelper), b.text(""), Builder::supplied(Extern::Argv),
                        Builder::supplied(Extern::Envp), Builder::number(AT_EMPTY_PATH)});
  plan_in_child(b, first);
}

// One line a mapping, as user_namespaces(7) wants them, in one write.
std::string map_text(const std::vector<oci::IdMapping>& maps) {
  std::string text;
  for (const oci::IdMapping& map : maps)
    text += fmt::format("{} {} {}\n", map.container_id, map.host_id, map.size);
  return text;
}

// The parent's part of a new user namespace.
void plan_maps(Builder& b, const PlanInput& in) {
  std::uint8_t file = b.named_slot("id map");
  auto write_map = [&](Extern path, std::string_view pointer,
                       const std::vector<oci::IdMapping>& maps) {
    b.step("ns.user", pointer);
    b.op(Call::openat, {Builder::number(AT_FDCWD), Builder::supplied(path),
                        Builder::number(O_WRONLY | O_CLOEXEC), Builder::number(0)})
        .result = file;
    b.write(file, map_text(maps));
  };
  write_map(Extern::UidMapPath, "/linux/uidMappings", in.spec.linux_.uid_mappings);
  write_map(Extern::GidMapPath, "/linux/gidMappings", in.spec.linux_.gid_mappings);
  b.write(kSlotSyncHost, "m");
}

// What the parent does between the clone and the program's start.
void plan_parent(Builder& b, const PlanInput& in) {
  if (in.joins_namespace("pid") || b.plan().clones_into_target) {
    // Only our next children were to be born there.
    b.step("ns.join", "/linux/namespaces");
    b.op(Call::setns,
         {Builder::slot(b.named_slot("own pid namespace")), Builder::number(CLONE_NEWPID)});
  }
  b.step("host.started", "");
  b.op(Call::close, {Builder::slot(kSlotReportWrite)});
  if (!in.has_sync()) return;
  b.op(Call::close, {Builder::slot(kSlotSyncChild)});
  if (in.has_namespace("user")) plan_maps(b, in);
  plan_raised_limits(b, in);
  auto wait = [&](std::string_view step) {
    b.step(step, "");
    Op& read = b.op(Call::read, {Builder::slot(kSlotSyncHost), Builder::supplied(Extern::Word),
                                 Builder::number(1)});
    read.flags = kMustRead;
    return b.op_count() - 1;
  };
  if (in.has_rendezvous()) {
    b.op_at(wait("hooks.rendezvous")).flags |= kCallerActs;
    b.write(kSlotSyncHost, "h");
  }
  if (in.options.waits_for_start) wait("start.wait");
}

}  // namespace

std::uint64_t namespace_flag(std::string_view type) {
  struct Flag {
    std::string_view type;
    std::uint64_t bit;
  };
  constexpr std::array<Flag, 8> kFlags = {{{"mount", CLONE_NEWNS},
                                           {"pid", CLONE_NEWPID},
                                           {"network", CLONE_NEWNET},
                                           {"ipc", CLONE_NEWIPC},
                                           {"uts", CLONE_NEWUTS},
                                           {"user", CLONE_NEWUSER},
                                           {"cgroup", CLONE_NEWCGROUP},
                                           {"time", CLONE_NEWTIME}}};
  const auto* found = std::ranges::find(kFlags, type, &Flag::type);
  return found == kFlags.end() ? 0 : found->bit;
}

Result<void> plan_host_lane(Builder& b, const PlanInput& in) {
  b.in_host_lane();
  SUIT_TRY(plan_cgroups(b, in));
  plan_report_and_helper(b, in);
  b.in_container_lane();
  return {};
}

void plan_report_and_helper(Builder& b, const PlanInput& in) {
  b.in_host_lane();
  b.step("host.report", "");
  // In two steps the report is a fifo with a name: another process will read it.
  if (!in.options.waits_for_start)
    b.op(Call::pipe2, {Builder::address_of(kSlotReportRead), Builder::number(O_CLOEXEC)});
  if (in.has_sync()) {
    b.step("host.sync", "");
    b.op(Call::socketpair, {Builder::number(AF_UNIX), Builder::number(SOCK_STREAM | SOCK_CLOEXEC),
                            Builder::number(0), Builder::address_of(kSlotSyncHost)});
  }
  b.step("host.helper", "");
  plan_memfd(b, "suit-init", kSlotHelper, Extern::HelperImage, Extern::HelperSize, MFD_EXEC);
  b.in_container_lane();
}

void plan_clone(Builder& b, const PlanInput& in, std::uint64_t namespaces) {
  b.in_host_lane();
  b.step("host.plan", "");
  plan_memfd(b, "plan", kSlotPlan, Extern::PlanImage, Extern::PlanSize, 0);

  std::uint64_t flags = CLONE_PIDFD;
  std::uint64_t unshared = 0;
  for (std::string_view type : kCloned)
    if (in.has_namespace(type)) flags |= namespace_flag(type) & namespaces;
  if (in.joins_namespace("user")) {
    constexpr std::uint64_t kLater = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
    unshared = flags & kLater;
    flags &= ~kLater;
  }
  if (!b.plan().cgroup_dir.empty()) flags |= CLONE_INTO_CGROUP;
  b.plan().clone_flags = flags;
  b.step("host.clone", "/linux/namespaces");
  // The child borrows our memory until its exec: no page is copied, whatever our size. Where it has
  // to wait for us before that, it needs memory of its own.
  if ((flags & CLONE_NEWUSER) == 0) {
    Op& fast = b.op(Call::clone3,
                    {Builder::supplied(Extern::CloneArgs), Builder::number(sizeof(clone_args)),
                     Builder::number(CLONE_VM | CLONE_VFORK)});
    fast.when = kWhenSharedMemory;
    fast.tolerates = kMayBeUnsupported;
    fast.skip_ok = 1;
  }
  b.op(Call::clone3, {Builder::supplied(Extern::CloneArgs), Builder::number(sizeof(clone_args)),
                      Builder::number(0)});
  plan_child(b, in, unshared);
  plan_parent(b, in);
  if (!in.options.waits_for_start) {
    b.step("host.started", "");
    b.op(Call::read, {Builder::slot(kSlotReportRead), Builder::supplied(Extern::Failure),
                      Builder::number(sizeof(Failure))});
  }
  b.in_container_lane();
}

}  // namespace suit::runtime
