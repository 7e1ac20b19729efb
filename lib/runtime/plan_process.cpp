// The program's own setting: descriptors, limits, directory, ids, capabilities; and the exec.

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/suggest.h"
#include "runtime/builder_internal.h"
#include "runtime/caps.h"
#include "runtime/limits.h"

namespace suit::runtime {
namespace {

void plan_stdio(Builder& b) {
  b.step("process.stdio", "");
  for (std::uint8_t i = 0; i < 3; ++i)
    b.op(Call::dup3, {Builder::slot(static_cast<std::uint8_t>(kSlotStdin + i)), Builder::number(i),
                      Builder::number(0)});
  b.step("process.session", "");
  b.op(Call::setsid, {});
}

// In a user namespace of the container's own the first process may raise none: its parent does.
bool limits_from_outside(const PlanInput& in) { return in.has_namespace("user"); }

Result<void> plan_limits(Builder& b, const PlanInput& in) {
  const auto& limits = in.spec.process.rlimits;
  for (std::size_t i = 0; i < limits.size(); ++i) {
    std::string pointer = fmt::format("/process/rlimits/{}", i);
    std::optional<unsigned> resource = rlimit_number(limits[i].type);
    if (!resource)
      return fail(0, fmt::format("{}: no limit is called \"{}\"{}", pointer, limits[i].type,
                                 suggest_rlimit(limits[i].type)));
    if (limits[i].soft > limits[i].hard)
      return fail(0, fmt::format("{}: {} soft limit {} is above the hard limit {}", pointer,
                                 limits[i].type, limits[i].soft, limits[i].hard));
    std::uint64_t highest = in.facts.rlimits_hard[*resource];
    rlimit64 value{limits[i].soft, limits[i].hard};
    if (highest != 0 && value.rlim_max > highest) {
      b.warn(fmt::format("{}: {} is lowered from {} to {}, the highest that this host allows",
                         pointer, limits[i].type, limits[i].hard, highest));
      value.rlim_max = highest;
      value.rlim_cur = std::min<std::uint64_t>(value.rlim_cur, highest);
    }
    b.step("process.rlimit", pointer);
    if (limits_from_outside(in)) b.in_host_lane();
    b.op(Call::prlimit64,
         {limits_from_outside(in) ? Builder::supplied(Extern::ChildPid) : Builder::number(0),
          Builder::number(*resource), b.data(value), Builder::null()});
    b.in_container_lane();
  }
  return {};
}

void plan_directory(Builder& b, const oci::Spec& spec) {
  b.step("process.cwd", "/process/cwd");
  b.op(Call::chdir, {b.text(spec.process.cwd)});
  b.op(Call::getcwd, {Builder::null(), Builder::number(4096)});
}

// The bits of a list of names, without those that this host cannot give.
Result<std::uint64_t> capability_bits(Builder& b, const PlanInput& in,
                                      const std::vector<std::string>& names, std::string_view set) {
  std::uint64_t bits = 0;
  for (const std::string& name : names) {
    std::optional<unsigned> number = capability_number(name);
    if (!number)
      return fail(0, fmt::format("/process/capabilities/{}: no capability is called \"{}\"{}", set,
                                 name, suggest_capability(name)));
    std::uint64_t bit = std::uint64_t{1} << *number;
    if (*number <= in.facts.last_capability && (in.facts.bounding & bit) != 0)
      bits |= bit;
    else if (set == "bounding")
      b.warn(fmt::format("/process/capabilities: {} is not ours to give, left out", name));
  }
  return bits;
}

struct CapabilitySets {
  std::uint64_t bounding = 0, effective = 0, inheritable = 0, permitted = 0, ambient = 0;
};

Result<CapabilitySets> capability_sets(Builder& b, const PlanInput& in) {
  const oci::Capabilities& wanted = in.spec.process.capabilities;
  CapabilitySets sets;
  SUIT_LET(sets.bounding, capability_bits(b, in, wanted.bounding, "bounding"));
  SUIT_LET(sets.effective, capability_bits(b, in, wanted.effective, "effective"));
  SUIT_LET(sets.inheritable, capability_bits(b, in, wanted.inheritable, "inheritable"));
  SUIT_LET(sets.permitted, capability_bits(b, in, wanted.permitted, "permitted"));
  SUIT_LET(sets.ambient, capability_bits(b, in, wanted.ambient, "ambient"));
  // capset(2) wants effective within permitted; ambient capabilities are permitted and inheritable.
  sets.effective &= sets.permitted;
  sets.ambient &= sets.permitted & sets.inheritable;
  return sets;
}

Op& prctl(Builder& b, int option, std::int64_t a = 0, std::int64_t c = 0) {
  return b.op(Call::prctl, {Builder::number(option), Builder::number(a), Builder::number(c),
                            Builder::number(0), Builder::number(0)});
}

void plan_ids(Builder& b, const PlanInput& in) {
  const oci::SpecUser& user = in.spec.process.user;
  b.step("ids.groups", "/process/user/additionalGids");
  if (in.facts.setgroups_denied) {
    if (!user.additional_gids.empty())
      b.warn("/process/user/additionalGids: groups cannot be set in this user namespace, left out");
  } else {
    std::string_view gids(reinterpret_cast<const char*>(user.additional_gids.data()),
                          user.additional_gids.size() * sizeof(std::uint32_t));
    b.op(Call::setgroups, {Builder::number(static_cast<std::int64_t>(user.additional_gids.size())),
                           gids.empty() ? Builder::null() : b.bytes(gids)});
  }
  b.step("ids.user", "/process/user");
  // Otherwise the change of uid takes the capabilities before they can be set exactly.
  if (user.uid != 0) prctl(b, PR_SET_KEEPCAPS, 1);
  Value gid = Builder::number(user.gid);
  Value uid = Builder::number(user.uid);
  b.op(Call::setresgid, {gid, gid, gid});
  b.op(Call::setresuid, {uid, uid, uid});
}

void plan_bounding(Builder& b, const PlanInput& in, const CapabilitySets& sets) {
  b.step("caps.bounding", "/process/capabilities/bounding");
  for (unsigned number = 0; number <= in.facts.last_capability && number < 64; ++number)
    if ((in.facts.bounding & ~sets.bounding) >> number & 1) prctl(b, PR_CAPBSET_DROP, number);
}

void capset(Builder& b, const CapabilitySets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  for (unsigned half = 0; half < 2; ++half) {
    data[half].effective = static_cast<std::uint32_t>(sets.effective >> (32 * half));
    data[half].permitted = static_cast<std::uint32_t>(sets.permitted >> (32 * half));
    data[half].inheritable = static_cast<std::uint32_t>(sets.inheritable >> (32 * half));
  }
  b.op(Call::capset, {b.data(header), b.data(data)});
}

void plan_capabilities(Builder& b, const CapabilitySets& sets) {
  b.step("caps.set", "/process/capabilities");
  capset(b, sets);
  b.step("caps.ambient", "/process/capabilities/ambient");
  prctl(b, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
  for (unsigned number = 0; number < 64; ++number)
    if (sets.ambient >> number & 1) prctl(b, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number);
}

// From here on every call passes through the filter.
void plan_filter(Builder& b, const SeccompFilter& filter) {
  LaunchPlan& plan = b.plan();
  std::string_view program(reinterpret_cast<const char*>(filter.program.data()),
                           filter.program.size() * sizeof filter.program[0]);
  plan.filter = static_cast<std::uint32_t>(b.bytes(program).word);
  plan.filter_count = static_cast<std::uint32_t>(filter.program.size());
  b.step("seccomp.load", "/linux/seccomp");
  b.op(Call::seccomp, {Builder::number(SECCOMP_SET_MODE_FILTER), Builder::number(filter.flags),
                       Builder::supplied(Extern::Filter)});
}

// Loading a filter takes CAP_SYS_ADMIN or no_new_privs: with the latter it is the last call before
// the exec. Without, the capabilities are dropped behind it, so that a profile has to allow capset
// and prctl, and no more than that for our sake.
Result<void> plan_privileges(Builder& b, const PlanInput& in, const CapabilitySets& sets) {
  constexpr std::uint64_t kAdmin = std::uint64_t{1} << CAP_SYS_ADMIN;
  const oci::Process& process = in.spec.process;
  if (!in.filter || process.no_new_privileges) {
    plan_capabilities(b, sets);
    if (process.no_new_privileges) {
      b.step("process.no_new_privs", "/process/noNewPrivileges");
      prctl(b, PR_SET_NO_NEW_PRIVS, 1);
    }
    if (in.filter) plan_filter(b, *in.filter);
    return {};
  }
  if ((in.facts.bounding & kAdmin) == 0)
    return fail(0, "/linux/seccomp: without CAP_SYS_ADMIN a filter needs noNewPrivileges",
                "set /process/noNewPrivileges (--security-opt no-new-privileges), or run with more "
                "privileges");
  if (process.user.uid != 0) {
    // The change of user has taken it out of the effective set; it is permitted still.
    CapabilitySets with_admin = sets;
    with_admin.permitted |= kAdmin;
    with_admin.effective = kAdmin;
    b.step("seccomp.load", "/linux/seccomp");
    capset(b, with_admin);
  }
  plan_filter(b, *in.filter);
  plan_capabilities(b, sets);
  return {};
}

// The environment with the last of several values of a name, as a shell would see it.
std::vector<std::string_view> effective_env(const std::vector<std::string>& env) {
  std::vector<std::string_view> out;
  for (std::string_view entry : env) {
    std::string_view name = entry.substr(0, entry.find('='));
    auto same = std::ranges::find_if(
        out, [&](std::string_view known) { return known.substr(0, known.find('=')) == name; });
    if (same == out.end())
      out.push_back(entry);
    else
      *same = entry;
  }
  return out;
}

// An array of text offsets with a zero at the end, for the helper to turn into pointers.
template <typename Strings>
std::uint32_t string_array(Builder& b, const Strings& strings) {
  std::vector<std::uint64_t> offsets;
  for (const auto& s : strings)
    offsets.push_back(static_cast<std::uint64_t>(b.text(s).word));
  offsets.push_back(0);
  return static_cast<std::uint32_t>(
      b.bytes({reinterpret_cast<const char*>(offsets.data()), offsets.size() * sizeof offsets[0]})
          .word);
}

std::vector<std::string> search_path(const std::string& program,
                                     const std::vector<std::string_view>& env) {
  if (program.find('/') != std::string::npos) return {program};
  std::string_view path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (std::string_view entry : env)
    if (entry.starts_with("PATH=")) path = entry.substr(5);
  std::vector<std::string> candidates;
  while (true) {
    std::size_t colon = path.find(':');
    std::string_view directory = path.substr(0, colon);
    candidates.push_back(fmt::format("{}/{}", directory.empty() ? "." : directory, program));
    if (colon == std::string_view::npos || candidates.size() == 100) return candidates;
    path = path.substr(colon + 1);
  }
}

Result<void> plan_arguments(Builder& b, const PlanInput& in) {
  const oci::Process& process = in.spec.process;
  if (process.args.empty() || process.args[0].empty())
    return fail(0, "/process/args: no program to run");
  std::vector<std::string_view> env = effective_env(process.env);
  LaunchPlan& plan = b.plan();
  plan.program = in.options.program.empty() ? process.args[0] : in.options.program;
  plan.search = search_path(plan.program, env);
  plan.argv = string_array(b, process.args);
  plan.argc = static_cast<std::uint32_t>(process.args.size());
  plan.envp = string_array(b, env);
  plan.envc = static_cast<std::uint32_t>(env.size());
  return {};
}

// A program that is not there is an error of `create`, which callers expect, not of `start`.
void plan_search(Builder& b) {
  b.step("exec.find", "/process/args");
  std::size_t first = b.op_count();
  for (const std::string& candidate : b.plan().search)
    b.op(Call::faccessat2, {Builder::number(AT_FDCWD), b.text(candidate), Builder::number(X_OK),
                            Builder::number(AT_EACCESS)})
        .tolerates = kMayBeAbsent | kMayBeOtherType | kMayBeForbidden;
  for (std::size_t i = first; i < b.op_count(); ++i)
    b.op_at(i).skip_ok = static_cast<std::uint8_t>(b.op_count() - i - 1);
  b.op_at(b.op_count() - 1).tolerates = 0;
}

void plan_start_wait(Builder& b) {
  b.step("start.wait", "");
  b.write(kSlotSyncChild, "r");
  Value word = b.data(std::uint64_t{0});
  b.op(Call::read, {Builder::slot(kSlotStart), word, Builder::number(1)}).flags = kMustRead;
}

}  // namespace

void plan_raised_limits(Builder& b, const PlanInput& in) {
  if (!limits_from_outside(in)) return;
  // Refused before, in the container's own lane, if at all.
  [[maybe_unused]] auto planned = plan_limits(b, in);
  b.in_host_lane();
}

Result<void> plan_process(Builder& b, const PlanInput& in, bool is_first) {
  if (in.spec.process.terminal)
    plan_terminal(b, in, is_first);
  else
    plan_stdio(b);
  if (!limits_from_outside(in)) SUIT_TRY(plan_limits(b, in));
  plan_directory(b, in.spec);
  SUIT_LET(CapabilitySets sets, capability_sets(b, in));
  plan_bounding(b, in, sets);
  plan_ids(b, in);
  // A change of uid clears this, so it comes after.
  b.step("process.parent_death", "");
  prctl(b, PR_SET_PDEATHSIG, SIGKILL).when = kWhenDieWithParent;
  b.step("process.umask", "/process/user/umask");
  b.op(Call::umask, {Builder::number(in.spec.process.user.umask.value_or(022) & 07777)});
  SUIT_TRY(plan_arguments(b, in));
  if (in.options.waits_for_start) {
    plan_search(b);
    plan_start_wait(b);
  }
  b.step("process.close_fds", "");
  // Whatever descriptor came this far ends at the exec: one to a host directory would be the way
  // out (CVE-2024-21626).
  b.op(Call::close_range, {Builder::number(3 + in.options.preserved_fds), Builder::number(-1),
                           Builder::number(CLOSE_RANGE_CLOEXEC)});
  return plan_privileges(b, in, sets);
}

void plan_program(Builder& b) {
  b.step("exec", "/process/args");
  for (const std::string& candidate : b.plan().search)
    b.op(Call::execve,
         {b.text(candidate), Builder::supplied(Extern::Argv), Builder::supplied(Extern::Envp)})
        .tolerates = kMayBeAbsent | kMayBeOtherType | kMayBeForbidden;
}

}  // namespace suit::runtime
