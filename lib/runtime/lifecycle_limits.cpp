// pause, resume, update.

#include <algorithm>

#include <fmt/format.h>

#include "runtime/cgroup.h"
#include "runtime/lifecycle.h"
#include "runtime/lifecycle_internal.h"

namespace suit::runtime {
namespace {

Result<void> check_lives(const ContainerState& state, Status status, std::string_view verb) {
  if (status == Status::Running || status == Status::Created || status == Status::Paused) return {};
  return fail(0, fmt::format("cannot {} container \"{}\": container not running: it is {}", verb,
                             state.id, status_name(status)));
}

Result<void> wrap_or(Result<void> result, const std::string& context) {
  if (!result) return wrap(std::move(result).error(), context);
  return result;
}

template <typename T>
void take(T& to, const T& from) {
  if (from) to = from;
}

void merge(oci::MemoryResources& to, const oci::MemoryResources& from) {
  take(to.limit, from.limit);
  take(to.reservation, from.reservation);
  take(to.swap, from.swap);
  take(to.kernel_tcp, from.kernel_tcp);
  take(to.swappiness, from.swappiness);
  take(to.disable_oom_killer, from.disable_oom_killer);
}

void merge(oci::CpuResources& to, const oci::CpuResources& from) {
  take(to.shares, from.shares);
  take(to.quota, from.quota);
  take(to.burst, from.burst);
  take(to.period, from.period);
  take(to.realtime_runtime, from.realtime_runtime);
  take(to.realtime_period, from.realtime_period);
  take(to.idle, from.idle);
  if (!from.cpus.empty()) to.cpus = from.cpus;
  if (!from.mems.empty()) to.mems = from.mems;
}

// What holds from now on: what a later update is compared with.
oci::Resources merged(oci::Resources to, const oci::Resources& from) {
  merge(to.memory, from.memory);
  merge(to.cpu, from.cpu);
  take(to.pids_limit, from.pids_limit);
  take(to.block_io.weight, from.block_io.weight);
  auto replace = [](auto& list, const auto& with) {
    if (!with.empty()) list = with;
  };
  replace(to.block_io.weight_device, from.block_io.weight_device);
  replace(to.block_io.read_bps, from.block_io.read_bps);
  replace(to.block_io.write_bps, from.block_io.write_bps);
  replace(to.block_io.read_iops, from.block_io.read_iops);
  replace(to.block_io.write_iops, from.block_io.write_iops);
  replace(to.hugepages, from.hugepages);
  for (const auto& [file, text] : from.unified)
    to.unified[file] = text;
  return to;
}

// A limit of swap is compared with the one of memory, and one of quota needs its period, also when
// the other was set before.
oci::Resources with_what_belongs(oci::Resources wanted, const oci::Resources& before) {
  bool sets_swap = wanted.memory.swap && *wanted.memory.swap > 0;
  if (sets_swap && !wanted.memory.limit) wanted.memory.limit = before.memory.limit;
  if (wanted.cpu.period && !wanted.cpu.quota) wanted.cpu.quota = before.cpu.quota;
  return wanted;
}

}  // namespace

Result<void> pause_container(const StateStore& store, std::string_view id) {
  SUIT_LET(os::Lock lock, store.lock(id));
  SUIT_LET(ContainerState state, store.load(id));
  Status status = store.status(state);
  SUIT_TRY(check_lives(state, status, "pause"));
  if (status == Status::Paused) return {};
  return wrap_or(freeze_cgroups(cgroups_of(state)), fmt::format("pause container \"{}\"", id));
}

Result<void> resume_container(const StateStore& store, std::string_view id) {
  SUIT_LET(os::Lock lock, store.lock(id));
  SUIT_LET(ContainerState state, store.load(id));
  SUIT_TRY(check_lives(state, store.status(state), "resume"));
  return wrap_or(thaw_cgroups(cgroups_of(state)), fmt::format("resume container \"{}\"", id));
}

Result<void> update_container(const StateStore& store, std::string_view id,
                              const oci::Resources& resources) {
  SUIT_LET(os::Lock lock, store.lock(id));
  SUIT_LET(ContainerState state, store.load(id));
  SUIT_TRY(check_lives(state, store.status(state), "update"));
  SUIT_LET(oci::Spec spec, container_spec(store, state));
  SUIT_LET(HostFacts facts, probe_host());
  if (!resources.devices.empty())
    return fail(0,
                "/linux/resources/devices: device rules of a container that runs stay as they are",
                "remove the container and create it with the other rules");
  oci::Resources wanted = with_what_belongs(resources, spec.linux_.resources);
  SUIT_LET(LimitPlan plan, plan_limits(wanted, facts));
  CgroupDirs dirs = cgroups_of(state);
  SUIT_TRY(wrap_or(
      update_limits(dirs, state.cgroup_path, plan, facts, resources.memory.check_before_update),
      fmt::format("update container \"{}\"", id)));
  spec.linux_.resources = merged(std::move(spec.linux_.resources), wanted);
  SUIT_TRY(store.save_config(id, oci::to_json(spec)));
  if (dirs.v1.size() == state.cgroup1_dirs.size()) return {};
  state.cgroup1_dirs = dirs.v1;
  return store.save(state);
}

}  // namespace suit::runtime
