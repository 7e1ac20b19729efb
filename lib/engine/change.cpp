/// \file
/// Changing what is kept of a container: its name, its policy, its existence.

#include <unistd.h>

#include <cerrno>
#include <csignal>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/log.h"
#include "engine/engine.h"
#include "engine/process_internal.h"
#include "os/process.h"

namespace suit::engine {

// In turn with whoever else changes a record; the monitor reads it anew before every start.
Result<Record> Engine::change_record(const std::string& id,
                                     const std::function<Result<void>(Record&)>& change) const {
  SUIT_LET([[maybe_unused]] os::Lock turn,
           os::Lock::acquire(paths_.data + "/records.lock", os::LockMode::Exclusive));
  auto now = read_status(id);
  if (!now) return fail(ENOENT, fmt::format("container {} has just been removed", id));
  if (now->state.phase == State::Phase::Dead) return fail(0, now->state.error);
  SUIT_TRY(change(now->record));
  SUIT_TRY(os::replace_file(container_dir(id) + "/container.json", to_json(now->record), 0600,
                            os::Durable::Yes));
  return std::move(now->record);
}

Result<void> Engine::rename(const Status& container, const std::string& name) {
  const std::string old = container.record.name;
  auto renamed = [&]() -> Result<Record> {
    std::string wanted = name.starts_with('/') ? name.substr(1) : name;
    if (wanted.empty()) return fail(0, "neither old nor new names may be empty");
    SUIT_TRY(check_name(wanted));
    if (wanted == old)
      return fail(0, "renaming a container with the same name as its current name");
    SUIT_TRY(claim_name(wanted, container.record.id));
    auto changed = change_record(container.record.id, [&](Record& record) -> Result<void> {
      record.name = wanted;
      return {};
    });
    give_up_name(changed ? old : wanted, container.record.id);
    return changed;
  }();
  if (!renamed)
    return wrap(std::move(renamed).error(), fmt::format("cannot rename container {}", old));
  tell(*renamed, "rename", {{"oldName", "/" + old}});
  return {};
}

Result<void> Engine::set_limits(const Status& container, const Limits& change) {
  const Record& record = container.record;
  Limits limits = merged(record.limits, change);
  const oci::MemoryResources& before = record.limits.resources.memory;
  const oci::MemoryResources& asked = change.resources.memory;
  auto refuse = [&](const Error& why) {
    return fail(0, fmt::format("Cannot update container {}: {}", record.id, why.what()));
  };
  if (asked.limit && !asked.swap && before.swap.value_or(0) > 0 && *asked.limit > *before.swap)
    return refuse(Error(0,
                        "Memory limit should be smaller than already set memoryswap limit, "
                        "update the memoryswap at the same time"));
  if (auto checked = check_limits(limits, LimitsFor::Update); !checked)
    return refuse(checked.error());
  if (container.state.phase == State::Phase::Running ||
      container.state.phase == State::Phase::Paused) {
    SUIT_LET(runtime::HostFacts facts, runtime::probe_host());
    SUIT_LET(oci::Resources resources, to_resources(limits));
    resources.devices.clear();
    SUIT_LET(runtime::LimitPlan plan, runtime::plan_limits(resources, facts));
    SUIT_LET(std::string path,
             runtime::cgroup_path(cgroups_path(record.limits, record.id), record.id));
    runtime::CgroupDirs dirs = container.state.cgroups();
    auto updated = runtime::update_limits(dirs, path, plan, facts, false);
    if (!updated)
      return wrap(std::move(updated).error(), fmt::format("Cannot update container {}", record.id));
    if (dirs.v1.size() != container.state.cgroup1_dirs.size()) {
      // A hierarchy that it was not in until now: its end must find it.
      State state = container.state;
      state.phase = State::Phase::Running;
      state.cgroup1_dirs = dirs.v1;
      SUIT_TRY(os::replace_file(container_dir(record.id) + "/state.json", to_json(state)));
    }
  }
  SUIT_LET(Record changed, change_record(record.id, [&](Record& own) -> Result<void> {
             own.limits = limits;
             return {};
           }));
  tell(changed, "update");
  return {};
}

Result<void> Engine::set_restart_policy(const Status& container, const RestartPolicy& policy) {
  if (container.record.auto_remove && policy.when != RestartPolicy::When::No)
    return fail(0, fmt::format("cannot update container {}: restart policy cannot be updated "
                               "because AutoRemove is enabled for the container",
                               container.record.name));
  SUIT_LET(Record changed, change_record(container.record.id, [&](Record& record) -> Result<void> {
             record.restart = policy;
             return {};
           }));
  tell(changed, "update");
  return {};
}

void Engine::give_up_name(const std::string& name, const std::string& id) const {
  auto owner = os::read_link(os::FdRef::cwd(), name_path(name));
  if (owner && *owner == id) ::unlink(name_path(name).c_str());
}

// The record goes first: from then on the rest is remains, which the next sweep would finish.
Result<void> Engine::remove_held(const Record& record) const {
  std::string dir = container_dir(record.id);
  std::string name = name_of(record.id);  // it may have been renamed since
  ::unlink((dir + "/container.json").c_str());
  give_up_name(name, record.id);
  SUIT_TRY(os::remove_tree(dir));
  tell(record, "destroy");
  return {};
}

// Volumes without a name were made for this container; another that has one of them now
// (--volumes-from) keeps it.
void Engine::remove_anonymous_volumes(const Record& record) const {
  auto used = volumes_in_use();
  for (const VolumeMount& volume : record.volumes) {
    if (!volume.anonymous || used.contains(volume.name)) continue;
    auto removed = volumes().remove(volume.name);
    if (!removed && removed.error().code() != ENOENT)
      SUIT_LOG(Warn, "remove volume {}: {}", volume.name, removed.error().message());
  }
}

Result<void> Engine::remove(const Status& container, Force force, AnonymousVolumes volumes) {
  const Record& record = container.record;
  if (container.state.lives()) {
    if (force == Force::No)
      return fail(
          EBUSY,
          fmt::format("cannot remove container \"{}\": it is {}", record.name,
                      engine::name_of(container.state.phase)),
          fmt::format("stop it first (suit stop {0}), or force it (suit rm -f {0})", record.name));
    StopRequest now;
    now.signal = SIGKILL;
    SUIT_TRY(stop(container, now));
  }
  SUIT_LET(std::optional<os::Lock> lock, try_lock(record.id));
  if (!lock)
    return fail(EBUSY, fmt::format("cannot remove container \"{}\": it has just been started",
                                   record.name));
  // One that is removed at its end has gone with the stop.
  auto removed = has_no_record(record.id) ? Result<void>() : remove_held(record);
  if (removed && volumes == AnonymousVolumes::Remove) remove_anonymous_volumes(record);
  unlock(record.id, *std::move(lock));
  return removed;
}

Result<Volume> Engine::create_volume(const std::string& name,
                                     const std::map<std::string, std::string>& labels,
                                     bool anonymous) const {
  const std::string wanted = name.empty() ? make_volume_name() : name;
  const bool is_new = !volumes().find(wanted);
  SUIT_LET(Volume volume, volumes().create(wanted, labels, anonymous));
  if (!is_new) return volume;
  Event event;
  event.type = "volume";
  event.action = "create";
  event.id = volume.name;
  event.attributes = {{"driver", "local"}};
  emit_event(events_path(), event);
  return volume;
}

std::multimap<std::string, std::string> Engine::volumes_in_use() const {
  std::multimap<std::string, std::string> used;
  for (const Status& container : list(Which::All))
    for (const VolumeMount& volume : container.record.volumes)
      used.emplace(volume.name, container.record.id);
  return used;
}

Result<void> Engine::remove_volume(const std::string& name, Force force) {
  // Whoever creates a container holds it shared until the record says which volumes it has.
  SUIT_LET([[maybe_unused]] os::Lock turn,
           os::Lock::acquire(paths_.data + "/volumes.lock", os::LockMode::Exclusive));
  auto found = volumes().find(name);
  if (!found && force == Force::Yes && found.error().code() == ENOENT) return {};
  if (!found) return std::unexpected(std::move(found).error());
  auto used = volumes_in_use();
  std::vector<std::string> holders;
  for (auto [each, end] = used.equal_range(name); each != end; ++each)
    holders.push_back(each->second);
  if (!holders.empty())
    return fail(EBUSY,
                fmt::format("remove {}: volume is in use - [{}]", name, fmt::join(holders, ", ")),
                "remove the containers that have it first");
  SUIT_TRY(volumes().remove(name));
  Event event;
  event.type = "volume";
  event.action = "destroy";
  event.id = name;
  event.attributes = {{"driver", "local"}};
  emit_event(events_path(), event);
  return {};
}

void Engine::tell(const Record& record, std::string_view action,
                  const std::map<std::string, std::string>& details) const {
  Event event;
  event.action = action;
  event.id = record.id;
  event.attributes = record.labels;
  event.attributes.insert(details.begin(), details.end());
  event.attributes["image"] = record.image;
  event.attributes["name"] = record.name;
  emit_event(events_path(), event);
}

}  // namespace suit::engine
