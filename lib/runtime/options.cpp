#include "runtime/options.h"

#include <linux/mount.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include <fmt/format.h>

namespace suit::runtime {
namespace {

struct Attribute {
  std::string_view name;
  std::uint64_t set;
  std::uint64_t clear;
};

// The access-time modes are one field, not bits: setting one clears the field.
constexpr std::array<Attribute, 18> kAttributes = {{
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"atime", 0, MOUNT_ATTR_NOATIME},
    {"norelatime", 0, 0},
    {"nostrictatime", 0, MOUNT_ATTR_STRICTATIME},
}};

struct Propagation {
  std::string_view name;
  std::uint64_t flag;
  bool recursive;
};
constexpr std::array<Propagation, 8> kPropagations = {{
    {"private", MS_PRIVATE, false},
    {"rprivate", MS_PRIVATE, true},
    {"slave", MS_SLAVE, false},
    {"rslave", MS_SLAVE, true},
    {"shared", MS_SHARED, false},
    {"rshared", MS_SHARED, true},
    {"unbindable", MS_UNBINDABLE, false},
    {"runbindable", MS_UNBINDABLE, true},
}};

// What mount(8) or another runtime gives a meaning to that we do not have.
constexpr std::array<std::string_view, 2> kUnsupported = {"copy-symlink", "move"};
// Words that say what is so anyway.
constexpr std::array<std::string_view, 10> kIgnored = {
    "defaults", "async",      "nomand", "silent",     "loud",
    "auto",     "nolazytime", "noauto", "noiversion", "nofail"};
// Of the file system's superblock: flags of a new one, nothing to a bind, which shares another's.
constexpr std::array<std::string_view, 5> kSuperblock = {"sync", "dirsync", "lazytime", "mand",
                                                         "iversion"};

struct Switch {
  std::string_view name;
  bool MountOptions::* member;
  bool value;
};
constexpr std::array<Switch, 4> kSwitches = {
    {{"remount", &MountOptions::remount, true},
     {"tmpcopyup", &MountOptions::copies_up, true},
     {"src-nofollow", &MountOptions::follows_source, false},
     {"dest-nofollow", &MountOptions::follows_destination, false}}};

bool is_in(std::span<const std::string_view> words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

const Attribute* find_attribute(std::string_view name) {
  const auto* found = std::ranges::find(kAttributes, name, &Attribute::name);
  return found == kAttributes.end() ? nullptr : found;
}

// Applies one of the words that are attributes or switches; false if it is none.
bool apply_attribute(MountOptions& out, std::string_view option) {
  if (const Attribute* own = find_attribute(option)) {
    out.set = (out.set & ~own->clear) | own->set;
    out.clear = (out.clear & ~own->set) | own->clear;
    return true;
  }
  if (option == "idmap" || option == "ridmap") {
    out.maps_ids = true;
    out.maps_below = option == "ridmap";
    return true;
  }
  if (const auto* found = std::ranges::find(kSwitches, option, &Switch::name);
      found != kSwitches.end()) {
    out.*found->member = found->value;
    return true;
  }
  if (!option.starts_with('r')) return false;
  if (const Attribute* all = find_attribute(option.substr(1))) {
    out.recursive_set = (out.recursive_set & ~all->clear) | all->set;
    out.recursive_clear = (out.recursive_clear & ~all->set) | all->clear;
    return true;
  }
  return false;
}

}  // namespace

Result<MountOptions> parse_mount_options(const oci::SpecMount& mount) {
  MountOptions out;
  out.bind = mount.type == "bind";
  for (const std::string& option : mount.options) {
    if (option == "bind" || option == "rbind") {
      out.bind = true;
      out.recursive_bind = option == "rbind";
    } else if (const auto* found = std::ranges::find(kPropagations, option, &Propagation::name);
               found != kPropagations.end()) {
      out.propagation = found->flag;
      out.recursive_propagation = found->recursive;
    } else if (is_in(kUnsupported, option)) {
      return fail(0, fmt::format("mount option \"{}\" is not supported", option));
    } else if (!apply_attribute(out, option) && !is_in(kIgnored, option)) {
      std::size_t equals = option.find('=');
      if (equals == std::string::npos)
        out.data.emplace_back(option, "");
      else
        out.data.emplace_back(option.substr(0, equals), option.substr(equals + 1));
    }
  }
  if (out.bind)
    std::erase_if(out.data, [](const auto& option) { return is_in(kSuperblock, option.first); });
  if (out.copies_up && mount.type != "tmpfs")
    return fail(0, "mount option \"tmpcopyup\" is for a tmpfs");
  if (out.maps_ids && !out.bind) return fail(0, "mount option \"idmap\" is for a bind mount");
  if (out.bind && !out.data.empty())
    return fail(
        0, fmt::format("mount option \"{}\" means nothing to a bind mount", out.data[0].first));
  // A bind of a read-only mount stays read-only: "rw" takes an earlier "ro" back, it gives nothing.
  out.clear &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
  out.recursive_clear &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
  return out;
}

std::vector<std::string> known_mount_options() {
  std::vector<std::string> words = {"bind", "rbind", "idmap", "ridmap"};
  for (const Attribute& attribute : kAttributes) {
    words.emplace_back(attribute.name);
    words.push_back("r" + std::string(attribute.name));
  }
  for (const Propagation& propagation : kPropagations)
    words.emplace_back(propagation.name);
  for (const Switch& known : kSwitches)
    words.emplace_back(known.name);
  words.insert(words.end(), kIgnored.begin(), kIgnored.end());
  words.insert(words.end(), kSuperblock.begin(), kSuperblock.end());
  std::ranges::sort(words);
  return words;
}

}  // namespace suit::runtime
