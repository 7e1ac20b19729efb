#include "gpu/elf.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fmt/format.h>

namespace suit::gpu {
namespace {

constexpr std::size_t kMostHeaders = 256;
constexpr std::size_t kLargestDynamic = 1U << 16;   // bytes; a large library has some 600
constexpr std::size_t kLargestStrings = 16U << 20;  // bytes; libcuda's table has 100 KB
constexpr std::size_t kLargestVersions = 1U << 20;
constexpr std::size_t kMostSections = 4096;

// A file read in places.
class Image {
 public:
  explicit Image(os::FdRef file) : file_(file) {}

  Result<std::string> bytes(std::uint64_t offset, std::uint64_t size) const {
    std::string out(size, '\0');
    std::size_t done = 0;
    while (done < size) {
      const ssize_t count =
          ::pread(file_.raw(), out.data() + done, size - done, static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return fail(errno, "pread()");
      if (count == 0) return fail(ENOEXEC, "the ELF file ends early");
      done += static_cast<std::size_t>(count);
    }
    return out;
  }

  template <typename T>
  Result<std::vector<T>> records(std::uint64_t offset, std::size_t count) const {
    SUIT_LET(const std::string raw, bytes(offset, count * sizeof(T)));
    std::vector<T> out(count);
    std::memcpy(out.data(), raw.data(), raw.size());
    return out;
  }

 private:
  os::FdRef file_;
};

template <typename T>
std::optional<T> record_at(const std::string& bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T out{};
  std::memcpy(&out, bytes.data() + offset, sizeof out);
  return out;
}

std::string string_at(const std::string& table, std::uint64_t offset) {
  if (offset >= table.size()) return "";
  return table.substr(offset, std::min(table.find('\0', offset), table.size()) - offset);
}

Result<Elf64_Ehdr> read_header(const Image& image) {
  auto headers = image.records<Elf64_Ehdr>(0, 1);
  if (!headers || std::memcmp(headers->at(0).e_ident, ELFMAG, SELFMAG) != 0)
    return fail(ENOEXEC, "not an ELF file");
  const Elf64_Ehdr& header = headers->at(0);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
    return fail(ENOEXEC, "not a 64-bit little-endian ELF file");
  return header;
}

// The parts of a file that the loader uses.
struct Segments {
  std::vector<Elf64_Phdr> all;

  const Elf64_Phdr* find(std::uint32_t type) const {
    const auto found = std::ranges::find(all, type, &Elf64_Phdr::p_type);
    return found == all.end() ? nullptr : &*found;
  }
  // Where in the file the address is, and how much of its segment follows.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> place(std::uint64_t address) const {
    for (const Elf64_Phdr& part : all) {
      if (part.p_type != PT_LOAD || address < part.p_vaddr) continue;
      const std::uint64_t into = address - part.p_vaddr;
      if (into < part.p_filesz) return std::pair(part.p_offset + into, part.p_filesz - into);
    }
    return std::nullopt;
  }
};

// The dynamic section, as numbers and its string table.
struct Dynamic {
  std::vector<Elf64_Dyn> entries;
  std::string strings;

  std::uint64_t value(std::int64_t tag) const {
    const auto found = std::ranges::find(entries, tag, &Elf64_Dyn::d_tag);
    return found == entries.end() ? 0 : found->d_un.d_val;
  }
};

Result<std::string> table_at(const Image& image, const Segments& segments, std::uint64_t address,
                             std::uint64_t size) {
  const auto place = segments.place(address);
  if (!place) return fail(ENOEXEC, "an ELF table lies outside of the file");
  return image.bytes(place->first, std::min(size, place->second));
}

Result<Dynamic> read_dynamic(const Image& image, const Segments& segments) {
  Dynamic out;
  const Elf64_Phdr* part = segments.find(PT_DYNAMIC);
  if (!part) return out;  // a static program
  if (part->p_filesz > kLargestDynamic) return fail(ENOEXEC, "the dynamic section is too large");
  SUIT_LET(out.entries,
           image.records<Elf64_Dyn>(part->p_offset, part->p_filesz / sizeof(Elf64_Dyn)));
  const auto end = std::ranges::find(out.entries, std::int64_t{DT_NULL}, &Elf64_Dyn::d_tag);
  out.entries.erase(end, out.entries.end());
  const std::uint64_t size = out.value(DT_STRSZ);
  if (size > kLargestStrings) return fail(ENOEXEC, "the string table is too large");
  if (size == 0) return out;
  SUIT_LET(out.strings, table_at(image, segments, out.value(DT_STRTAB), size));
  return out;
}

Result<void> read_version_needs(const Image& image, const Segments& segments,
                                const Dynamic& dynamic, ElfFacts& facts) {
  const std::uint64_t address = dynamic.value(DT_VERNEED);
  if (address == 0) return {};
  SUIT_LET(const std::string table, table_at(image, segments, address, kLargestVersions));
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(dynamic.value(DT_VERNEEDNUM), 1024); ++i) {
    const auto need = record_at<Elf64_Verneed>(table, at);
    if (!need) return fail(ENOEXEC, "the table of needed versions ends early");
    const std::string library = string_at(dynamic.strings, need->vn_file);
    std::uint64_t aux = at + need->vn_aux;
    for (unsigned j = 0; j < need->vn_cnt; ++j) {
      const auto version = record_at<Elf64_Vernaux>(table, aux);
      if (!version) return fail(ENOEXEC, "the table of needed versions ends early");
      facts.version_needs.emplace_back(library, string_at(dynamic.strings, version->vna_name));
      if (version->vna_next == 0) break;
      aux += version->vna_next;
    }
    if (need->vn_next == 0) break;
    at += need->vn_next;
  }
  return {};
}

Result<void> read_version_defs(const Image& image, const Segments& segments, const Dynamic& dynamic,
                               ElfFacts& facts) {
  const std::uint64_t address = dynamic.value(DT_VERDEF);
  if (address == 0) return {};
  SUIT_LET(const std::string table, table_at(image, segments, address, kLargestVersions));
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(dynamic.value(DT_VERDEFNUM), 4096); ++i) {
    const auto def = record_at<Elf64_Verdef>(table, at);
    const auto name = def ? record_at<Elf64_Verdaux>(table, at + def->vd_aux) : std::nullopt;
    if (!name) return fail(ENOEXEC, "the table of versions ends early");
    facts.version_defs.push_back(string_at(dynamic.strings, name->vda_name));
    if (def->vd_next == 0) break;
    at += def->vd_next;
  }
  return {};
}

}  // namespace

