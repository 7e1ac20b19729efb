#include "runtime/plan.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "runtime/builder_internal.h"

namespace suit::runtime {
namespace {

bool is_id(std::string_view id) {
  auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !id.empty() && id.size() <= 128 && is_word(id[0]) && std::ranges::all_of(id, [&](char c) {
    return is_word(c) || c == '_' || c == '.' || c == '-';
  });
}

bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

Result<void> check_mount_texts(const oci::Spec& spec) {
  for (const oci::SpecMount& mount : spec.mounts) {
    bool is_bad = has_nul(mount.destination) || has_nul(mount.source) || has_nul(mount.type);
    for (const std::string& option : mount.options)
      is_bad = is_bad || has_nul(option);
    if (is_bad) return fail(0, "/mounts: a text holds a NUL byte");
  }
  for (const std::string* text : {&spec.hostname, &spec.domainname})
    if (has_nul(*text)) return fail(0, "hostname or domainname holds a NUL byte");
  return {};
}

Result<void> check_spec(const oci::Spec& spec) {
  SUIT_TRY(check_mount_texts(spec));
  return check_process(spec.process);
}

Result<void> check_namespaces(const PlanInput& in) {
  const auto& list = in.spec.linux_.namespaces;
  for (std::size_t i = 0; i < list.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (list[i].type == list[k].type)
        return fail(0, fmt::format("/linux/namespaces/{}: a second {} namespace", i, list[i].type));
  if (!in.has_namespace("mount") && !in.joins_namespace("mount"))
    return fail(0, "/linux/namespaces: a mount namespace is missing", "add {\"type\": \"mount\"}");
  bool has_uts = in.has_namespace("uts") || in.joins_namespace("uts");
  for (auto [pointer, name] :
       {std::pair{"/hostname", &in.spec.hostname}, std::pair{"/domainname", &in.spec.domainname}})
    if (!has_uts && !name->empty())
      return fail(0, fmt::format("{}: would change the host's name: the container has no uts "
                                 "namespace of its own",
                                 pointer));
  return {};
}

Result<void> check_mappings(const PlanInput& in) {
  const oci::Linux& linux_part = in.spec.linux_;
  bool has_maps = !linux_part.uid_mappings.empty() || !linux_part.gid_mappings.empty();
  if (in.has_namespace("user") &&
      (linux_part.uid_mappings.empty() || linux_part.gid_mappings.empty()))
    return fail(0, "/linux/uidMappings: a user namespace needs uidMappings and gidMappings");
  if (has_maps && !in.has_namespace("user") && !in.joins_namespace("user"))
    return fail(0, "/linux/uidMappings: id mappings without a user namespace",
                "add {\"type\": \"user\"} to /linux/namespaces");
  if (in.joins_namespace("user") && in.has_namespace("pid"))
    return fail(0,
                "/linux/namespaces: a new pid namespace cannot belong to a user namespace that is "
                "joined by path",
                "join the pid namespace by path too, or make a new user namespace");
  if (!linux_part.time_offsets.empty() && !in.has_namespace("time"))
    return fail(0, "/linux/timeOffsets: offsets without a new time namespace",
                "add {\"type\": \"time\"} to /linux/namespaces");
  return {};
}

}  // namespace

// The kernel would read a text with a NUL as a shorter one than we have checked.
Result<void> check_process(const oci::Process& process) {
  for (const std::string& arg : process.args)
    if (has_nul(arg)) return fail(0, "/process/args: an argument holds a NUL byte");
  for (const std::string& entry : process.env)
    if (has_nul(entry) || entry.find('=') == std::string::npos || entry.starts_with('='))
      return fail(0, fmt::format("/process/env: \"{}\" is not NAME=value",
                                 entry.substr(0, entry.find('='))));
  if (has_nul(process.cwd)) return fail(0, "/process/cwd: holds a NUL byte");
  if (!process.cwd.starts_with('/'))
    return fail(0, fmt::format("/process/cwd: \"{}\" is not an absolute path", process.cwd));
  if (std::ranges::count(process.cwd, '/') > 64)
    return fail(0, "/process/cwd: more than 64 components");
  // setresuid(2) reads this number as "leave it": the program would stay root (CVE-2024-40635).
  constexpr std::uint32_t kNoId = UINT32_MAX;
  const oci::SpecUser& user = process.user;
  if (user.uid == kNoId || user.gid == kNoId ||
      std::ranges::find(user.additional_gids, kNoId) != user.additional_gids.end())
    return fail(0, fmt::format("/process/user: {} is not a user or group id", kNoId));
  return {};
}

Result<LaunchPlan> plan_launch(const oci::Spec& spec, const HostFacts& facts, std::string_view id,
                               const SeccompFilter* filter) {
  PlanOptions options;
  options.filter = filter;
  return plan_launch(spec, facts, id, options);
}

Result<LaunchPlan> plan_launch(const oci::Spec& spec, const HostFacts& facts, std::string_view id,
                               const PlanOptions& options) {
  if (!is_id(id))
    return fail(0, fmt::format("\"{}\" is not a container id", id),
                "use letters, digits, '_', '.' and '-', a letter or digit first, 128 at most");
  SUIT_TRY(check_spec(spec));
  SeccompFilter own_filter;
  const SeccompFilter* filter = options.filter;
  if (spec.linux_.seccomp) {
    SUIT_LET(own_filter, compile_seccomp(*spec.linux_.seccomp));
    filter = &own_filter;
  }
  PlanInput in{spec, facts, options, filter};
  SUIT_TRY(check_namespaces(in));
  SUIT_TRY(check_mappings(in));

  Builder b(id);
  SUIT_TRY(plan_host_lane(b, in));
  // From here on the container lane grows; mounts open their sources in the host lane.
  SUIT_TRY(plan_isolation(b, in));
  SUIT_TRY(plan_mounts(b, in));
  plan_hidden_paths(b, in);
  plan_rendezvous(b, in);
  plan_pivot(b, in);
  // No path of the host exists after the pivot.
  SUIT_TRY(plan_process(b, in));
  plan_program(b);
  // Last: what the helper inherits is what the container lane uses.
  plan_clone(b, in, namespaces_of(spec));
  b.plan().waits_for_start = options.waits_for_start;
  if (b.slots_exhausted())
    return fail(0, "the spec has more bind mounts and devices than a plan can hold (230)");
  return std::move(b.plan());
}

}  // namespace suit::runtime
