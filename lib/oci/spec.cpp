// Writing config.json, and the container that Docker makes when nobody asks for anything.

#include "oci/spec.h"

#include "oci/omitempty_internal.h"

namespace suit::oci {
namespace {

using oci::put;

void put(Json& object, std::string_view key, const std::vector<std::string>& texts) {
  if (!texts.empty()) object.set(key, texts);
}

void put(Json& object, std::string_view key, const std::map<std::string, std::string>& map) {
  if (map.empty()) return;
  Json out = Json::object();
  for (const auto& [name, value] : map)
    out.append_unchecked(name, value);
  object.set(key, std::move(out));
}

Json to_value(const SpecUser& user) {
  Json out = Json::object();
  out.set("uid", user.uid).set("gid", user.gid);
  if (user.umask) out.set("umask", *user.umask);
  if (!user.additional_gids.empty()) {
    Json gids = Json::array();
    for (std::uint32_t gid : user.additional_gids)
      gids.push(gid);
    out.set("additionalGids", std::move(gids));
  }
  return out;
}

Json to_value(const Capabilities& sets) {
  Json out = Json::object();
  put(out, "bounding", sets.bounding);
  put(out, "effective", sets.effective);
  put(out, "inheritable", sets.inheritable);
  put(out, "permitted", sets.permitted);
  put(out, "ambient", sets.ambient);
  return out;
}

Json to_value(const Rlimit& limit) {
  Json out = Json::object();
  out.set("type", limit.type).set("hard", limit.hard).set("soft", limit.soft);
  return out;
}

Json to_value(const Namespace& space) {
  Json out = Json::object();
  out.set("type", space.type);
  put(out, "path", space.path);
  return out;
}

Json to_value(const IdMapping& mapping) {
  Json out = Json::object();
  out.set("containerID", mapping.container_id).set("hostID", mapping.host_id);
  out.set("size", mapping.size);
  return out;
}

Json to_value(const SpecMount& mount);
Json to_value(const Device& device);
Json to_value(const Hook& hook);

template <typename T>
void put_each(Json& object, std::string_view key, const std::vector<T>& items) {
  if (items.empty()) return;
  Json out = Json::array();
  for (const T& item : items)
    out.push(to_value(item));
  object.set(key, std::move(out));
}

Json to_value(const SpecMount& mount) {
  Json out = Json::object();
  out.set("destination", mount.destination);
  put(out, "type", mount.type);
  put(out, "source", mount.source);
  put(out, "options", mount.options);
  put_each(out, "uidMappings", mount.uid_mappings);
  put_each(out, "gidMappings", mount.gid_mappings);
  return out;
}

Json to_value(const Device& device) {
  Json out = Json::object();
  out.set("path", device.path).set("type", std::string(1, device.type));
  if (device.type != 'p') out.set("major", device.major).set("minor", device.minor);
  out.set("fileMode", device.mode).set("uid", device.uid).set("gid", device.gid);
  return out;
}

Json to_value(const Scheduler& scheduler) {
  Json out = Json::object();
  out.set("policy", scheduler.policy);
  if (scheduler.nice != 0) out.set("nice", scheduler.nice);
  if (scheduler.priority != 0) out.set("priority", scheduler.priority);
  put(out, "flags", scheduler.flags);
  for (auto [key, value] :
       {std::pair{"runtime", scheduler.runtime}, std::pair{"deadline", scheduler.deadline},
        std::pair{"period", scheduler.period}})
    if (value != 0) out.set(key, value);
  return out;
}

Json to_value(const Hook& hook) {
  Json out = Json::object();
  out.set("path", hook.path);
  put(out, "args", hook.args);
  put(out, "env", hook.env);
  if (hook.timeout_s) out.set("timeout", *hook.timeout_s);
  return out;
}

Json to_value(const Hooks& hooks) {
  Json out = Json::object();
  put_each(out, "prestart", hooks.prestart);
  put_each(out, "createRuntime", hooks.create_runtime);
  put_each(out, "createContainer", hooks.create_container);
  put_each(out, "startContainer", hooks.start_container);
  put_each(out, "poststart", hooks.poststart);
  put_each(out, "poststop", hooks.poststop);
  return out;
}

Json object_of(std::initializer_list<std::pair<std::string_view, Json>> members) {
  Json out = Json::object();
  for (const auto& [key, value] : members)
    out.set(key, value);
  return out;
}

Json to_value(const Process& process) {
  Json out = Json::object();
  if (process.terminal) out.set("terminal", true);
  if (process.console_size)
    out.set("consoleSize", object_of({{"height", unsigned{process.console_size->height}},
                                      {"width", unsigned{process.console_size->width}}}));
  out.set("user", to_value(process.user));
  out.set("args", process.args);
  put(out, "env", process.env);
  out.set("cwd", process.cwd);
  out.set("capabilities", to_value(process.capabilities));
  put_each(out, "rlimits", process.rlimits);
  if (process.no_new_privileges) out.set("noNewPrivileges", true);
  if (process.oom_score_adj) out.set("oomScoreAdj", *process.oom_score_adj);
  put(out, "apparmorProfile", process.apparmor_profile);
  put(out, "selinuxLabel", process.selinux_label);
  if (process.scheduler) out.set("scheduler", to_value(*process.scheduler));
  if (process.io_priority)
    out.set("ioPriority", object_of({{"class", process.io_priority->klass},
                                     {"priority", process.io_priority->priority}}));
  return out;
}

Json to_value(const Linux& linux_part) {
  Json out = Json::object();
  put_each(out, "uidMappings", linux_part.uid_mappings);
  put_each(out, "gidMappings", linux_part.gid_mappings);
  put(out, "sysctl", linux_part.sysctl);
  put(out, "cgroupsPath", linux_part.cgroups_path);
  if (Json resources = to_value(linux_part.resources); !resources.as_object()->empty())
    out.set("resources", std::move(resources));
  put_each(out, "namespaces", linux_part.namespaces);
  put_each(out, "devices", linux_part.devices);
  if (linux_part.seccomp) out.set("seccomp", to_value(*linux_part.seccomp));
  put(out, "rootfsPropagation", linux_part.rootfs_propagation);
  put(out, "maskedPaths", linux_part.masked_paths);
  put(out, "readonlyPaths", linux_part.readonly_paths);
  put(out, "mountLabel", linux_part.mount_label);
  if (!linux_part.personality.empty())
    out.set("personality", object_of({{"domain", linux_part.personality}}));
  if (!linux_part.time_offsets.empty()) {
    Json offsets = Json::object();
    for (const auto& [clock, offset] : linux_part.time_offsets)
      offsets.set(clock, object_of({{"secs", offset.seconds}, {"nanosecs", offset.nanoseconds}}));
    out.set("timeOffsets", std::move(offsets));
  }
  return out;
}

}  // namespace

std::string to_json(const Spec& spec) {
  Json root = Json::object();
  root.set("path", spec.root_path);
  if (spec.root_readonly) root.set("readonly", true);
  Json out = Json::object();
  out.set("ociVersion", spec.oci_version);
  out.set("process", to_value(spec.process));
  out.set("root", std::move(root));
  put(out, "hostname", spec.hostname);
  put(out, "domainname", spec.domainname);
  put_each(out, "mounts", spec.mounts);
  put(out, "annotations", spec.annotations);
  if (Json hooks = to_value(spec.hooks); !hooks.as_object()->empty())
    out.set("hooks", std::move(hooks));
  out.set("linux", to_value(spec.linux_));
  return out.dump(2);
}

Spec default_spec() {
  Spec spec;
  // moby/moby, oci/caps/defaults.go. Not inheritable, not ambient: a program that gives up root
  // must not keep them (CVE-2022-24769).
  const std::vector<std::string> capabilities = {
      "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
      "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
      "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
      "CAP_KILL",    "CAP_AUDIT_WRITE"};
  spec.process.capabilities.bounding = capabilities;
  spec.process.capabilities.effective = capabilities;
  spec.process.capabilities.permitted = capabilities;
  // moby/moby, oci/defaults.go; /dev/shm has Docker's default --shm-size of 64 MiB. Its cgroup
  // mount is not here: a container has no business in the cgroup tree until it is given limits.
  spec.mounts = {
      {"/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}},
      {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
      {"/dev/pts",
       "devpts",
       "devpts",
       {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
      {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}},
      {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
      {"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=67108864"}},
  };
  for (const char* type : {"pid", "network", "ipc", "uts", "mount", "cgroup"})
    spec.linux_.namespaces.push_back({type, ""});
  spec.linux_.masked_paths = {
      "/proc/asound",     "/proc/acpi",        "/proc/interrupts",
      "/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
      "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
      "/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap"};
  spec.linux_.readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                "/proc/sysrq-trigger"};
  return spec;
}

}  // namespace suit::oci
