/// \file
/// `create`: from what was asked to a record on disk. Everything that can be decided is decided
/// here.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/time.h"
#include "engine/connection_internal.h"
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

Result<void> check_destination(const std::string& destination) {
  if (destination.starts_with('/') && clean_destination(destination) != "/") return {};
  return fail(0, fmt::format("invalid mount path: \"{}\": it must be absolute and not the root",
                             destination));
}

Result<void> check_source(const oci::SpecMount& mount) {
  struct stat info{};
  if (mount.type != "bind" || ::stat(mount.source.c_str(), &info) == 0) return {};
  int code = errno;
  std::string what = fmt::format("bind source path \"{}\"", mount.source);
  if (code == EACCES)
    return fail(code, std::move(what),
                "a directory on the way does not let you in: check their modes (namei -l PATH)");
  return fail(code, std::move(what),
              "create it first; suit does not make host directories by mistake");
}

// Two mounts at one place: the later would hide the earlier, which nobody means.
Result<void> check_mounts(const Record& record) {
  std::set<std::string> taken;
  auto check = [&](const std::string& destination) -> Result<void> {
    SUIT_TRY(check_destination(destination));
    if (!taken.insert(clean_destination(destination)).second)
      return fail(0, fmt::format("duplicate mount point: {}", destination));
    return {};
  };
  for (const oci::SpecMount& mount : record.mounts) {
    SUIT_TRY(check(mount.destination));
    SUIT_TRY(check_source(mount));
  }
  for (const VolumeMount& volume : record.volumes)
    SUIT_TRY(check(volume.destination));
  return {};
}

// sethostname(2): __NEW_UTS_LEN. Better told now than at every start.
Result<void> check_host_names(const Record& record) {
  constexpr std::size_t kLongest = 64;
  for (const auto& [what, name] :
       {std::pair("hostname", &record.hostname), std::pair("domainname", &record.domainname)})
    if (name->size() > kLongest)
      return fail(0, fmt::format("invalid {} \"{}…\": {} bytes, more than the {} that the kernel "
                                 "takes",
                                 what, name->substr(0, 32), name->size(), kLongest));
  return {};
}

// The image's volumes where nothing else is mounted.
void add_image_volumes(Record& record, const oci::ContainerConfig& image,
                       std::vector<VolumeRequest>& requests) {
  std::set<std::string> taken;
  for (const oci::SpecMount& mount : record.mounts)
    taken.insert(clean_destination(mount.destination));
  for (const VolumeRequest& request : requests)
    taken.insert(clean_destination(request.destination));
  for (const std::string& path : image.volumes) {
    if (!path.starts_with('/') || !taken.insert(clean_destination(path)).second) continue;
    VolumeRequest request;
    request.destination = path;
    requests.push_back(std::move(request));
  }
}

// What is copied as it was asked for.
void take_over(Record& record, const CreateOptions& options) {
  record.network = options.network;
  record.host_network = options.network.mode == "host";
  record.read_only = options.read_only;
  record.auto_remove = options.auto_remove;
  record.interactive = options.interactive;
  record.tty = options.tty;
  record.domainname = options.domainname;
  record.extra_hosts = options.extra_hosts;
  record.dns = options.dns;
  record.dns_search = options.dns_search;
  record.dns_options = options.dns_options;
  record.group_add = options.group_add;
  if (options.shm_size_bytes) record.shm_size_bytes = *options.shm_size_bytes;
  record.stop_timeout_s = options.stop_timeout_s;
  record.restart = options.restart;
  record.log = options.log;
  record.limits = options.limits;
  complete_limits(record.limits);
  record.mounts = options.mounts;
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
  take_over(record, options);
  SUIT_TRY(check_host_names(record));
  SUIT_TRY(check_limits(options.limits, LimitsFor::Create));
  record.entrypoint = options.entrypoint ? options.entrypoint : config.entrypoint;
  record.cmd = !options.command.empty() ? std::optional(options.command)
               : options.entrypoint     ? std::nullopt
                                        : config.cmd;
  std::set<std::string> ports = config.exposed_ports;
  ports.insert(options.expose.begin(), options.expose.end());
  for (const network::PortRequest& port : options.network.ports)
    ports.insert(port.container.text());
  record.exposed_ports.assign(ports.begin(), ports.end());
  if (!config.stop_signal.empty()) record.stop_signal = config.stop_signal;
  if (!options.stop_signal.empty()) record.stop_signal = options.stop_signal;
  SUIT_TRY([&]() -> Result<void> {
    SUIT_LET([[maybe_unused]] int number, parse_signal(record.stop_signal));
    return {};
  }());
  record.labels = config.labels;
  for (const auto& [key, value] : options.labels)
    record.labels[key] = value;
  record.devices = options.devices;
  return record;
}

// Named by its id until it has one: the volume comes into being with the container.
VolumeMount volume_mount(const VolumeRequest& request) {
  VolumeMount mount;
  mount.anonymous = request.name.empty();
  mount.name = mount.anonymous ? make_volume_name() : request.name;
  mount.destination = request.destination;
  mount.subpath = request.subpath;
  mount.propagation = request.propagation;
  mount.read_only = request.read_only;
  return mount;
}

