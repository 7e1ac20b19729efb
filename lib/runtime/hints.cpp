// Why a program cannot be executed: errno says ENOENT for a missing file, a missing interpreter and
// a missing loader alike.

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/suggest.h"
#include "os/file.h"
#include "os/root.h"
#include "runtime/failure_internal.h"

namespace suit::runtime {
namespace {

constexpr std::size_t kHeadBytes = 4096;

struct Architecture {
  std::uint16_t number;
  std::string_view name;
};
constexpr std::array<Architecture, 9> kMachines = {{{EM_X86_64, "amd64"},
                                                    {EM_386, "386"},
                                                    {EM_AARCH64, "arm64"},
                                                    {EM_ARM, "arm"},
                                                    {EM_PPC64, "ppc64le"},
                                                    {EM_S390, "s390x"},
                                                    {EM_RISCV, "riscv64"},
                                                    {EM_MIPS, "mips"},
                                                    {258, "loong64"}}};
#if defined(__x86_64__)
constexpr std::string_view kOurs = "amd64";
#else
constexpr std::string_view kOurs = "arm64";
#endif

std::string_view machine_name(std::uint16_t number) {
  const auto* found = std::ranges::find(kMachines, number, &Architecture::number);
  return found == kMachines.end() ? "another machine" : found->name;
}

// The first bytes of a regular file in the root.
std::string head_of(const os::Root& root, std::string_view path) {
  auto file = root.open_in(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file) return "";
  std::string head(kHeadBytes, '\0');
  ssize_t size = ::pread(file->raw(), head.data(), head.size(), 0);
  head.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return head;
}

std::string script_hint(const os::Root& root, std::string_view path, std::string_view head) {
  std::string_view line = head.substr(2, head.find('\n') - 2);
  bool has_cr = line.ends_with('\r');
  std::size_t start = line.find_first_not_of(" \t");
  std::string_view interpreter =
      start == std::string_view::npos ? std::string_view() : line.substr(start);
  interpreter = interpreter.substr(0, interpreter.find_first_of(" \t\r"));
  if (has_cr)
    return fmt::format(
        "{} has Windows line ends: its first line asks for \"{}\\r\"; convert it with dos2unix",
        path, interpreter);
  if (!root.stat(interpreter))
    return fmt::format(
        "{} is a script for {}, which is not in the image: install it, or name another in its "
        "first line",
        path, interpreter);
  return "";
}

template <typename T>
bool read_struct(std::string_view bytes, std::uint64_t offset, T& out) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof out) return false;
  std::memcpy(&out, bytes.data() + offset, sizeof out);
  return true;
}

// The dynamic loader that a 64-bit ELF file asks for.
std::string loader_of(std::string_view head, const Elf64_Ehdr& elf) {
  for (unsigned i = 0; i < std::min<unsigned>(elf.e_phnum, 64); ++i) {
    Elf64_Phdr segment{};
    if (!read_struct(head, elf.e_phoff + i * sizeof segment, segment)) return "";
    if (segment.p_type != PT_INTERP) continue;
    if (segment.p_offset > head.size() || head.size() - segment.p_offset < segment.p_filesz)
      return "";
    std::string loader(head.substr(segment.p_offset, segment.p_filesz));
    return loader.substr(0, loader.find('\0'));
  }
  return "";
}

std::string elf_hint(const os::Root& root, std::string_view path, std::string_view head) {
  Elf64_Ehdr elf{};
  if (!read_struct(head, 0, elf)) return fmt::format("{} is a truncated executable", path);
  std::string_view machine = machine_name(elf.e_machine);
  if (machine != kOurs)
    return fmt::format("{} is built for {}, and this machine is {}: use an image for this platform",
                       path, machine, kOurs);
  std::string loader = loader_of(head, elf);
  if (!loader.empty() && !root.stat(loader))
    return fmt::format(
        "{} needs the loader {}, which is not in the image: it was built for another C library; "
        "link it statically, or use a matching base image",
        path, loader);
  return "";
}

std::string file_hint(const os::Root& root, const std::string& path, const struct stat& info) {
  if (S_ISDIR(info.st_mode)) return fmt::format("{} is a directory", path);
  if (!S_ISREG(info.st_mode)) return fmt::format("{} is not a regular file", path);
  if ((info.st_mode & 0111) == 0)
    return fmt::format("{} is not executable: chmod +x it in the image", path);
  std::string head = head_of(root, path);
  if (head.empty()) return fmt::format("{} is empty, or cannot be read", path);
  if (head.starts_with("#!")) return script_hint(root, path, head);
  if (head.starts_with(ELFMAG)) return elf_hint(root, path, head);
  return fmt::format(
      "{} is neither an executable nor a script: a script needs a first line such as #!/bin/sh",
      path);
}

std::string nearest_in_path(const LaunchPlan& plan, const os::Root& root) {
  std::vector<std::string> names;
  for (const std::string& candidate : plan.search) {
    std::string directory = candidate.substr(0, candidate.rfind('/'));
    auto opened = root.open_in(directory, O_RDONLY | O_DIRECTORY);
    if (!opened) continue;
    auto listed = os::list_dir(*opened, ".");
    if (listed) names.insert(names.end(), listed->begin(), listed->end());
  }
  std::string_view program = plan.program;
  std::string_view near = nearest(program.substr(program.rfind('/') + 1), names);
  return near.empty() ? "" : fmt::format("did you mean \"{}\"?", near);
}

}  // namespace

std::string exec_hint(const LaunchPlan& plan, int code, os::FdRef rootfs) {
  int copy = ::fcntl(rootfs.raw(), F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return "";
  os::Root root{os::Fd(copy)};
  for (const std::string& candidate : plan.search) {
    auto info = root.stat(candidate);
    if (!info) continue;
    std::string hint = file_hint(root, candidate, *info);
    if (!hint.empty()) return hint;
  }
  if (code == EACCES) return "the user may not execute it, or its mount forbids it (noexec)";
  std::string near = nearest_in_path(plan, root);
  if (!near.empty()) return near;
  return plan.search.size() > 1 ? "name a program that is in the image, or give its path" : "";
}

}  // namespace suit::runtime
