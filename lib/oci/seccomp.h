/// \file
/// Seccomp filters as documents say them: `linux.seccomp` of config.json, and Docker's profiles,
/// which add conditions.
/// \source OCI runtime-spec v1.3: config-linux.md "Seccomp"; seccomp_rule_add(3) for the operators

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "oci/json.h"

namespace suit::oci {

/// What the kernel does with a call. \source seccomp(2)
enum class SeccompAction : std::uint8_t {
  KillThread,
  KillProcess,
  Trap,
  Errno,
  Trace,
  Allow,
  Log,
  Notify
};
/// `SCMP_ACT_ALLOW`
std::string_view name_of(SeccompAction action);

/// How an argument is compared with `value`. `MaskedEqual`: (argument & value) == value_two.
enum class SeccompOperator : std::uint8_t {
  NotEqual,
  Less,
  LessEqual,
  Equal,
  GreaterEqual,
  Greater,
  MaskedEqual
};
/// `SCMP_CMP_EQ`
std::string_view name_of(SeccompOperator op);

struct SeccompArgument {
  unsigned index = 0;  ///< 0 to 5
  std::uint64_t value = 0;
  std::uint64_t value_two = 0;
  SeccompOperator op = SeccompOperator::Equal;
  friend bool operator==(const SeccompArgument&, const SeccompArgument&) = default;
};

/// One action for some system calls. Arguments must all match; several about one index are
/// alternatives, as runc and crun read them.
struct SeccompRule {
  std::vector<std::string> names;
  SeccompAction action = SeccompAction::Allow;
  std::optional<std::uint32_t> errno_ret;  ///< absent: EPERM
  std::vector<SeccompArgument> args;
};

struct Seccomp {
  SeccompAction default_action = SeccompAction::Allow;
  std::optional<std::uint32_t> default_errno_ret;
  std::vector<std::string> architectures;         ///< \shape `SCMP_ARCH_X86_64`
  std::optional<std::vector<std::string>> flags;  ///< \shape `SECCOMP_FILTER_FLAG_LOG`
  std::string listener_path;
  std::string listener_metadata;
  std::vector<SeccompRule> syscalls;
};

/// When a rule of a profile counts. Docker: all capabilities, any of the architectures.
struct SeccompCondition {
  std::vector<std::string> caps;
  std::vector<std::string> arches;  ///< Go's names: `amd64`
  std::string min_kernel;           ///< \shape `4.8`
  bool empty() const { return caps.empty() && arches.empty() && min_kernel.empty(); }
};

struct ProfileRule {
  SeccompRule rule;
  SeccompCondition includes;  ///< empty: always
  SeccompCondition excludes;  ///< empty: never
  std::string comment;
};

/// A profile as `--security-opt seccomp=FILE` takes it. A plain OCI filter is one, too.
struct SeccompProfile {
  Seccomp base;  ///< all but the rules
  /// Architecture to those that its kernel runs as well.
  std::map<std::string, std::vector<std::string>> arch_map;
  std::vector<ProfileRule> rules;
};

/// \errors 0 with the JSON pointer of the member at fault
Result<SeccompProfile> parse_seccomp_profile(std::string_view text);
Json to_value(const Seccomp& seccomp);

}  // namespace suit::oci
