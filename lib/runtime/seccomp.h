/// \file
/// Seccomp: from the filter that a document describes to the program that the kernel runs.
///
///     profile ──resolve──> oci::Seccomp ──compile──> BPF ──> seccomp(2), in suit-init
///              capabilities,             one binary search
///              architecture              over the numbers
///
/// The program answers as libseccomp's would: tests hold the two equal, call by call.
/// \see tutorial 03, seccomp(2)

#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "oci/seccomp.h"
#include "oci/spec.h"
#include "runtime/syscalls.h"

namespace suit::runtime {

/// A program for seccomp(SECCOMP_SET_MODE_FILTER).
struct SeccompFilter {
  std::vector<sock_filter> program;
  std::uint32_t flags = 0;  ///< SECCOMP_FILTER_FLAG_*
};

/// What happens to calls newer than all that the filter names. A C library asks for a new call and
/// falls back when it hears ENOSYS; EPERM it takes for an answer. So runc says ENOSYS, and so do
/// we, unless the filter allows by default.
enum class Newer { NoSuchCall, AsOthers };

/// \errors 0 with a JSON pointer below /linux/seccomp: an action that needs a listener, an unknown
/// flag, a program that is too long
Result<SeccompFilter> compile_seccomp(const oci::Seccomp& seccomp, Newer newer = Newer::NoSuchCall);

/// What a profile's conditions are about.
struct ProfileTarget {
  std::uint64_t capabilities = 0;  ///< of the bounding set, as bits
  unsigned kernel_major = 5;       ///< what we need is at least 5.12
  unsigned kernel_minor = 12;
};
/// The filter that \p profile is for \p target on this machine's architecture.
/// \errors 0 for a condition on something unknown
Result<oci::Seccomp> resolve_profile(const oci::SeccompProfile& profile,
                                     const ProfileTarget& target);

/// The profile that containers get when nobody asks for another: Docker's rules, as data.
std::string_view default_profile_text();
/// The same as a program. For Docker's fourteen capabilities it was compiled when we were built.
Result<SeccompFilter> default_filter(std::uint64_t capabilities);

/// The same for a container with \p capabilities: its bounding set counts, as in Docker.
/// \errors 0 for a name that is no capability's
Result<SeccompFilter> default_filter(const oci::Capabilities& capabilities);
/// The names of capabilities as bits.
Result<std::uint64_t> capability_bits(const std::vector<std::string>& names);

/// Docker's fourteen capabilities, as bits.
std::uint64_t default_capabilities();

/// `allow`, `errno EPERM`, `kill the process`: a program's answer in words.
std::string describe_action(std::uint32_t answer);

/// What a profile does with one system call, in lines for people.
/// \param profile empty for one that allows all
/// \errors 0 for a call that no architecture has, with what was meant
Result<std::string> explain_syscall(const oci::SeccompProfile& profile, const ProfileTarget& target,
                                    std::string_view syscall);

}  // namespace suit::runtime
