#include "gpu/cdi_registry.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/suggest.h"
#include "os/file.h"

namespace suit::gpu {
namespace {

constexpr std::size_t kMostFiles = 1000;        // of a directory
constexpr std::size_t kLargestFile = 4U << 20;  // bytes: a node of 16 GPUs takes some 100 KB

// Whoever writes the file says what is mounted into containers: nobody but root, or who runs us.
Result<std::string> read_trusted(const os::Root& host, const std::string& path) {
  SUIT_LET(const os::Fd file, host.open_in(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  SUIT_LET(const struct stat info, os::stat_at(file, ""));
  if (!S_ISREG(info.st_mode)) return fail(EINVAL, "not a regular file");
  if (info.st_uid != 0 && info.st_uid != ::geteuid())
    return fail(EPERM, fmt::format("belongs to user {}", info.st_uid),
                "chown root it, or remove it");
  const bool others_write =
      (info.st_mode & S_IWOTH) != 0 ||
      ((info.st_mode & S_IWGRP) != 0 && info.st_gid != 0 && info.st_gid != ::getegid());
  if (others_write)
    return fail(EPERM, fmt::format("may be written by others (mode {:o})", info.st_mode & 07777U),
                "chmod go-w it");
  return host.read(path, kLargestFile);
}

}  // namespace

std::vector<std::string> default_cdi_dirs() { return {"/etc/cdi", "/var/run/cdi"}; }

CdiRegistry CdiRegistry::load(const os::Root& host, const std::vector<std::string>& dirs) {
  CdiRegistry out;
  std::size_t priority = 0;
  for (const std::string& dir : dirs) {
    ++priority;  // 0 is for what is in no file
    auto opened = host.open_in(dir, O_RDONLY | O_DIRECTORY);
    if (!opened && opened.error().code() == ENOENT) continue;
    auto names = opened ? os::list_dir(*opened, ".") : std::unexpected(opened.error());
    if (!names) {
      out.problems_.push_back({dir, std::move(names).error()});
      continue;
    }
    std::size_t count = 0;
    for (const std::string& name : *names) {
      if (!name.ends_with(".json") && !name.ends_with(".yaml")) continue;
      if (++count > kMostFiles) {
        out.problems_.push_back({dir, Error(0, fmt::format("more than {} files", kMostFiles))});
        break;
      }
      out.load_file(host, dir + "/" + name, priority);
    }
  }
  return out;
}

void CdiRegistry::load_file(const os::Root& host, const std::string& path, std::size_t priority) {
  auto spec = [&]() -> Result<CdiSpec> {
    SUIT_LET(const std::string text, read_trusted(host, path));
    return parse_cdi(text, path.ends_with(".json") ? CdiFormat::Json : CdiFormat::Yaml);
  }();
  if (!spec) {
    // A directory called x.json is none of our business.
    if (spec.error().code() != EINVAL && spec.error().code() != EISDIR)
      problems_.push_back({path, std::move(spec).error()});
    return;
  }
  files_.push_back({*std::move(spec), path, priority});
  index_file(files_.size() - 1);
}

void CdiRegistry::index_file(std::size_t file) {
  const File& added = files_[file];
  for (std::size_t i = 0; i < added.spec.devices.size(); ++i) {
    const std::string name = added.spec.kind + "=" + added.spec.devices[i].name;
    const auto [claim, is_new] = claims_.try_emplace(name, Claim{file, i, false});
    if (is_new) continue;
    const File& owner = files_[claim->second.file];
    if (owner.priority < added.priority) {
      claim->second = {file, i, false};
    } else if (owner.priority == added.priority) {
      claim->second.in_conflict = true;
      for (const auto& [path, other] :
           {std::pair(&added.path, &owner.path), std::pair(&owner.path, &added.path)})
        problems_.push_back(
            {*path, Error(0, fmt::format("conflicting device \"{}\"", name))
                        .with_hint(fmt::format("{} has it too, and is of the same rank: remove one",
                                               *other))});
    }
  }
}

void CdiRegistry::add(CdiSpec spec, std::string origin) {
  files_.push_back({std::move(spec), std::move(origin), 0});
  const std::size_t file = files_.size() - 1;
  for (std::size_t i = 0; i < files_[file].spec.devices.size(); ++i)
    claims_.try_emplace(files_[file].spec.kind + "=" + files_[file].spec.devices[i].name,
                        Claim{file, i, false});
}

std::optional<CdiRegistry::Found> CdiRegistry::find(const std::string& qualified) const {
  const auto claim = claims_.find(qualified);
  if (claim == claims_.end() || claim->second.in_conflict) return std::nullopt;
  const File& file = files_[claim->second.file];
  return Found{&file.spec, &file.spec.devices[claim->second.device], file.path};
}

std::vector<std::string> CdiRegistry::devices() const {
  std::vector<std::string> out;
  for (const auto& [name, claim] : claims_)
    if (!claim.in_conflict) out.push_back(name);
  return out;
}

Result<ContainerEdits> CdiRegistry::edits_for(const std::vector<std::string>& names) const {
  std::vector<std::string> unresolved;
  ContainerEdits edits;
  std::set<const CdiSpec*> seen;
  for (const std::string& name : names) {
    const std::optional<Found> found = find(name);
    if (!found) {
      unresolved.push_back(name);
      continue;
    }
    if (seen.insert(found->spec).second) edits.append(found->spec->edits);
    edits.append(found->device->edits);
  }
  if (unresolved.empty()) return edits;
  std::string hint = "`suit cdi list` shows what there is";
  if (const std::string near = did_you_mean(unresolved[0], devices()); !near.empty()) hint += near;
  return fail(ENOENT, fmt::format("unresolvable CDI devices {}", fmt::join(unresolved, ", ")),
              std::move(hint));
}

}  // namespace suit::gpu
