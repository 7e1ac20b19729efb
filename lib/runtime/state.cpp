#include "runtime/state.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "os/process.h"
#include "runtime/cgroup.h"

namespace suit::runtime {
namespace {

constexpr std::size_t kMaxStateBytes = 4U << 20;

// State letter and start time of /proc/PID/stat. The name in parentheses may hold anything, so
// fields are counted from the last ')'.
struct ProcessStat {
  char state = 0;
  std::uint64_t start_ticks = 0;
};

Result<ProcessStat> process_stat(pid_t pid) {
  std::string path = fmt::format("/proc/{}/stat", pid);
  auto text = os::read_file(path, 4096);
  if (!text) return fail(ESRCH, path);
  std::string_view rest(*text);
  std::size_t paren = rest.rfind(')');
  if (paren == std::string_view::npos || paren + 2 >= rest.size()) return fail(EINVAL, path);
  rest.remove_prefix(paren + 2);
  ProcessStat out;
  out.state = rest[0];
  constexpr int kFieldsBetween = 19;  // from field 3, the state, to field 22, proc(5)
  for (int i = 0; i < kFieldsBetween; ++i)
    rest.remove_prefix(std::min(rest.size(), rest.find(' ') + 1));
  if (std::from_chars(rest.data(), rest.data() + rest.size(), out.start_ticks).ec != std::errc{})
    return fail(EINVAL, path);
  return out;
}

oci::Json to_value(const PidRef& process) {
  oci::Json out = oci::Json::object();
  out.set("pid", process.pid).set("startTicks", process.start_ticks);
  return out;
}

PidRef pid_of(const oci::Json* value) {
  PidRef out;
  if (!value) return out;
  if (const oci::Json* pid = value->find("pid"); pid && pid->as_int())
    out.pid = static_cast<pid_t>(*pid->as_int());
  if (const oci::Json* ticks = value->find("startTicks"); ticks && ticks->as_uint())
    out.start_ticks = *ticks->as_uint();
  return out;
}

Result<ContainerState> parse_state(std::string_view text) {
  SUIT_LET(oci::Json json, oci::parse_json(text));
  ContainerState state;
  state.id = json.string_or("id");
  state.bundle = json.string_or("bundle");
  state.rootfs = json.string_or("rootfs");
  state.created = json.string_or("created");
  if (const oci::Json* owner = json.find("owner"); owner && owner->as_uint())
    state.owner = static_cast<std::uint32_t>(*owner->as_uint());
  state.init = pid_of(json.find("init"));
  state.creator = pid_of(json.find("creator"));
  state.cgroup_dir = json.string_or("cgroup");
  state.cgroup_path = json.string_or("cgroupPath");
  if (const oci::Json* dirs = json.find("cgroup1"); dirs && dirs->as_array())
    for (const oci::Json& dir : *dirs->as_array())
      if (const std::string* path = dir.as_string()) state.cgroup1_dirs.push_back(*path);
  auto flag = [&](std::string_view key, bool otherwise) {
    const oci::Json* value = json.find(key);
    return value ? value->as_bool().value_or(otherwise) : otherwise;
  };
  state.has_pivot = flag("pivot", true);
  state.new_keyring = flag("keyring", false);
  if (const oci::Json* count = json.find("preservedFds"); count && count->as_uint())
    state.preserved_fds = static_cast<unsigned>(*count->as_uint());
  if (const oci::Json* notes = json.find("annotations"); notes && notes->as_object())
    for (const auto& [name, value] : *notes->as_object())
      if (const std::string* note = value.as_string()) state.annotations[name] = *note;
  return state;
}

oci::Json annotations_of(const ContainerState& state) {
  oci::Json notes = oci::Json::object();
  for (const auto& [name, value] : state.annotations)
    notes.append_unchecked(name, value);
  return notes;
}

}  // namespace

Result<PidRef> pid_ref(pid_t pid) {
  SUIT_LET(ProcessStat stat, process_stat(pid));
  return PidRef{pid, stat.start_ticks};
}

bool is_alive(const PidRef& process) {
  if (process.pid <= 0) return false;
  auto stat = process_stat(process.pid);
  return stat && stat->start_ticks == process.start_ticks && stat->state != 'Z' &&
         stat->state != 'X';
}

Result<os::Fd> open_process(const PidRef& process) {
  if (process.pid <= 0) return fail(ESRCH, "no process");
  SUIT_LET(os::Fd pidfd, os::pidfd_open(process.pid));
  // What the descriptor holds stays ours; whether it is ours is asked only now.
  if (!is_alive(process)) return fail(ESRCH, fmt::format("process {}", process.pid));
  return pidfd;
}

CgroupDirs cgroups_of(const ContainerState& state) {
  return {state.cgroup_dir, state.cgroup1_dirs};
}

std::string_view status_name(Status status) {
  switch (status) {
    case Status::Creating:
      return "creating";
    case Status::Created:
      return "created";
    case Status::Running:
      return "running";
    case Status::Paused:
      return "paused";
    case Status::Stopped:
      return "stopped";
  }
  return "";
}

oci::Json oci_state(const ContainerState& state, Status status) {
  oci::Json out = oci::Json::object();
  out.set("ociVersion", "1.2.0").set("id", state.id).set("status", status_name(status));
  if (status != Status::Stopped) out.set("pid", state.init.pid);
  out.set("bundle", state.bundle);
  if (!state.annotations.empty()) out.set("annotations", annotations_of(state));
  return out;
}

std::string StateStore::default_root() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (::geteuid() != 0 && runtime && runtime[0] == '/') return std::string(runtime) + "/suit-oci";
  return "/run/suit-oci";
}

