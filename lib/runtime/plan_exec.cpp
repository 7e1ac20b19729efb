// Another process in a container that runs.

#include <fcntl.h>
#include <linux/sched.h>

#include <fmt/format.h>

#include "runtime/builder_internal.h"
#include "runtime/seccomp.h"

namespace suit::runtime {
namespace {

void plan_cgroups(Builder& b, const ExecTarget& target) {
  LaunchPlan& plan = b.plan();
  plan.cgroup_dir = target.cgroup_dir;
  for (const std::string& dir : target.cgroup1_dirs)
    plan.cgroup1_dirs.push_back({dir, 0});
  plan.owns_cgroup = false;
  b.in_host_lane();
  b.step("host.cgroup", "/linux/cgroupsPath");
  if (!target.cgroup_dir.empty())
    b.op(Call::openat, {Builder::number(AT_FDCWD), b.text(target.cgroup_dir),
                        Builder::number(O_PATH | O_DIRECTORY | O_CLOEXEC), Builder::number(0)})
        .result = kSlotCgroup;
  for (const std::string& dir : target.cgroup1_dirs) {
    b.in_host_lane();
    std::uint8_t tasks = b.new_slot(dir + "/tasks");
    b.op(Call::openat, {Builder::number(AT_FDCWD), b.text(dir + "/tasks"),
                        Builder::number(O_WRONLY | O_CLOEXEC), Builder::number(0)})
        .result = tasks;
    b.in_container_lane();
    b.write(tasks, "0");
  }
  b.in_container_lane();
}

// Into the container: its pid namespace by being born there, all others at once by its process.
void plan_entry(Builder& b, const ExecTarget& target) {
  if ((target.namespaces & CLONE_NEWPID) != 0) {
    b.in_host_lane();
    b.step("ns.join", "/linux/namespaces");
    std::uint8_t own = b.named_slot("own pid namespace");
    b.op(Call::openat, {Builder::number(AT_FDCWD), b.text("/proc/self/ns/pid"),
                        Builder::number(O_RDONLY | O_CLOEXEC), Builder::number(0)})
        .result = own;
    b.op(Call::setns, {Builder::slot(kSlotTarget), Builder::number(CLONE_NEWPID)});
    b.plan().clones_into_target = true;
    b.in_container_lane();
  }
  std::uint64_t others = target.namespaces & ~std::uint64_t{CLONE_NEWPID};
  b.step("ns.join", "/linux/namespaces");
  if (others != 0)
    b.op(Call::setns,
         {Builder::slot(kSlotTarget), Builder::number(static_cast<std::int64_t>(others))});
  if (!target.is_before_pivot) return;
  // The way in ended on the container's root, which covers the one that paths still start from.
  b.op(Call::fchdir, {Builder::slot(kSlotRootfs)});
  b.op(Call::chroot, {b.text(".")});
}

}  // namespace

std::uint64_t namespaces_of(const oci::Spec& spec) {
  std::uint64_t bits = 0;
  for (const oci::Namespace& ns : spec.linux_.namespaces)
    bits |= namespace_flag(ns.type);
  return bits;
}

Result<LaunchPlan> plan_exec(const oci::Spec& spec, const HostFacts& facts,
                             const ExecTarget& target, const PlanOptions& options) {
  SUIT_TRY(check_process(spec.process));
  // The container is made already: nothing of it is made again.
  oci::Spec joining;
  joining.process = spec.process;
  joining.linux_.personality = spec.linux_.personality;
  SeccompFilter filter;
  bool is_filtered = spec.linux_.seccomp && !target.is_before_pivot;
  if (is_filtered) {
    SUIT_LET(filter, compile_seccomp(*spec.linux_.seccomp));
  }
  PlanInput in{joining, facts, options, is_filtered ? &filter : options.filter};
  Builder b(target.id);
  plan_cgroups(b, target);
  plan_report_and_helper(b, in);
  plan_oom_score(b, in);
  SUIT_TRY(plan_setting(b, in));
  // Whoever is in the container could read our descriptors from now on (CVE-2016-9962).
  plan_undumpable(b);
  plan_entry(b, target);
  SUIT_TRY(plan_process(b, in, false));
  plan_program(b);
  plan_clone(b, in, 0);
  return std::move(b.plan());
}

}  // namespace suit::runtime