Result<ElfFacts> read_elf(os::FdRef file) {
  const Image image(file);
  SUIT_LET(const Elf64_Ehdr header, read_header(image));
  if (header.e_phnum > kMostHeaders || header.e_phentsize != sizeof(Elf64_Phdr))
    return fail(ENOEXEC, "strange ELF program headers");
  Segments segments;
  SUIT_LET(segments.all, image.records<Elf64_Phdr>(header.e_phoff, header.e_phnum));
  ElfFacts facts;
  facts.machine = header.e_machine;
  if (const Elf64_Phdr* part = segments.find(PT_INTERP); part && part->p_filesz <= 4096) {
    SUIT_LET(const std::string path, image.bytes(part->p_offset, part->p_filesz));
    facts.interpreter = string_at(path, 0);
  }
  SUIT_LET(const Dynamic dynamic, read_dynamic(image, segments));
  for (const Elf64_Dyn& entry : dynamic.entries) {
    if (entry.d_tag == DT_SONAME) facts.soname = string_at(dynamic.strings, entry.d_un.d_val);
    if (entry.d_tag == DT_NEEDED)
      facts.needed.push_back(string_at(dynamic.strings, entry.d_un.d_val));
  }
  SUIT_TRY(read_version_needs(image, segments, dynamic, facts));
  SUIT_TRY(read_version_defs(image, segments, dynamic, facts));
  return facts;
}

Result<std::string> read_elf_section(os::FdRef file, const std::string& name,
                                     std::size_t limit_bytes) {
  const Image image(file);
  SUIT_LET(const Elf64_Ehdr header, read_header(image));
  if (header.e_shnum > kMostSections || header.e_shstrndx >= header.e_shnum ||
      header.e_shentsize != sizeof(Elf64_Shdr))
    return fail(ENOENT, fmt::format("no section {}", name));
  SUIT_LET(const auto sections, image.records<Elf64_Shdr>(header.e_shoff, header.e_shnum));
  const Elf64_Shdr& names_at = sections[header.e_shstrndx];
  if (names_at.sh_size > kLargestVersions) return fail(ENOEXEC, "too many section names");
  SUIT_LET(const std::string names, image.bytes(names_at.sh_offset, names_at.sh_size));
  for (const Elf64_Shdr& section : sections) {
    if (string_at(names, section.sh_name) != name || section.sh_type == SHT_NOBITS) continue;
    if (section.sh_size > limit_bytes)
      return fail(EFBIG, fmt::format("section {} has {} bytes", name, section.sh_size));
    return image.bytes(section.sh_offset, section.sh_size);
  }
  return fail(ENOENT, fmt::format("no section {}", name));
}

std::uint16_t own_machine() {
#if defined(__x86_64__)
  return EM_X86_64;
#elif defined(__aarch64__)
  return EM_AARCH64;
#else
#error "which machine is this?"
#endif
}

std::string machine_name(std::uint16_t machine) {
  if (machine == EM_X86_64) return "x86_64";
  if (machine == EM_AARCH64) return "aarch64";
  return fmt::format("machine {}", machine);
}

std::string own_multiarch() { return machine_name(own_machine()) + "-linux-gnu"; }

}  // namespace suit::gpu
