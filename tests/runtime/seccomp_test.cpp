// The compiler of filters, held equal to libseccomp's: both programs are run over every number of
// every architecture, with the arguments at which an answer could change.

#include "runtime/seccomp.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <unistd.h>

#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/file.h"
#include "runtime/bpf.h"
#include "runtime/caps.h"
#include "seccomp_oracle.h"

namespace suit::runtime {
namespace {

using oci::SeccompAction;
using oci::SeccompOperator;
using testing::HasSubstr;

oci::SeccompProfile profile_of(std::string_view text) {
  auto profile = oci::parse_seccomp_profile(text);
  EXPECT_TRUE(profile) << profile.error().message();
  return profile ? *profile : oci::SeccompProfile();
}

oci::Seccomp resolved(std::string_view text, std::uint64_t capabilities) {
  auto seccomp = resolve_profile(profile_of(text), {capabilities});
  EXPECT_TRUE(seccomp) << seccomp.error().message();
  return seccomp ? *seccomp : oci::Seccomp();
}

std::uint32_t answer(const std::vector<sock_filter>& program, std::uint32_t arch,
                     std::uint32_t number, unsigned index = 0, std::uint64_t value = 0) {
  seccomp_data data{};
  data.arch = arch;
  data.nr = static_cast<int>(number);
  data.args[index] = value;
  auto result = run_filter(program, data);
  EXPECT_TRUE(result) << result.error().message();
  return result.value_or(0xdeadbeef);
}

// Values at which a comparison of \p seccomp could change its mind.
std::vector<std::uint64_t> edges(const oci::Seccomp& seccomp) {
  std::set<std::uint64_t> out = {0, 1, 0xffffffff, 0x100000000, ~std::uint64_t{0}};
  for (const oci::SeccompRule& rule : seccomp.syscalls)
    for (const oci::SeccompArgument& argument : rule.args)
      for (std::uint64_t value : {argument.value, argument.value_two}) {
        out.insert({value, value - 1, value + 1, value ^ (std::uint64_t{1} << 32)});
        out.insert({value | 0xffffffff00000000, value & 0xffffffff, value << 32});
      }
  return {out.begin(), out.end()};
}

// Numbers that some rule with arguments names, on any architecture.
std::set<std::uint32_t> conditional_numbers(const oci::Seccomp& seccomp) {
  std::set<std::uint32_t> out = {102, 117};  // i386: socketcall, ipc
  for (const oci::SeccompRule& rule : seccomp.syscalls)
    for (const std::string& name : rule.names)
      for (std::size_t i = 0; !rule.args.empty() && i < kArchCount; ++i)
        if (const auto number = syscall_number(static_cast<Arch>(i), name)) out.insert(*number);
  return out;
}

struct Comparison {
  long probes = 0;
  std::vector<std::string> differences;
};

Comparison compare(const oci::Seccomp& seccomp, const std::vector<sock_filter>& ours,
                   const std::vector<sock_filter>& theirs) {
  Comparison out;
  const std::vector<std::uint64_t> values = edges(seccomp);
  const std::set<std::uint32_t> conditional = conditional_numbers(seccomp);
  auto probe = [&](std::uint32_t arch, std::uint32_t number, unsigned index, std::uint64_t value) {
    const std::uint32_t mine = answer(ours, arch, number, index, value);
    const std::uint32_t expected = answer(theirs, arch, number, index, value);
    ++out.probes;
    if (mine != expected && out.differences.size() < 6)
      out.differences.push_back(
          fmt::format("arch {:#x} number {:#x} argument {} = {:#x}: {:#x}, "
                      "libseccomp {:#x}",
                      arch, number, index, value, mine, expected));
  };
  for (std::uint32_t arch : {std::uint32_t{AUDIT_ARCH_X86_64}, std::uint32_t{AUDIT_ARCH_I386},
                             std::uint32_t{AUDIT_ARCH_ARM}})
    for (std::uint32_t base : {0U, kX32Bit, 0x7fffff00U, 0xfffffe00U})
      for (std::uint32_t i = 0; i < 0x200; ++i) {
        const std::uint32_t number = base + i;
        const std::string name(syscall_name(arch == AUDIT_ARCH_I386 ? Arch::X86
                                            : number < kX32Bit      ? Arch::X86_64
                                                                    : Arch::X32,
                                            number));
        if (!name.empty() && !test::libseccomp_knows(name)) continue;
        if (!conditional.contains(number)) {
          probe(arch, number, 0, 0);
          continue;
        }
        for (unsigned index = 0; index < 6; ++index)
          for (std::uint64_t value : values)
            probe(arch, number, index, value);
      }
  return out;
}

// Compiles both, compares, says how long they are.
void expect_equal(const std::string& name, const oci::Seccomp& seccomp) {
  SCOPED_TRACE(name);
  auto ours = compile_seccomp(seccomp, Newer::AsOthers);
  ASSERT_TRUE(ours) << ours.error().message();
  const auto theirs = test::libseccomp_program(seccomp);
  ASSERT_FALSE(theirs.empty());
  const Comparison comparison = compare(seccomp, ours->program, theirs);
  EXPECT_THAT(comparison.differences, testing::IsEmpty());
  std::printf("%-28s %5zu instructions, libseccomp %5zu, %7ld probes\n", name.c_str(),
              ours->program.size(), theirs.size(), comparison.probes);
}

TEST(SeccompCompiler, EqualsLibseccompOverTheDefaultProfile) {
  if (!test::has_libseccomp()) GTEST_SKIP() << "needs libseccomp-dev on x86-64";
  const std::string_view text = default_profile_text();
  expect_equal("default", resolved(text, default_capabilities()));
  expect_equal("default, no capability", resolved(text, 0));
  expect_equal("default, all", resolved(text, ~std::uint64_t{0}));
  for (unsigned number = 0; number < kCapabilityCount; ++number)
    expect_equal(fmt::format("default, {}", capability_name(number)),
                 resolved(text, std::uint64_t{1} << number));
}

TEST(SeccompCompiler, EqualsLibseccompOverThePodmanProfile) {
  if (!test::has_libseccomp()) GTEST_SKIP() << "needs libseccomp-dev on x86-64";
  auto text = os::read_file("/usr/share/containers/seccomp.json");
  if (!text) GTEST_SKIP() << "needs Debian's golang-github-containers-common";
  expect_equal("podman", resolved(*text, default_capabilities()));
  expect_equal("podman, no capability", resolved(*text, 0));
  expect_equal("podman, all", resolved(*text, ~std::uint64_t{0}));
}

oci::Seccomp made(SeccompAction by_default, std::vector<oci::SeccompRule> rules,
                  std::vector<std::string> arches = {"SCMP_ARCH_X86", "SCMP_ARCH_X32"}) {
  oci::Seccomp out;
  out.default_action = by_default;
  out.architectures = std::move(arches);
  out.syscalls = std::move(rules);
  return out;
}

TEST(SeccompCompiler, EqualsLibseccompForEveryOperator) {
  if (!test::has_libseccomp()) GTEST_SKIP() << "needs libseccomp-dev on x86-64";
  const std::uint64_t values[] = {0, 7, 0xffffffff, 0x100000000, 0x500000003, ~std::uint64_t{0}};
  for (int op = 0; op < 7; ++op)
    for (std::uint64_t value : values) {
      const oci::SeccompArgument argument{1, value, value & 0x300000001,
                                          static_cast<SeccompOperator>(op)};
      const std::vector<std::string> names = {"chmod", "write", "mount"};
      expect_equal(fmt::format("{} {:#x}", oci::name_of(argument.op), value),
                   made(SeccompAction::Errno, {{names, SeccompAction::Allow, {}, {argument}}}));
    }
}

TEST(SeccompCompiler, EqualsLibseccompForEveryAction) {
  if (!test::has_libseccomp()) GTEST_SKIP() << "needs libseccomp-dev on x86-64";
  for (auto by_default : {SeccompAction::Allow, SeccompAction::KillThread, SeccompAction::Log})
    for (auto action : {SeccompAction::KillProcess, SeccompAction::Trap, SeccompAction::Errno,
                        SeccompAction::Trace, SeccompAction::Log, SeccompAction::Allow})
      expect_equal(fmt::format("{} {}", oci::name_of(by_default), oci::name_of(action)),
                   made(by_default, {{{"open", "openat", "personality"}, action, 13, {}}}));
}

TEST(SeccompCompiler, EqualsLibseccompForCombinations) {
  if (!test::has_libseccomp()) GTEST_SKIP() << "needs libseccomp-dev on x86-64";
  using Op = SeccompOperator;
  constexpr auto kAllow = SeccompAction::Allow;
  constexpr auto kErrno = SeccompAction::Errno;
  struct Case {
    std::string name;
    oci::Seccomp seccomp;
  };
  const Case cases[] = {
      {"one table", made(kErrno, {{{"read", "write"}, kAllow, {}, {}}}, {})},
      {"with i386", made(kErrno, {{{"read", "write"}, kAllow, {}, {}}}, {"SCMP_ARCH_X86"})},
      {"with x32", made(kErrno, {{{"read", "write"}, kAllow, {}, {}}}, {"SCMP_ARCH_X32"})},
      {"several arguments",
       made(kErrno, {{{"mmap"}, kAllow, {}, {{2, 4, 0, Op::Less}, {3, 2, 2, Op::MaskedEqual}}}})},
      {"alternatives of one argument",
       made(kErrno, {{{"ioctl"}, kAllow, {}, {{1, 5, 0, Op::Equal}, {1, 9, 0, Op::Equal}}}})},
      {"all covers some", made(kErrno, {{{"kill"}, kAllow, {}, {{1, 9, 0, Op::NotEqual}}},
                                        {{"kill"}, kAllow, {}, {}}})},
      {"some after all", made(kErrno, {{{"kill"}, kAllow, {}, {}},
                                       {{"kill"}, kAllow, {}, {{1, 9, 0, Op::NotEqual}}}})},
      {"i386 sockets", made(kErrno, {{{"socket", "bind", "accept4", "shmat"}, kAllow, {}, {}}})},
      {"i386 sockets denied", made(kAllow, {{{"socket", "semop"}, kErrno, {}, {}}})},
      {"the default again",
       made(kErrno, {{{"read"}, kErrno, {}, {}}, {{"write"}, kAllow, {}, {}}})},
      {"unknown names", made(kErrno, {{{"no_such", "read"}, kAllow, {}, {}}})},
      {"nothing", made(kErrno, {})},
      {"one of each second number",
       [] {
         oci::SeccompRule rule{{}, kAllow, {}, {}};
         for (const Syscall& call : syscalls_of(Arch::X86_64))
           if (call.number % 2 == 0) rule.names.emplace_back(call.name);
         return made(kErrno, {rule});
       }()},
  };
  for (const Case& test : cases)
    expect_equal(test.name, test.seccomp);
}

TEST(SeccompCompiler, SaysToNewCallsThatTheyDoNotExist) {
  const oci::Seccomp seccomp =
      made(SeccompAction::Errno, {{{"statx"}, SeccompAction::Allow, {}, {}}});
  auto filter = compile_seccomp(seccomp);
  ASSERT_TRUE(filter);
  const std::uint32_t last = *syscall_number(native_arch(), "statx");
  const std::uint32_t arch = audit_arch(native_arch());
  EXPECT_EQ(answer(filter->program, arch, last), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(filter->program, arch, last - 1), SECCOMP_RET_ERRNO | EPERM);
  EXPECT_EQ(answer(filter->program, arch, last + 1), SECCOMP_RET_ERRNO | ENOSYS);
}

TEST(SeccompCompiler, RefusesWhatItCannotDoByName) {
  oci::Seccomp seccomp = made(SeccompAction::Notify, {});
  EXPECT_THAT(compile_seccomp(seccomp).error().message(), HasSubstr("/defaultAction"));
  seccomp = made(SeccompAction::Allow, {{{"mkdir"}, SeccompAction::Notify, {}, {}}});
  EXPECT_THAT(compile_seccomp(seccomp).error().message(), HasSubstr("/syscalls/0/action"));
  seccomp = made(SeccompAction::Allow, {});
  seccomp.listener_path = "/run/agent";
  EXPECT_THAT(compile_seccomp(seccomp).error().message(), HasSubstr("/listenerPath"));
  seccomp = made(SeccompAction::Allow, {});
  seccomp.flags = {"SECCOMP_FILTER_FLAG_X"};
  EXPECT_THAT(compile_seccomp(seccomp).error().message(), HasSubstr("/flags/0"));
}

TEST(SeccompDefault, WasCompiledAsItIsNow) {
  auto built = default_filter(default_capabilities());
  ASSERT_TRUE(built);
  auto now = compile_seccomp(resolved(default_profile_text(), default_capabilities()));
  ASSERT_TRUE(now);
  ASSERT_EQ(built->program.size(), now->program.size());
  EXPECT_EQ(std::memcmp(built->program.data(), now->program.data(),
                        now->program.size() * sizeof now->program[0]),
            0);
  EXPECT_EQ(built->flags, now->flags);
}

TEST(SeccompDefault, DeniesWhatDockerDenies) {
  auto filter = default_filter(default_capabilities());
  ASSERT_TRUE(filter);
  struct Case {
    const char* name;
    std::uint32_t expected;
  };
  constexpr std::uint32_t kDenied = SECCOMP_RET_ERRNO | EPERM;
  const Case cases[] = {{"mount", kDenied},           {"bpf", kDenied},
                        {"keyctl", kDenied},          {"io_uring_setup", kDenied},
                        {"userfaultfd", kDenied},     {"kexec_load", kDenied},
                        {"perf_event_open", kDenied}, {"unshare", kDenied},
                        {"setns", kDenied},           {"clone3", SECCOMP_RET_ERRNO | ENOSYS},
                        {"read", SECCOMP_RET_ALLOW},  {"fchmodat2", SECCOMP_RET_ALLOW}};
  for (const Case& test : cases)
    for (std::size_t i = 0; i < 3 && native_arch() == Arch::X86_64; ++i) {
      const Arch arch = static_cast<Arch>(i);
      const auto number = syscall_number(arch, test.name);
      ASSERT_TRUE(number) << test.name;
      EXPECT_EQ(answer(filter->program, audit_arch(arch), *number), test.expected)
          << test.name << " on " << short_name(arch);
    }
  const std::uint32_t clone = *syscall_number(native_arch(), "clone");
  const std::uint32_t arch = audit_arch(native_arch());
  EXPECT_EQ(answer(filter->program, arch, clone, 0, 0x11), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(filter->program, arch, clone, 0, 0x10000000), kDenied) << "CLONE_NEWUSER";
}

TEST(SeccompProfile, TellsWhichRulesDecide) {
  const oci::SeccompProfile profile = profile_of(default_profile_text());
  auto text = explain_syscall(profile, {default_capabilities()}, "mount");
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_THAT(*text, HasSubstr("x86-64         165  errno EPERM"));
  EXPECT_THAT(*text, HasSubstr("only with CAP_SYS_ADMIN"));
  EXPECT_THAT(explain_syscall(profile, {}, "mountt").error().message(),
              HasSubstr("did you mean \"mount\"?"));
}

TEST(SeccompProfile, RefusesDocumentsWithTheirPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({})", "/defaultAction: is required"},
      {R"({"defaultAction": "SCMP_ACT_ALOW"})", "did you mean \"SCMP_ACT_ALLOW\"?"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_ERRNO"}]})",
       "/syscalls/0/names: must have at least one entry"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action":
           "SCMP_ACT_ERRNO", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]})",
       "/syscalls/0/args/0/index: must not be above 5"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action":
           "SCMP_ACT_ERRNO", "includes": {"minKernel": "x"}}]})",
       "/syscalls/0/includes/minKernel"}};
  for (const auto& [text, expected] : cases) {
    auto profile = oci::parse_seccomp_profile(text);
    ASSERT_FALSE(profile) << text;
    EXPECT_THAT(profile.error().message() + profile.error().hint(), HasSubstr(expected));
  }
}

}  // namespace
}  // namespace suit::runtime
