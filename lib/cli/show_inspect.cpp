// `inspect` of a container: Docker's members, in Docker's types.

#include <algorithm>

#include <fmt/format.h>

#include "cli/limit_flags.h"
#include "cli/show.h"
#include "cli/show_network.h"
#include "naming/reference.h"

namespace suit::cli {
namespace {

using engine::Record;
using engine::State;
using oci::Json;

constexpr std::string_view kNever = "0001-01-01T00:00:00Z";

std::string or_never(const std::string& time) { return time.empty() ? std::string(kNever) : time; }

Json or_null(const std::vector<std::string>& strings) {
  return strings.empty() ? Json() : Json(strings);
}

Json set_of(const std::vector<std::string>& names) {
  Json out = Json::object();
  for (const std::string& name : names)
    out.set(name, Json::object());
  return out;
}

bool is_read_only(const oci::SpecMount& mount) {
  return std::find(mount.options.begin(), mount.options.end(), "ro") != mount.options.end();
}

std::string propagation_of(const oci::SpecMount& mount) {
  for (const std::string& option : mount.options)
    if (option.ends_with("private") || option.ends_with("shared") || option.ends_with("slave"))
      return option;
  return "rprivate";
}

Json state_of(const State& state) {
  const bool has_process =
      state.phase == State::Phase::Running || state.phase == State::Phase::Paused;
  Json out = Json::object();
  out.set("Status", engine::name_of(state.phase));
  out.set("Running", has_process || state.phase == State::Phase::Restarting);
  out.set("Paused", state.phase == State::Phase::Paused);
  out.set("Restarting", state.phase == State::Phase::Restarting);
  out.set("OOMKilled", state.oom_killed);
  out.set("Dead", state.phase == State::Phase::Dead);
  out.set("Pid", has_process ? static_cast<int>(state.pid) : 0);
  out.set("ExitCode", state.exit_code).set("Error", state.error);
  out.set("StartedAt", or_never(state.started)).set("FinishedAt", or_never(state.finished));
  return out;
}

Json mounts_of(const Record& record, const engine::Volumes& volumes) {
  Json out = Json::array();
  for (const oci::SpecMount& mount : record.mounts) {
    Json item = Json::object();
    item.set("Type", mount.type).set("Source", mount.type == "tmpfs" ? "" : mount.source);
    item.set("Destination", mount.destination).set("Mode", is_read_only(mount) ? "ro" : "");
    item.set("RW", !is_read_only(mount));
    item.set("Propagation", mount.type == "bind" ? propagation_of(mount) : "");
    out.push(std::move(item));
  }
  for (const engine::VolumeMount& volume : record.volumes) {
    Json item = Json::object();
    item.set("Type", "volume").set("Name", volume.name);
    item.set("Source", volumes.data_dir(volume.name)).set("Destination", volume.destination);
    item.set("Driver", "local").set("Mode", volume.read_only ? "ro" : "z");
    item.set("RW", !volume.read_only).set("Propagation", volume.propagation);
    out.push(std::move(item));
  }
  return out;
}

// `-v` as it would be written again.
Json binds_of(const Record& record) {
  std::vector<std::string> binds;
  for (const oci::SpecMount& mount : record.mounts)
    if (mount.type == "bind")
      binds.push_back(fmt::format("{}:{}{}", mount.source, mount.destination,
                                  is_read_only(mount) ? ":ro" : ""));
  for (const engine::VolumeMount& volume : record.volumes)
    if (!volume.anonymous)
      binds.push_back(
          fmt::format("{}:{}{}", volume.name, volume.destination, volume.read_only ? ":ro" : ""));
  return or_null(binds);
}

Json tmpfs_of(const Record& record) {
  Json out = Json::object();
  for (const oci::SpecMount& mount : record.mounts) {
    if (mount.type != "tmpfs") continue;
    std::string options;
    for (const std::string& option : mount.options)
      options += (options.empty() ? "" : ",") + option;
    out.set(mount.destination, options);
  }
  return out;
}

Json host_config_of(const Record& record) {
  Json restart = Json::object();
  restart.set("Name", engine::name_of(record.restart.when));
  restart.set("MaximumRetryCount", record.restart.most);
  Json log = Json::object();
  log.set("Type", record.log.driver).set("Config", label_object(record.log.given));
  Json out = Json::object();
  out.set("Binds", binds_of(record)).set("ContainerIDFile", "").set("LogConfig", std::move(log));
  out.set("NetworkMode", network_mode(record)).set("PortBindings", port_bindings_json(record));
  out.set("RestartPolicy", std::move(restart)).set("AutoRemove", record.auto_remove);
  out.set("VolumeDriver", "").set("VolumesFrom", Json());
  out.set("Dns", Json(record.dns)).set("DnsOptions", Json(record.dns_options));
  out.set("DnsSearch", Json(record.dns_search)).set("ExtraHosts", or_null(record.extra_hosts));
  out.set("GroupAdd", or_null(record.group_add)).set("IpcMode", "private").set("PidMode", "");
  out.set("Privileged", false).set("PublishAllPorts", record.network.publishes_all);
  out.set("ReadonlyRootfs", record.read_only).set("ShmSize", record.shm_size_bytes);
  out.set("Tmpfs", tmpfs_of(record)).set("UTSMode", "").set("UsernsMode", "");
  add_limits(out, record.limits);
  return out;
}

Json config_of(const Record& record) {
  std::vector<std::string> anonymous;
  for (const engine::VolumeMount& volume : record.volumes)
    if (volume.anonymous) anonymous.push_back(volume.destination);
  Json out = Json::object();
  out.set("Hostname", record.hostname).set("Domainname", record.domainname);
  out.set("User", record.user).set("AttachStdin", record.interactive);
  out.set("AttachStdout", true).set("AttachStderr", true);
  if (!record.exposed_ports.empty()) out.set("ExposedPorts", set_of(record.exposed_ports));
  out.set("Tty", record.tty)
      .set("OpenStdin", record.interactive)
      .set("StdinOnce", record.interactive);
  out.set("Env", record.env).set("Cmd", record.cmd ? Json(*record.cmd) : Json());
  out.set("Image", record.image);
  out.set("Volumes", anonymous.empty() ? Json() : set_of(anonymous));
  out.set("WorkingDir", record.working_dir);
  out.set("Entrypoint", record.entrypoint ? Json(*record.entrypoint) : Json());
  out.set("OnBuild", Json()).set("Labels", label_object(record.labels));
  out.set("StopSignal", record.stop_signal);
  if (record.stop_timeout_s) out.set("StopTimeout", *record.stop_timeout_s);
  return out;
}

}  // namespace

Json inspect_container(const engine::Status& container, const std::string& dir,
                       const engine::Volumes& volumes, const std::optional<ContainerSize>& size) {
  const Record& record = container.record;
  std::vector<std::string> args = record.args;
  const std::string path = args.empty() ? "" : args[0];
  if (!args.empty()) args.erase(args.begin());
  Json driver = Json::object();
  driver.set("Data", Json::object().set("UpperDir", dir + "/upper").set("WorkDir", dir + "/work"));
  driver.set("Name", "overlay");
  Json out = Json::object();
  out.set("Id", record.id).set("Created", record.created).set("Path", path).set("Args", args);
  out.set("State", state_of(container.state)).set("Image", record.image_id.text());
  out.set("ResolvConfPath", dir + "/etc/resolv.conf").set("HostnamePath", dir + "/etc/hostname");
  out.set("HostsPath", dir + "/etc/hosts");
  out.set("LogPath", record.log.driver == "none" ? "" : dir + "/log.json");
  out.set("Name", "/" + record.name).set("RestartCount", container.state.restart_count);
  out.set("Driver", "overlay").set("Platform", "linux").set("MountLabel", "");
  out.set("ProcessLabel", "").set("AppArmorProfile", "").set("ExecIDs", Json());
  out.set("HostConfig", host_config_of(record)).set("GraphDriver", std::move(driver));
  if (size) out.set("SizeRw", size->own_bytes);
  if (size) out.set("SizeRootFs", size->own_bytes + size->image_bytes);
  out.set("Mounts", mounts_of(record, volumes)).set("Config", config_of(record));
  out.set("NetworkSettings", network_settings_json(container));
  return out;
}

}  // namespace suit::cli
