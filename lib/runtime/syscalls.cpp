#include "runtime/syscalls.h"

#include <linux/audit.h>
#include <linux/ipc.h>
#include <linux/net.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/suggest.h"

namespace suit::runtime {
namespace {

#include "syscall_tables.inc"

struct Operation {
  std::string_view name;
  std::uint32_t number = 0;
};
constexpr std::array<Operation, 20> kSocketCalls = {{{"socket", SYS_SOCKET},
                                                     {"bind", SYS_BIND},
                                                     {"connect", SYS_CONNECT},
                                                     {"listen", SYS_LISTEN},
                                                     {"accept", SYS_ACCEPT},
                                                     {"getsockname", SYS_GETSOCKNAME},
                                                     {"getpeername", SYS_GETPEERNAME},
                                                     {"socketpair", SYS_SOCKETPAIR},
                                                     {"send", SYS_SEND},
                                                     {"recv", SYS_RECV},
                                                     {"sendto", SYS_SENDTO},
                                                     {"recvfrom", SYS_RECVFROM},
                                                     {"shutdown", SYS_SHUTDOWN},
                                                     {"setsockopt", SYS_SETSOCKOPT},
                                                     {"getsockopt", SYS_GETSOCKOPT},
                                                     {"sendmsg", SYS_SENDMSG},
                                                     {"recvmsg", SYS_RECVMSG},
                                                     {"accept4", SYS_ACCEPT4},
                                                     {"recvmmsg", SYS_RECVMMSG},
                                                     {"sendmmsg", SYS_SENDMMSG}}};
constexpr std::array<Operation, 12> kIpcCalls = {{{"semop", SEMOP},
                                                  {"semget", SEMGET},
                                                  {"semctl", SEMCTL},
                                                  {"semtimedop", SEMTIMEDOP},
                                                  {"msgsnd", MSGSND},
                                                  {"msgrcv", MSGRCV},
                                                  {"msgget", MSGGET},
                                                  {"msgctl", MSGCTL},
                                                  {"shmat", SHMAT},
                                                  {"shmdt", SHMDT},
                                                  {"shmget", SHMGET},
                                                  {"shmctl", SHMCTL}}};

struct ArchNames {
  std::string_view scmp;
  std::string_view shown;
  std::uint32_t audit;
};
// In the order of `Arch`.
constexpr std::array<ArchNames, kArchCount> kArches = {
    {{"SCMP_ARCH_X86_64", "x86-64", AUDIT_ARCH_X86_64},
     {"SCMP_ARCH_X86", "i386", AUDIT_ARCH_I386},
     {"SCMP_ARCH_X32", "x32", AUDIT_ARCH_X86_64},
     {"SCMP_ARCH_AARCH64", "arm64", AUDIT_ARCH_AARCH64}}};

}  // namespace

std::span<const Syscall> syscalls_of(Arch arch) {
  switch (arch) {
    case Arch::X86_64:
      return k_x86_64;
    case Arch::X86:
      return k_x86;
    case Arch::X32:
      return k_x32;
    case Arch::Aarch64:
      return k_aarch64;
  }
  return {};
}

std::optional<std::uint32_t> syscall_number(Arch arch, std::string_view name) {
  const std::span<const Syscall> table = syscalls_of(arch);
  const auto found = std::ranges::lower_bound(table, name, {}, &Syscall::name);
  if (found == table.end() || found->name != name) return std::nullopt;
  return found->number | (arch == Arch::X32 ? kX32Bit : 0);
}

std::string_view syscall_name(Arch arch, std::uint32_t number) {
  if (arch == Arch::X32) number &= ~kX32Bit;
  const std::span<const Syscall> table = syscalls_of(arch);
  const auto found = std::ranges::find(table, number, &Syscall::number);
  return found == table.end() ? std::string_view() : found->name;
}

std::optional<Multiplexed> multiplexed(std::string_view name) {
  if (const auto* found = std::ranges::find(kSocketCalls, name, &Operation::name);
      found != kSocketCalls.end())
    return Multiplexed{"socketcall", found->number};
  if (const auto* found = std::ranges::find(kIpcCalls, name, &Operation::name);
      found != kIpcCalls.end())
    return Multiplexed{"ipc", found->number};
  return std::nullopt;
}

std::uint32_t audit_arch(Arch arch) { return kArches[static_cast<std::size_t>(arch)].audit; }

std::optional<Arch> arch_named(std::string_view name) {
  const auto* found = std::ranges::find(kArches, name, &ArchNames::scmp);
  if (found == kArches.end()) return std::nullopt;
  return static_cast<Arch>(found - kArches.begin());
}

std::string_view scmp_name(Arch arch) { return kArches[static_cast<std::size_t>(arch)].scmp; }

std::string_view short_name(Arch arch) { return kArches[static_cast<std::size_t>(arch)].shown; }

#if defined(__x86_64__)
Arch native_arch() { return Arch::X86_64; }
std::string_view native_go_arch() { return "amd64"; }
#else
Arch native_arch() { return Arch::Aarch64; }
std::string_view native_go_arch() { return "arm64"; }
#endif

std::string suggest_syscall(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Syscall& call : syscalls_of(native_arch()))
    names.push_back(call.name);
  return did_you_mean(name, names);
}

}  // namespace suit::runtime
