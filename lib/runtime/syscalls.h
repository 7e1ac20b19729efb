/// \file
/// System calls by name and number, for each architecture that a filter can be about.
/// \source the kernel's headers, read when this is built (data/syscall_tables.cmake)

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace suit::runtime {

/// A way to enter the kernel. A process on x86-64 can use the first three, whatever it is built
/// for: a filter that knows one of them is none.
enum class Arch : std::uint8_t { X86_64, X86, X32, Aarch64 };
inline constexpr std::size_t kArchCount = 4;

/// Numbers of x32 have this bit; its own table counts from 0.
inline constexpr std::uint32_t kX32Bit = 0x40000000;

struct Syscall {
  std::string_view name;
  std::uint32_t number = 0;
};

/// The table of \p arch, sorted by name; empty when the build machine's headers have none.
std::span<const Syscall> syscalls_of(Arch arch);
/// As the kernel sees it, with the bit of x32.
std::optional<std::uint32_t> syscall_number(Arch arch, std::string_view name);
/// "" when there is none.
std::string_view syscall_name(Arch arch, std::uint32_t number);

/// i386 has one call for all of sockets and one for System V IPC; what they do is the first
/// argument. `{"socketcall", 1}` for `socket`.
struct Multiplexed {
  std::string_view call;
  std::uint32_t operation = 0;
};
std::optional<Multiplexed> multiplexed(std::string_view name);

/// AUDIT_ARCH_* as seccomp_data has it.
std::uint32_t audit_arch(Arch arch);
/// `SCMP_ARCH_X86_64`
std::optional<Arch> arch_named(std::string_view name);
/// The architecture's name in the documents, and the one people use: `x86-64`.
std::string_view scmp_name(Arch arch);
std::string_view short_name(Arch arch);
/// What this program is built for.
Arch native_arch();
/// Go's name of it, as profiles write it: `amd64`.
std::string_view native_go_arch();

/// ` (did you mean "openat"?)` or "".
std::string suggest_syscall(std::string_view name);

}  // namespace suit::runtime