std::vector<VolumeRequest> all_volumes(Record& record, const CreateOptions& options,
                                       const oci::ContainerConfig& image) {
  std::vector<VolumeRequest> requests = options.volumes;
  add_image_volumes(record, image, requests);
  for (const VolumeRequest& request : requests)
    record.volumes.push_back(volume_mount(request));
  return requests;
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

// --volumes-from: what another container has, where this one has nothing of its own.
Result<void> Engine::inherit_volumes(CreateOptions& options) const {
  for (const std::string& text : options.volumes_from) {
    std::size_t colon = text.find(':');
    std::string mode = colon == std::string::npos ? "rw" : text.substr(colon + 1);
    if (text.empty() || colon == 0)
      return fail(0, fmt::format("invalid volumes-from \"{}\"", text));
    if (mode != "rw" && mode != "ro" && mode != "z" && mode != "Z")
      return fail(0, fmt::format("invalid mode for volumes-from: {}", mode), "it is ro or rw");
    SUIT_LET(Status other, find(std::string_view(text).substr(0, colon)));
    std::set<std::string> taken;
    for (const oci::SpecMount& mount : options.mounts)
      taken.insert(clean_destination(mount.destination));
    for (const VolumeRequest& request : options.volumes)
      taken.insert(clean_destination(request.destination));
    for (oci::SpecMount& mount : other.record.mounts) {
      if (mount.type != "bind" || taken.contains(clean_destination(mount.destination))) continue;
      if (mode == "ro") {
        std::erase(mount.options, "rw");
        mount.options.emplace_back("ro");
      }
      options.mounts.push_back(std::move(mount));
    }
    for (const VolumeMount& volume : other.record.volumes) {
      if (taken.contains(clean_destination(volume.destination))) continue;
      VolumeRequest request;
      request.name = volume.name;
      request.destination = volume.destination;
      request.subpath = volume.subpath;
      request.propagation = volume.propagation;
      request.read_only = volume.read_only || mode == "ro";
      request.no_copy = true;
      options.volumes.push_back(std::move(request));
    }
  }
  return {};
}

Result<void> Engine::make_volumes(const Record& record,
                                  const std::vector<VolumeRequest>& requests) {
  if (requests.empty()) return {};
  std::optional<os::Root> root;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const VolumeMount& mount = record.volumes[i];
    SUIT_LET(Volume volume, create_volume(mount.name, requests[i].labels, mount.anonymous));
    if (requests[i].no_copy) continue;
    if (!root) {
      SUIT_LET(os::Fd mounted, mount_root(record));
      root.emplace(std::move(mounted));
    }
    SUIT_TRY(volumes().fill(volume, *root, mount.destination));
  }
  return {};
}

Result<Held> Engine::create(const CreateOptions& asked) {
  CreateOptions options = asked;
  SUIT_TRY(inherit_volumes(options));
  if (options.network.shares_another()) {
    SUIT_LET(const Status other, find(std::string_view(options.network.mode).substr(10)));
    options.network.mode = "container:" + other.record.id;
    options.hostname = other.record.hostname;  // it is who answers at that address
    options.domainname = other.record.domainname;
  }
  // Until the record names the snapshots, garbage collection must not run.
  SUIT_LET(os::Lock in_use, store_.use());
  SUIT_LET(store::Image image, this->image(options.image));
  SUIT_LET(Record record, make_record(options, image));
  SUIT_LOG(Debug, "create {} ({}) from {} ({}), {} layers", record.name, record.id, record.image,
           image.id.text(), record.snapshots.size());
  // Nobody removes a volume between its making and the record that says who has it.
  SUIT_LET([[maybe_unused]] os::Lock volumes_stay,
           os::Lock::acquire(paths_.data + "/volumes.lock", os::LockMode::Shared));
  std::vector<VolumeRequest> requests = all_volumes(record, options, image.config.config);
  SUIT_TRY(check_mounts(record));
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
    SUIT_TRY(make_volumes(record, requests));
    os::Durable durable = record.auto_remove ? os::Durable::No : os::Durable::Yes;
    return os::replace_file(dir + "/container.json", to_json(record), 0600, durable);
  }();
  if (!written) {
    (void)remove_held(record);  // the reason above is the one to tell
    remove_anonymous_volumes(record);
    unlock(record.id, *std::move(lock));
    return wrap(std::move(written).error(), fmt::format("create container \"{}\"", record.name));
  }
  tell(record, "create");
  return Held{std::move(record), *std::move(lock)};
}

Result<runtime::LaunchPlan> Engine::plan(const CreateOptions& options) {
  SUIT_LET(os::Lock in_use, store_.use());
  SUIT_LET(store::Image image, this->image(options.image));
  SUIT_LET(Record record, make_record(options, image));
  SUIT_TRY(check_mounts(record));
  SUIT_LET(std::vector<std::string> lower, store_.lower_dirs(image));
  SUIT_LET(os::LeasedDir scratch, os::LeasedDir::create(work_dir()));
  for (const char* sub : {"/upper", "/work", "/etc"})
    if (::mkdir((scratch.path() + sub).c_str(), 0755) != 0)
      return fail(errno, fmt::format("mkdir(\"{}{}\")", scratch.path(), sub));
  SUIT_LET(Prepared prepared,
           prepare(record, scratch.path(), std::move(lower), volumes(), Connection()));
  return std::move(prepared.plan);
}

}  // namespace suit::engine
