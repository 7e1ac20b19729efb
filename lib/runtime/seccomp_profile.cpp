// Profiles: which rules count, the default one, and what a profile does with a call.

#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include "oci/spec.h"
#include "runtime/bpf.h"
#include "runtime/caps.h"
#include "runtime/seccomp.h"

extern "C" const char suit_seccomp_profile[];
extern "C" const char suit_seccomp_profile_end[];

namespace suit::runtime {
namespace {

bool has_capability(std::uint64_t capabilities, std::string_view name) {
  const auto number = capability_number(name);
  return number && (capabilities >> *number & 1) != 0;
}

bool kernel_is_at_least(const ProfileTarget& target, std::string_view version) {
  unsigned major = 0;
  unsigned minor = 0;
  const auto [dot, error] = std::from_chars(version.data(), version.data() + version.size(), major);
  if (error == std::errc() && dot != version.data() + version.size())
    std::from_chars(dot + 1, version.data() + version.size(), minor);
  return std::pair(target.kernel_major, target.kernel_minor) >= std::pair(major, minor);
}

bool has_arch(const oci::SeccompCondition& condition) {
  return std::ranges::find(condition.arches, native_go_arch()) != condition.arches.end();
}

// Docker's reading: a rule is out when any of its exclusions holds, and in when all inclusions do.
bool counts(const oci::ProfileRule& rule, const ProfileTarget& target) {
  const oci::SeccompCondition& no = rule.excludes;
  if (has_arch(no)) return false;
  for (const std::string& name : no.caps)
    if (has_capability(target.capabilities, name)) return false;
  if (!no.min_kernel.empty() && kernel_is_at_least(target, no.min_kernel)) return false;
  const oci::SeccompCondition& yes = rule.includes;
  if (!yes.arches.empty() && !has_arch(yes)) return false;
  for (const std::string& name : yes.caps)
    if (!has_capability(target.capabilities, name)) return false;
  return yes.min_kernel.empty() || kernel_is_at_least(target, yes.min_kernel);
}

std::string errno_text(std::uint32_t code) {
  const char* name = ::strerrorname_np(static_cast<int>(code));
  return name ? name : std::to_string(code);
}

std::string_view symbol(oci::SeccompOperator op) {
  constexpr std::array<std::string_view, 7> kSymbols = {"!=", "<", "<=", "==", ">=", ">", "&"};
  return kSymbols[static_cast<std::size_t>(op)];
}

std::string describe_arguments(const std::vector<oci::SeccompArgument>& args) {
  std::string out;
  for (const oci::SeccompArgument& argument : args) {
    out += out.empty() ? "" : " and ";
    if (argument.op == oci::SeccompOperator::MaskedEqual)
      out += fmt::format("argument {} & {:#x} == {:#x}", argument.index, argument.value,
                         argument.value_two);
    else
      out += fmt::format("argument {} {} {}", argument.index, symbol(argument.op), argument.value);
  }
  return out;
}

std::string describe_condition(const oci::SeccompCondition& condition) {
  std::string out;
  const auto add = [&](std::string_view what, const std::string& value) {
    if (!value.empty()) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", what, value);
  };
  add("with", fmt::format("{}", fmt::join(condition.caps, " ")));
  add("on", fmt::format("{}", fmt::join(condition.arches, " ")));
  add("from Linux", condition.min_kernel);
  return out;
}

std::string describe_rule(const oci::ProfileRule& rule, std::size_t number, bool is_counted) {
  std::string action;
  switch (rule.rule.action) {
    case oci::SeccompAction::Errno:
      action = "errno " + errno_text(rule.rule.errno_ret.value_or(EPERM));
      break;
    case oci::SeccompAction::Allow:
      action = "allow";
      break;
    default:
      action = oci::name_of(rule.rule.action);
  }
  std::string out = fmt::format("  {} rule {}: {}", is_counted ? "+" : "-", number, action);
  if (!rule.rule.args.empty()) out += ", when " + describe_arguments(rule.rule.args);
  if (!rule.includes.empty()) out += "; only " + describe_condition(rule.includes);
  if (!rule.excludes.empty()) out += "; not " + describe_condition(rule.excludes);
  if (!rule.comment.empty()) out += fmt::format(" ({})", rule.comment);
  return out + "\n";
}

}  // namespace

Result<oci::Seccomp> resolve_profile(const oci::SeccompProfile& profile,
                                     const ProfileTarget& target) {
  oci::Seccomp out = profile.base;
  for (const oci::ProfileRule& rule : profile.rules) {
    for (const oci::SeccompCondition* condition : {&rule.includes, &rule.excludes})
      for (const std::string& name : condition->caps)
        if (!capability_number(name))
          return fail(0, fmt::format("seccomp profile: no capability is called \"{}\"{}", name,
                                     suggest_capability(name)));
    if (counts(rule, target)) out.syscalls.push_back(rule.rule);
  }
  const auto found = profile.arch_map.find(std::string(scmp_name(native_arch())));
  if (found != profile.arch_map.end()) {
    out.architectures = {found->first};
    out.architectures.insert(out.architectures.end(), found->second.begin(), found->second.end());
  }
  return out;
}

std::string_view default_profile_text() {
  return {&suit_seccomp_profile[0],
          static_cast<std::size_t>(&suit_seccomp_profile_end[0] - &suit_seccomp_profile[0])};
}

Result<std::uint64_t> capability_bits(const std::vector<std::string>& names) {
  std::uint64_t bits = 0;
  for (const std::string& name : names) {
    const auto number = capability_number(name);
    if (!number)
      return fail(0,
                  fmt::format("no capability is called \"{}\"{}", name, suggest_capability(name)));
    bits |= std::uint64_t{1} << *number;
  }
  return bits;
}

std::uint64_t default_capabilities() {
  return capability_bits(oci::default_spec().process.capabilities.bounding).value_or(0);
}

std::string describe_action(std::uint32_t answer) {
  const std::uint32_t data = answer & SECCOMP_RET_DATA;
  switch (answer & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_KILL_PROCESS:
      return "kill the process";
    case SECCOMP_RET_KILL_THREAD:
      return "kill the thread";
    case SECCOMP_RET_TRAP:
      return "signal SIGSYS";
    case SECCOMP_RET_ERRNO:
      return "errno " + errno_text(data);
    case SECCOMP_RET_TRACE:
      return "ask the tracer";
    case SECCOMP_RET_LOG:
      return "log and allow";
    case SECCOMP_RET_ALLOW:
      return "allow";
    default:
      return fmt::format("{:#x}", answer);
  }
}

Result<std::string> explain_syscall(const oci::SeccompProfile& profile, const ProfileTarget& target,
                                    std::string_view syscall) {
  SUIT_LET(const oci::Seccomp seccomp, resolve_profile(profile, target));
  SUIT_LET(const SeccompFilter filter, compile_seccomp(seccomp));
  std::string out;
  for (std::size_t i = 0; i < kArchCount; ++i) {
    const Arch arch = static_cast<Arch>(i);
    const auto number = syscall_number(arch, syscall);
    if (!number || (arch == Arch::Aarch64) != (native_arch() == Arch::Aarch64)) continue;
    seccomp_data data{};
    data.nr = static_cast<int>(*number);
    data.arch = audit_arch(arch);
    SUIT_LET(const std::uint32_t answer, run_filter(filter.program, data));
    out += fmt::format("  {:<7} {:>10}  {}\n", short_name(arch), *number, describe_action(answer));
  }
  if (out.empty())
    return fail(0, fmt::format("no system call of this machine is called \"{}\"{}", syscall,
                               suggest_syscall(syscall)));
  out = fmt::format("{}, all arguments 0\n{}", syscall, out);
  std::string rules;
  for (std::size_t i = 0; i < profile.rules.size(); ++i) {
    const oci::ProfileRule& rule = profile.rules[i];
    if (std::ranges::find(rule.rule.names, syscall) == rule.rule.names.end()) continue;
    rules += describe_rule(rule, i, counts(rule, target));
  }
  if (!rules.empty()) out += "rules that name it (+ counts here, - does not)\n" + rules;
  std::string others = std::string(oci::name_of(profile.base.default_action));
  if (profile.base.default_action == oci::SeccompAction::Errno)
    others = "errno " + errno_text(profile.base.default_errno_ret.value_or(EPERM));
  return out + fmt::format("{} {}\n",
                           rules.empty() ? "no rule names it: the profile's default is"
                                         : "the profile's default is",
                           others);
}

}  // namespace suit::runtime
