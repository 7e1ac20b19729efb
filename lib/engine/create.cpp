/// \file
/// `create`: from what was asked to a record on disk. Everything that can be decided is decided
/// here.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "base/time.h"
#include "engine/engine.h"
#include "engine/supervise_internal.h"
#include "hash/sha256.h"
#include "os/leased_dir.h"

namespace suit::engine {
namespace {

constexpr std::string_view kDefaultPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Docker's rule: an entrypoint given at run time drops the image's Cmd, which was written for
// another.
Result<std::vector<std::string>> arguments(const CreateOptions& options,
                                           const oci::ContainerConfig& image) {
  std::vector<std::string> args;
  if (options.entrypoint)
    args = *options.entrypoint;
  else if (image.entrypoint)
    args = *image.entrypoint;
  std::vector<std::string> rest = options.command;
  if (rest.empty() && !options.entrypoint && image.cmd) rest = *image.cmd;
  args.insert(args.end(), rest.begin(), rest.end());
  if (args.empty() || args[0].empty())
    return fail(
        0, "no command specified",
        fmt::format("the image has no CMD and no ENTRYPOINT; say what to run: suit run {} COMMAND",
                    options.image));
  return args;
}

std::vector<std::string> environment(const CreateOptions& options,
                                     const oci::ContainerConfig& image) {
  std::vector<std::string> env = image.env;
  if (!oci::env_value(env, "PATH")) env.insert(env.begin(), std::string(kDefaultPath));
  for (const std::string& item : options.env) {
    std::size_t equals = item.find('=');
    if (equals != std::string::npos) {
      oci::set_env(env, item.substr(0, equals), item.substr(equals + 1));
      continue;
    }
    std::erase_if(env, [&](const std::string& old) { return old.starts_with(item + "="); });
  }
  return env;
}

Result<void> check_mounts(const std::vector<oci::SpecMount>& mounts) {
  for (const oci::SpecMount& mount : mounts) {
    if (!mount.destination.starts_with('/') || mount.destination == "/")
      return fail(0, fmt::format("invalid mount path: \"{}\": it must be absolute and not the root",
                                 mount.destination));
    struct stat info{};
    if (mount.type == "bind" && ::stat(mount.source.c_str(), &info) != 0)
      return fail(errno, fmt::format("bind source path \"{}\"", mount.source),
                  "create it first; suit does not make host directories by mistake");
  }
  return {};
}

Result<Record> make_record(const CreateOptions& options, const store::Image& image) {
  const oci::ContainerConfig& config = image.config.config;
  Record record;
  record.id = os::random_hex(32);
  record.name = options.name.empty() ? make_name() : options.name;
  SUIT_TRY(check_name(record.name));
  record.created = to_rfc3339(now_ns());
  record.image = options.image;
  record.image_id = image.id;
  record.snapshots = hash::chain_ids(image.config.diff_ids);
  SUIT_LET(record.args, arguments(options, config));
  record.env = environment(options, config);
  record.working_dir = !options.working_dir.empty() ? options.working_dir : config.working_dir;
  if (record.working_dir.empty()) record.working_dir = "/";
  if (!record.working_dir.starts_with('/'))
    return fail(
        0, fmt::format("the working directory \"{}\" is invalid, it needs to be an absolute path",
                       record.working_dir));
  record.user = !options.user.empty() ? options.user : config.user;
  record.hostname = options.hostname.empty() ? record.id.substr(0, 12) : options.hostname;
  record.host_network = options.network == Network::Host;
  record.read_only = options.read_only;
  record.auto_remove = options.auto_remove;
  record.interactive = options.interactive;
  if (!config.stop_signal.empty()) record.stop_signal = config.stop_signal;
  if (!options.stop_signal.empty()) record.stop_signal = options.stop_signal;
  SUIT_TRY([&]() -> Result<void> {
    SUIT_LET([[maybe_unused]] int number, parse_signal(record.stop_signal));
    return {};
  }());
  record.labels = config.labels;
  for (const auto& [key, value] : options.labels)
    record.labels[key] = value;
  SUIT_TRY(check_mounts(options.mounts));
  record.mounts = options.mounts;
  record.devices = options.devices;
  return record;
}

}  // namespace

Result<void> Engine::claim_name(const std::string& name, const std::string& id) const {
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (::symlink(id.c_str(), name_path(name).c_str()) == 0) return {};
    if (errno != EEXIST) return fail(errno, fmt::format("symlink(\"{}\")", name_path(name)));
    auto owner = os::read_link(os::FdRef::cwd(), name_path(name));
    if (!owner) continue;  // gone since
    if (os::exists(container_dir(*owner)) || os::exists(lock_path(*owner)))
      return fail(EEXIST,
                  fmt::format("the container name \"/{}\" is already in use by container \"{}\"",
                              name, *owner),
                  fmt::format("remove it (suit rm {}) or choose another name", name));
    // Its container was never finished. Looked at again in our turn: somebody else may have taken
    // the name away from that container, and have it now.
    SUIT_LET([[maybe_unused]] os::Lock turn,
             os::Lock::acquire(paths_.data + "/names.lock", os::LockMode::Exclusive));
    auto still = os::read_link(os::FdRef::cwd(), name_path(name));
    if (still && *still == *owner) ::unlink(name_path(name).c_str());
  }
  return fail(EEXIST, fmt::format("the container name \"/{}\" changes hands all the time", name));
}