std::string StateStore::directory(std::string_view id) const {
  return fmt::format("{}/{}", root_, id);
}

Result<void> StateStore::claim(std::string_view id) const {
  SUIT_TRY(check_container_id(id));
  std::string path = directory(id);
  int rc = ::mkdir(path.c_str(), 0700);
  if (rc != 0 && errno == ENOENT) {
    SUIT_TRY(os::make_dirs(root_, 0700));
    rc = ::mkdir(path.c_str(), 0700);
  }
  if (rc == 0) return {};
  if (errno == EEXIST)
    return fail(EEXIST, fmt::format("container \"{}\" already exists", id),
                "choose another id, or delete that container");
  return fail(errno, fmt::format("mkdir(\"{}\")", path));
}

Result<os::Lock> StateStore::lock(std::string_view id) const {
  SUIT_TRY(check_container_id(id));
  auto held = os::Lock::acquire(directory(id) + "/lock", os::LockMode::Exclusive);
  if (!held && held.error().code() == ENOENT)
    return fail(ENOENT, fmt::format("container \"{}\" does not exist", id));
  return held;
}

Result<void> StateStore::save(const ContainerState& state) const {
  oci::Json out = oci_state(state, Status::Created);
  out.set("rootfs", state.rootfs).set("created", state.created).set("owner", state.owner);
  out.set("init", to_value(state.init)).set("creator", to_value(state.creator));
  out.set("cgroup", state.cgroup_dir).set("cgroupPath", state.cgroup_path);
  oci::Json dirs = oci::Json::array();
  for (const std::string& dir : state.cgroup1_dirs)
    dirs.push(dir);
  out.set("cgroup1", std::move(dirs));
  out.set("pivot", state.has_pivot).set("keyring", state.new_keyring);
  out.set("preservedFds", state.preserved_fds);
  return os::replace_file(directory(state.id) + "/state.json", out.dump(), 0600);
}

Result<void> StateStore::save_config(std::string_view id, std::string_view text) const {
  return os::replace_file(directory(id) + "/config.json", text, 0600);
}

Result<ContainerState> StateStore::load(std::string_view id) const {
  SUIT_TRY(check_container_id(id));
  std::string path = directory(id) + "/state.json";
  auto text = os::read_file(path, kMaxStateBytes);
  if (!text && text.error().code() == ENOENT)
    return fail(ENOENT, fmt::format("container \"{}\" does not exist", id));
  if (!text) return std::unexpected(std::move(text).error());
  auto state = parse_state(*text);
  if (!state) return wrap(std::move(state).error(), path);
  return state;
}

Result<std::string> StateStore::load_config(std::string_view id) const {
  return os::read_file(directory(id) + "/config.json", kMaxStateBytes);
}

Result<void> StateStore::remove(std::string_view id) const {
  return os::remove_tree(directory(id));
}

Status StateStore::status(const ContainerState& state) const {
  if (state.init.pid == 0) return is_alive(state.creator) ? Status::Creating : Status::Stopped;
  if (!is_alive(state.init)) return Status::Stopped;
  if (os::exists(directory(state.id) + "/start")) return Status::Created;
  return is_frozen(cgroups_of(state)) ? Status::Paused : Status::Running;
}

Result<std::vector<std::string>> StateStore::list() const {
  auto names = os::list_dir(root_);
  if (!names && names.error().code() == ENOENT) return std::vector<std::string>{};
  if (!names) return names;
  std::erase_if(*names, [&](const std::string& name) {
    return !check_container_id(name) || !os::exists(directory(name) + "/state.json");
  });
  return names;
}

Result<void> check_container_id(std::string_view id) {
  auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  constexpr std::string_view kOthers = "_.+-";
  bool is_id =
      !id.empty() && id.size() <= 128 && is_word(id[0]) && std::ranges::all_of(id, [&](char c) {
        return is_word(c) || kOthers.find(c) != std::string_view::npos;
      });
  if (is_id) return {};
  return fail(0, fmt::format("\"{}\" is not a container id", id),
              "use letters, digits, '_', '.', '+' and '-', a letter or digit first, 128 at most");
}

}  // namespace suit::runtime
