#include "engine/volumes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include <fmt/format.h>

#include "base/log.h"
#include "base/suggest.h"
#include "base/time.h"
#include "engine/conduit_internal.h"
#include "engine/name_internal.h"
#include "layer/layer.h"
#include "layer/tree.h"
#include "oci/json.h"
#include "os/leased_dir.h"

namespace suit::engine {
namespace {

constexpr std::string_view kRule = "[a-zA-Z0-9][a-zA-Z0-9_.-]";

std::string to_json(const Volume& volume) {
  oci::Json labels = oci::Json::object();
  for (const auto& [key, value] : volume.labels)
    labels.set(key, value);
  oci::Json object = oci::Json::object();
  object.set("name", volume.name).set("created", volume.created);
  object.set("anonymous", volume.anonymous).set("labels", std::move(labels));
  return object.dump(1);
}

Result<Volume> parse_volume(std::string_view text) {
  SUIT_LET(oci::Json object, oci::parse_json(text));
  Volume volume;
  volume.name = object.string_or("name");
  volume.created = object.string_or("created");
  const oci::Json* anonymous = object.find("anonymous");
  volume.anonymous = anonymous && anonymous->as_bool().value_or(false);
  const oci::Json* labels = object.find("labels");
  if (const auto* members = labels ? labels->as_object() : nullptr)
    for (const auto& [key, value] : *members)
      if (const std::string* known = value.as_string()) volume.labels.emplace(key, *known);
  return volume;
}

// Owner, mode and time of the image's directory are the volume's.
Result<void> adopt(os::FdRef from, const std::string& data_dir) {
  SUIT_LET(struct stat info, os::stat_at(from, "."));
  SUIT_LET(os::Fd to, os::open_at(os::FdRef::cwd(), data_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  // One that has no mapping in this user namespace stays the caller's.
  if (::fchown(to.raw(), info.st_uid, info.st_gid) != 0 && errno != EINVAL && errno != EPERM)
    return fail(errno, fmt::format("fchown(\"{}\")", data_dir));
  if (::fchmod(to.raw(), info.st_mode & 07777) != 0)
    return fail(errno, fmt::format("fchmod(\"{}\")", data_dir));
  return {};
}

}  // namespace

Result<std::uint64_t> tree_size(const std::string& path) {
  std::uint64_t blocks = 0;
  std::set<std::pair<dev_t, ino_t>> linked;
  SUIT_LET(os::Root root, os::Root::open(path));
  std::vector<std::string> rest = {""};
  while (!rest.empty()) {
    std::string directory = std::move(rest.back());
    rest.pop_back();
    auto opened = root.open_in(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!opened) continue;  // gone meanwhile
    SUIT_LET(std::vector<std::string> names, os::list_dir(*opened, "."));
    for (const std::string& name : names) {
      auto info = os::stat_at(*opened, name);
      if (!info) continue;
      bool counted = S_ISDIR(info->st_mode) || info->st_nlink == 1 ||
                     linked.emplace(info->st_dev, info->st_ino).second;
      if (counted) blocks += static_cast<std::uint64_t>(info->st_blocks);
      if (S_ISDIR(info->st_mode)) rest.push_back(directory + "/" + name);
    }
  }
  constexpr std::uint64_t kBlockBytes = 512;  // stat(2), st_blocks
  return blocks * kBlockBytes;
}

std::string make_volume_name() { return os::random_hex(32); }

Result<void> Volumes::check_name(std::string_view name) {
  if (name.size() == 1)
    return fail(0,
                "volume name is too short, names should be at least two alphanumeric characters");
  bool good = !name.empty() && name.size() <= 255 && is_name(name);
  if (good) return {};
  return fail(0,
              fmt::format("\"{}\" includes invalid characters for a local volume name, only "
                          "\"{}\" are allowed",
                          name.substr(0, 255), kRule),
              "to show a directory of the host, give its absolute path, or ./" +
                  std::string(name.substr(0, 64)));
}

std::string Volumes::data_dir(std::string_view name) const {
  return fmt::format("{}/{}/_data", root_, name);
}

Result<Volume> Volumes::create(const std::string& name,
                               const std::map<std::string, std::string>& labels,
                               bool anonymous) const {
  if (auto checked = check_name(name); !checked)
    return wrap(std::move(checked).error(), fmt::format("create {}", name.substr(0, 255)));
  auto found = find(name);
  if (found || found.error().code() != ENOENT) return found;
  SUIT_TRY(os::make_dirs(root_));
  SUIT_LET(os::LeasedDir scratch, os::LeasedDir::create(work_));
  std::string fresh = scratch.path() + "/volume";
  for (const std::string& dir : {fresh, fresh + "/_data"})
    if (::mkdir(dir.c_str(), 0700) != 0) return fail(errno, fmt::format("mkdir(\"{}\")", dir));
  // Containers run as many users: who may enter is the volume's own business, below a closed door.
  if (::chmod((fresh + "/_data").c_str(), 0755) != 0)
    return fail(errno, fmt::format("chmod(\"{}/_data\")", fresh));
  Volume volume{name, to_rfc3339(now_ns()), data_dir(name), labels, anonymous};
  SUIT_TRY(os::replace_file(fresh + "/volume.json", to_json(volume), 0600, os::Durable::Yes));
  // A directory is never renamed over one that holds something: the first of two creators wins.
  std::string place = fmt::format("{}/{}", root_, name);
  if (::rename(fresh.c_str(), place.c_str()) != 0) {
    if (errno == ENOTEMPTY || errno == EEXIST) return find(name);
    return fail(errno, fmt::format("rename(\"{}\")", place));
  }
  SUIT_TRY(os::fsync_dir(root_));
  return volume;
}

Result<Volume> Volumes::find(const std::string& name) const {
  if (auto good = check_name(name); good) {
    auto text = os::read_file(fmt::format("{}/{}/volume.json", root_, name));
    if (!text && text.error().code() != ENOENT) return std::unexpected(std::move(text).error());
    if (text) {
      auto volume = parse_volume(*text);
      if (!volume) return wrap(std::move(volume).error(), fmt::format("volume {}", name));
      volume->name = name;
      volume->mountpoint = data_dir(name);
      return volume;
    }
  }
  std::vector<std::string> names;
  for (const Volume& volume : list())
    names.push_back(volume.name);
  return fail(
      ENOENT,
      fmt::format("get {0}: no such volume{1}", name.substr(0, 255), did_you_mean(name, names)),
      "`suit volume ls` lists the volumes");
}

std::vector<Volume> Volumes::list() const {
  std::vector<Volume> volumes;
  auto names = os::list_dir(root_);
  if (!names) return volumes;
  for (const std::string& name : *names) {
    if (!check_name(name) || !os::exists(fmt::format("{}/{}/volume.json", root_, name))) continue;
    auto volume = find(name);
    if (volume)
      volumes.push_back(*std::move(volume));
    else
      SUIT_LOG(Warn, "{}", volume.error().message());
  }
  return volumes;
}

Result<void> Volumes::remove(const std::string& name) const {
  SUIT_TRY(check_name(name));
  SUIT_LET(os::LeasedDir scratch, os::LeasedDir::create(work_));
  return os::rename(fmt::format("{}/{}", root_, name), scratch.path() + "/volume");
}

Result<void> Volumes::fill(const Volume& volume, const os::Root& image_root,
                           const std::string& destination) const {
  auto source = image_root.open_in(destination, O_PATH | O_DIRECTORY);
  if (!source && (source.error().code() == ENOENT || source.error().code() == ENOTDIR)) return {};
  if (!source) return std::unexpected(std::move(source).error());
  SUIT_LET(std::vector<std::string> there, os::list_dir(volume.mountpoint));
  if (!there.empty()) return {};
  SUIT_LET(os::Fd target,
           os::open_at(os::FdRef::cwd(), volume.mountpoint, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  layer::TreeOptions packing;
  packing.for_layer = false;
  layer::ApplyOptions unpacking;
  unpacking.overlay_whiteouts = false;
  unpacking.read_whiteouts = false;
  unpacking.squash_owners = true;
  auto filled = pass([&](Writer& out) { return layer::write_tree(*source, packing, out); },
                     [&](Reader& in) -> Result<void> {
                       SUIT_LET([[maybe_unused]] layer::ApplyStats stats,
                                layer::apply(in, target, unpacking));
                       return {};
                     });
  if (!filled)
    return wrap(std::move(filled).error(),
                fmt::format("copy the image's {} into volume {}", destination, volume.name));
  return adopt(*source, volume.mountpoint);
}

}  // namespace suit::engine
