#include "seccomp_oracle.h"

#include <gtest/gtest.h>

#if defined(SUIT_LIBSECCOMP) && defined(__x86_64__)
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace suit::test {
namespace {

using oci::SeccompAction;

std::uint32_t action_of(SeccompAction action, std::optional<std::uint32_t> errno_ret) {
  const std::uint32_t data = errno_ret.value_or(EPERM);
  switch (action) {
    case SeccompAction::KillThread:
      return SCMP_ACT_KILL_THREAD;
    case SeccompAction::KillProcess:
      return SCMP_ACT_KILL_PROCESS;
    case SeccompAction::Trap:
      return SCMP_ACT_TRAP;
    case SeccompAction::Errno:
      return SCMP_ACT_ERRNO(data);
    case SeccompAction::Trace:
      return SCMP_ACT_TRACE(data);
    case SeccompAction::Log:
      return SCMP_ACT_LOG;
    default:
      return SCMP_ACT_ALLOW;
  }
}

scmp_arg_cmp comparison(const oci::SeccompArgument& argument) {
  constexpr std::array<scmp_compare, 7> kOperators = {SCMP_CMP_NE,       SCMP_CMP_LT, SCMP_CMP_LE,
                                                      SCMP_CMP_EQ,       SCMP_CMP_GE, SCMP_CMP_GT,
                                                      SCMP_CMP_MASKED_EQ};
  return {argument.index, kOperators[static_cast<std::size_t>(argument.op)], argument.value,
          argument.value_two};
}

void add_rule(scmp_filter_ctx context, std::uint32_t by_default, const oci::SeccompRule& rule) {
  const std::uint32_t action = action_of(rule.action, rule.errno_ret);
  if (action == by_default) return;
  std::array<int, 6> uses{};
  for (const auto& argument : rule.args)
    ++uses[argument.index];
  const bool alternatives = std::ranges::any_of(uses, [](int count) { return count > 1; });
  for (const std::string& name : rule.names) {
    const int number = seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR) continue;
    std::vector<scmp_arg_cmp> all;
    for (const auto& argument : rule.args)
      all.push_back(comparison(argument));
    int status = 0;
    if (!alternatives)
      status = seccomp_rule_add_array(context, action, number, static_cast<unsigned>(all.size()),
                                      all.data());
    else
      for (const scmp_arg_cmp& one : all)
        status = std::min(status, seccomp_rule_add_array(context, action, number, 1, &one));
    EXPECT_EQ(status, 0) << "libseccomp refuses the rule for " << name;
  }
}

}  // namespace

bool has_libseccomp() { return true; }

bool libseccomp_knows(const std::string& name) {
  return seccomp_syscall_resolve_name(name.c_str()) != __NR_SCMP_ERROR;
}

std::vector<sock_filter> libseccomp_program(const oci::Seccomp& seccomp) {
  const std::uint32_t by_default = action_of(seccomp.default_action, seccomp.default_errno_ret);
  scmp_filter_ctx context = seccomp_init(by_default);
  for (const std::string& arch : seccomp.architectures) {
    if (arch == "SCMP_ARCH_X86") seccomp_arch_add(context, SCMP_ARCH_X86);
    if (arch == "SCMP_ARCH_X32") seccomp_arch_add(context, SCMP_ARCH_X32);
  }
  for (const oci::SeccompRule& rule : seccomp.syscalls)
    add_rule(context, by_default, rule);
  const int file = memfd_create("program", MFD_CLOEXEC);
  EXPECT_EQ(seccomp_export_bpf(context, file), 0);
  const auto size = static_cast<std::size_t>(lseek(file, 0, SEEK_END));
  std::vector<sock_filter> program(size / sizeof(sock_filter));
  EXPECT_EQ(pread(file, program.data(), size, 0), static_cast<ssize_t>(size));
  close(file);
  seccomp_release(context);
  return program;
}

}  // namespace suit::test
#else
namespace suit::test {
bool has_libseccomp() { return false; }
bool libseccomp_knows(const std::string&) { return false; }
std::vector<sock_filter> libseccomp_program(const oci::Seccomp&) { return {}; }
}  // namespace suit::test
#endif
