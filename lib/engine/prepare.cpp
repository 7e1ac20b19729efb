/// \file
/// From a record to a launch plan: mount the root, resolve the user in it, write the spec, plan.

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "base/split.h"
#include "engine/supervise_internal.h"
#include "gpu/inject.h"
#include "oci/image.h"
#include "os/root.h"
#include "os/user.h"
#include "runtime/cgroup.h"
#include "runtime/etc_files.h"
#include "runtime/seccomp.h"

namespace suit::engine {
namespace {

void set_size(oci::SpecMount& mount, std::uint64_t size_bytes) {
  std::erase_if(mount.options, [](const std::string& one) { return one.starts_with("size="); });
  mount.options.push_back(fmt::format("size={}", size_bytes));
}

std::size_t depth_of(const oci::SpecMount& mount) {
  return static_cast<std::size_t>(std::ranges::count(mount.destination, '/'));
}

oci::Spec make_spec(const Record& record, const os::User& user, const runtime::HostFacts& facts,
                    const Connection& connection) {
  oci::Spec spec = oci::default_spec();
  spec.root_readonly = record.read_only;
  spec.hostname = record.hostname;
  spec.domainname = record.domainname;
  for (oci::SpecMount& mount : spec.mounts)
    if (mount.destination == "/dev/shm") set_size(mount, record.shm_size_bytes);
  spec.process = make_process(record, user, facts);
  if (record.host_network)
    std::erase_if(spec.linux_.namespaces, [](const auto& one) { return one.type == "network"; });
  for (oci::Namespace& one : spec.linux_.namespaces)
    if (one.type == "network") one.path = connection.namespace_path();
  return spec;
}

Result<runtime::EtcFiles> etc_files(const Record& record, const Connection& connection) {
  runtime::EtcFiles files;
  files.hostname = record.hostname;
  files.shares_host_network = record.host_network;
  for (const std::string& host : record.extra_hosts) {
    std::size_t colon = host.find(':');
    std::string address = host.substr(colon + 1);
    if (address == "host-gateway") address = connection.host_gateway();
    if (address.empty())
      return fail(0, "unable to derive the IP value for host-gateway",
                  "a container without a bridge network has no way to the host");
    files.hosts.emplace_back(host.substr(0, colon), std::move(address));
  }
  for (const Attachment& one : connection.state().attachments) {
    files.hosts.emplace_back(record.hostname, one.endpoint.address.text());
    if (one.endpoint.address6)
      files.hosts.emplace_back(record.hostname, one.endpoint.address6->text());
  }
  files.dns = record.dns;
  if (record.dns.empty() && !connection.name_server().empty())
    files.dns = {connection.name_server()};
  files.dns_search = record.dns_search;
  files.dns_options = record.dns_options;
  return files;
}

}  // namespace

oci::Process make_process(const Record& record, const os::User& user,
                          const runtime::HostFacts& facts) {
  oci::Process process = oci::default_spec().process;
  process.terminal = record.tty;
  process.args = record.args;
  process.env = record.env;
  if (!oci::env_value(record.env, "HOSTNAME"))
    oci::set_env(process.env, "HOSTNAME", record.hostname);
  if (record.tty && !oci::env_value(record.env, "TERM")) oci::set_env(process.env, "TERM", "xterm");
  if (!oci::env_value(record.env, "HOME")) oci::set_env(process.env, "HOME", user.home);
  process.cwd = record.working_dir;
  process.user.uid = user.uid;
  process.user.gid = user.gid;
  // The primary group is among the others too: else a program that drops it could undo a file's
  // "not this group" (CVE-2023-25173).
  std::vector<std::uint32_t>& groups = process.user.additional_gids;
  groups = user.additional_gids;
  if (std::ranges::find(groups, user.gid) == groups.end()) groups.insert(groups.begin(), user.gid);
  oci::Capabilities& caps = process.capabilities;
  // Where no device cgroup guards the host's disks, whoever can make a node could open one.
  if (!runtime::guards_devices(facts))
    for (auto* set : {&caps.bounding, &caps.effective, &caps.permitted})
      std::erase(*set, "CAP_MKNOD");
  // Only root keeps capabilities across exec: capabilities(7), "effect of user ID changes".
  if (user.uid != 0) {
    caps.effective.clear();
    caps.permitted.clear();
  }
  return process;
}

// What was never meant to be synced is as good as it is: only a crash of the host could have lost
// some of it, and Documentation/filesystems/overlayfs.rst says how to tell the kernel so.
Result<void> allow_remount(const std::string& dir) {
  return os::remove_tree(dir + "/work/work/incompat");
}

std::string clean_destination(std::string_view path) {
  std::string clean;
  for (std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..")
      clean.resize(clean.empty() ? 0 : clean.rfind('/'));
    else
      clean.append("/").append(part);
  }
  return clean.empty() ? "/" : clean;
}

std::vector<oci::SpecMount> user_mounts(const Record& record, const Volumes& volumes) {
  std::vector<oci::SpecMount> mounts = record.mounts;
  for (const VolumeMount& volume : record.volumes) {
    mounts.push_back({volume.destination,
                      "bind",
                      volumes.data_dir(volume.name),
                      {"rbind", volume.read_only ? "ro" : "rw",
                       volume.propagation.empty() ? "rprivate" : volume.propagation}});
  }
  // Outer before inner, whatever the order of the flags: an inner one would be hidden.
  std::ranges::stable_sort(mounts, {}, depth_of);
  return mounts;
}

// A directory below a volume's is resolved in the volume, and handed on open: symlinks that
// containers left there, or put there meanwhile, do not lead out.
Result<std::vector<os::Fd>> open_subpaths(const Record& record, const Volumes& volumes,
                                          std::vector<oci::SpecMount>& mounts) {
  std::vector<os::Fd> held;
  for (const VolumeMount& volume : record.volumes) {
    if (volume.subpath.empty()) continue;
    SUIT_LET(os::Root root, os::Root::open(volumes.data_dir(volume.name)));
    auto found = root.open_in(volume.subpath, O_PATH);
    if (!found)
      return wrap(std::move(found).error(),
                  fmt::format("subpath \"{}\" of volume {}", volume.subpath, volume.name));
    for (oci::SpecMount& mount : mounts)
      if (mount.destination == volume.destination)
        mount.source = fmt::format("/proc/self/fd/{}", found->raw());
    held.push_back(*std::move(found));
  }
  return held;
}

Result<Prepared> prepare(const Record& record, const std::string& dir,
                         std::vector<std::string> lower, const Volumes& volumes,
                         const Connection& connection) {
  SUIT_LET(runtime::HostFacts facts, runtime::probe_host());
  runtime::Overlay overlay{std::move(lower), dir + "/upper", dir + "/work"};
  overlay.discard = record.auto_remove;  // nobody will read it after a crash
  // As under Docker: a system installed below a directory (debootstrap) uses nodes of its own
  // there.
  overlay.nodes = runtime::Nodes::Guarded;
  SUIT_TRY(allow_remount(dir));
  SUIT_LET(os::Fd rootfs, runtime::mount_overlay(overlay, facts));
  os::Fd same(::fcntl(rootfs.raw(), F_DUPFD_CLOEXEC, 3));
  if (!same.valid()) return fail(errno, "fcntl(F_DUPFD_CLOEXEC)");
  os::Root root(std::move(same));
  SUIT_LET(os::User user, os::resolve_user(root, record.user.empty() ? "0" : record.user));
  if (!record.group_add.empty()) {
    SUIT_LET(os::UserTables tables, os::read_user_tables(root));
    SUIT_LET(std::vector<std::uint32_t> more, os::resolve_groups(tables, record.group_add));
    user.additional_gids.insert(user.additional_gids.end(), more.begin(), more.end());
  }

  oci::Spec spec = make_spec(record, user, facts, connection);
  SUIT_LET(const runtime::EtcFiles files, etc_files(record, connection));
  SUIT_LET(std::vector<oci::SpecMount> etc, runtime::write_etc_files(dir + "/etc", files));
  // Who shares a network shares what it is called: the other container's files.
  if (!connection.shared_id().empty())
    for (oci::SpecMount& mount : etc)
      mount.source.replace(0, dir.size(),
                           dir.substr(0, dir.rfind('/') + 1) + connection.shared_id());
  spec.mounts.insert(spec.mounts.end(), etc.begin(), etc.end());
  std::vector<oci::SpecMount> wanted = user_mounts(record, volumes);
  SUIT_LET(std::vector<os::Fd> held, open_subpaths(record, volumes, wanted));
  // What is mounted over a system file system takes its place.
  for (const oci::SpecMount& mount : wanted)
    std::erase_if(spec.mounts, [&](const oci::SpecMount& one) {
      return one.destination == clean_destination(mount.destination);
    });
  spec.mounts.insert(spec.mounts.end(), wanted.begin(), wanted.end());
  SUIT_TRY(apply_limits(record.limits, record.id, spec));
  SUIT_TRY(gpu::edit_spec(spec, record.devices, root, dir + "/devices"));
  // Docker creates a missing working directory rather than failing.
  auto made = root.make_dirs(record.working_dir);
  if (!made)
    return wrap(std::move(made).error(),
                fmt::format("working directory \"{}\"", record.working_dir));
  SUIT_LET(runtime::SeccompFilter filter, runtime::default_filter(spec.process.capabilities));
  SUIT_LET(runtime::LaunchPlan plan, runtime::plan_launch(spec, facts, record.id, &filter));
  return Prepared{std::move(rootfs), std::move(facts), std::move(plan), std::move(held)};
}

}  // namespace suit::engine