Result<Held> Engine::create(const CreateOptions& options) {
  // Until the record names the snapshots, garbage collection must not run.
  SUIT_LET(os::Lock in_use, store_.use());
  SUIT_LET(store::Image image, this->image(options.image));
  SUIT_LET(Record record, make_record(options, image));
  SUIT_TRY([&]() -> Result<void> {
    SUIT_LET([[maybe_unused]] std::vector<std::string> unpacked, store_.lower_dirs(image));
    return {};
  }());

  // The id is new: whoever holds its lock is a sweep that has seen the file before we locked it.
  SUIT_LET(std::optional<os::Lock> lock, try_lock(record.id, os::Wait::Yes));
  auto written = [&]() -> Result<void> {
    auto claimed = claim_name(record.name, record.id);
    // A made-up name that is taken is nobody's wish: make up another.
    while (!claimed && claimed.error().code() == EEXIST && options.name.empty()) {
      record.name = fmt::format("{}_{}", make_name(), os::random_hex(2));
      claimed = claim_name(record.name, record.id);
    }
    SUIT_TRY(std::move(claimed));
    std::string dir = container_dir(record.id);
    for (const char* sub : {"", "/upper", "/work", "/etc"})
      if (::mkdir((dir + sub).c_str(), *sub == '/' && sub[1] == 'u' ? 0755 : 0700) != 0)
        return fail(errno, fmt::format("mkdir(\"{}{}\")", dir, sub));
    // mkdir(2) obeys the umask; the upper's mode is the mode of `/` in the container.
    if (::chmod((dir + "/upper").c_str(), 0755) != 0)
      return fail(errno, fmt::format("chmod(\"{}/upper\")", dir));
    os::Durable durable = record.auto_remove ? os::Durable::No : os::Durable::Yes;
    return os::replace_file(dir + "/container.json", to_json(record), 0600, durable);
  }();
  if (!written) {
    (void)remove_held(record);  // the reason above is the one to tell
    unlock(record.id, *std::move(lock));
    return wrap(std::move(written).error(), fmt::format("create container \"{}\"", record.name));
  }
  return Held{std::move(record), *std::move(lock)};
}

Result<runtime::LaunchPlan> Engine::plan(const CreateOptions& options) {
  SUIT_LET(os::Lock in_use, store_.use());
  SUIT_LET(store::Image image, this->image(options.image));
  SUIT_LET(Record record, make_record(options, image));
  SUIT_LET(std::vector<std::string> lower, store_.lower_dirs(image));
  SUIT_LET(os::LeasedDir scratch, os::LeasedDir::create(work_dir()));
  for (const char* sub : {"/upper", "/work", "/etc"})
    if (::mkdir((scratch.path() + sub).c_str(), 0755) != 0)
      return fail(errno, fmt::format("mkdir(\"{}{}\")", scratch.path(), sub));
  SUIT_LET(Prepared prepared, prepare(record, scratch.path(), std::move(lower)));
  return std::move(prepared.plan);
}

}  // namespace suit::engine
