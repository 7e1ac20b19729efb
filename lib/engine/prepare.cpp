/// \file
/// From a record to a launch plan: mount the root, resolve the user in it, write the spec, plan.

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "engine/supervise_internal.h"
#include "gpu/inject.h"
#include "oci/image.h"
#include "os/root.h"
#include "os/user.h"
#include "runtime/etc_files.h"
#include "runtime/seccomp.h"

namespace suit::engine {
namespace {

oci::Spec make_spec(const Record& record, const os::User& user, const runtime::HostFacts& facts) {
  oci::Spec spec = oci::default_spec();
  spec.root_readonly = record.read_only;
  spec.hostname = record.hostname;
  spec.process.args = record.args;
  spec.process.env = record.env;
  if (!oci::env_value(record.env, "HOSTNAME"))
    oci::set_env(spec.process.env, "HOSTNAME", record.hostname);
  if (!oci::env_value(record.env, "HOME")) oci::set_env(spec.process.env, "HOME", user.home);
  spec.process.cwd = record.working_dir;
  spec.process.user.uid = user.uid;
  spec.process.user.gid = user.gid;
  // The primary group is among the others too: else a program that drops it could undo a file's
  // "not this group" (CVE-2023-25173).
  std::vector<std::uint32_t>& groups = spec.process.user.additional_gids;
  groups = user.additional_gids;
  if (std::ranges::find(groups, user.gid) == groups.end()) groups.insert(groups.begin(), user.gid);
  oci::Capabilities& caps = spec.process.capabilities;
  // Where no device cgroup guards the host's disks, whoever can make a node could open one.
  if (facts.devices_cgroup_dir.empty())
    for (auto* set : {&caps.bounding, &caps.effective, &caps.permitted})
      std::erase(*set, "CAP_MKNOD");
  // Only root keeps capabilities across exec: capabilities(7), "effect of user ID changes".
  if (user.uid != 0) {
    caps.effective.clear();
    caps.permitted.clear();
  }
  if (record.host_network)
    std::erase_if(spec.linux_.namespaces, [](const auto& one) { return one.type == "network"; });
  return spec;
}

runtime::EtcFiles etc_files(const Record& record) {
  runtime::EtcFiles files;
  files.hostname = record.hostname;
  files.shares_host_network = record.host_network;
  return files;
}

}  // namespace

Result<Prepared> prepare(const Record& record, const std::string& dir,
                         std::vector<std::string> lower) {
  SUIT_LET(runtime::HostFacts facts, runtime::probe_host());
  runtime::Overlay overlay{std::move(lower), dir + "/upper", dir + "/work"};
  overlay.discard = record.auto_remove;  // nobody will read it after a crash
  SUIT_LET(os::Fd rootfs, runtime::mount_overlay(overlay, facts));
  os::Fd same(::fcntl(rootfs.raw(), F_DUPFD_CLOEXEC, 3));
  if (!same.valid()) return fail(errno, "fcntl(F_DUPFD_CLOEXEC)");
  os::Root root(std::move(same));
  SUIT_LET(os::User user, os::resolve_user(root, record.user.empty() ? "0" : record.user));

  oci::Spec spec = make_spec(record, user, facts);
  SUIT_LET(std::vector<oci::SpecMount> etc,
           runtime::write_etc_files(dir + "/etc", etc_files(record)));
  spec.mounts.insert(spec.mounts.end(), etc.begin(), etc.end());
  spec.mounts.insert(spec.mounts.end(), record.mounts.begin(), record.mounts.end());
  SUIT_TRY(gpu::edit_spec(spec, record.devices, root, dir + "/devices"));
  // Docker creates a missing working directory rather than failing.
  auto made = root.make_dirs(record.working_dir);
  if (!made)
    return wrap(std::move(made).error(),
                fmt::format("working directory \"{}\"", record.working_dir));
  SUIT_LET(runtime::SeccompFilter filter, runtime::default_filter(spec.process.capabilities));
  SUIT_LET(runtime::LaunchPlan plan, runtime::plan_launch(spec, facts, record.id, &filter));
  return Prepared{std::move(rootfs), std::move(facts), std::move(plan)};
}

}  // namespace suit::engine
