/// \file
/// What a shared library says of itself: its name, what it needs, which versions it has.
///
/// Reads a few kilobytes of a library of hundreds of megabytes; every offset is checked, since the
/// file may come from an image.
/// \source System V ABI, elf(5)

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "os/fd.h"

namespace suit::gpu {

struct ElfFacts {
  std::uint16_t machine = 0;  ///< EM_X86_64 (62), EM_AARCH64 (183)
  std::string interpreter;    ///< of a program: its loader
  std::string soname;
  std::vector<std::string> needed;
  /// Library and version, such as `libc.so.6` and `GLIBC_2.34`.
  std::vector<std::pair<std::string, std::string>> version_needs;
  std::vector<std::string> version_defs;  ///< what it offers itself
};

/// \errors ENOEXEC for what is no 64-bit little-endian ELF file, or a broken one
Result<ElfFacts> read_elf(os::FdRef file);

/// The bytes of the section called \p name.
/// \errors ENOENT when there is none, EFBIG above \p limit_bytes, ENOEXEC as above
Result<std::string> read_elf_section(os::FdRef file, const std::string& name,
                                     std::size_t limit_bytes);

/// The machine that this program was built for, and how Debian calls its library directory.
std::uint16_t own_machine();
std::string own_multiarch();
std::string machine_name(std::uint16_t machine);  ///< `x86_64`

}  // namespace suit::gpu
