#include "engine/userns.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"
#include "base/split.h"
#include "engine/process_internal.h"
#include "os/fd.h"
#include "os/file.h"

namespace suit::engine {
namespace {

// One line of /etc/subuid: ids that the caller may use beside his own.
struct SubIds {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

std::optional<std::uint32_t> whole_number(std::string_view text) {
  std::uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Calls `each` with the fields of every `a:b:c` line of `path`, until it returns true. Not
// getpwuid(3): that loads libraries at run time, which a static program cannot.
void each_line(const std::string& path,
               const std::function<bool(const std::vector<std::string_view>&)>& each) {
  std::string text = os::read_file(path, 1U << 20).value_or("");  // 1 MiB: some 30 000 users
  for (std::string_view line : split(text, '\n'))
    if (each(split(line, ':'))) return;
}

// `name:first:count` or `uid:first:count`; the first line that is the caller's.
std::optional<SubIds> sub_ids(const std::string& path, const std::string& name, uid_t uid) {
  std::optional<SubIds> found;
  each_line(path, [&](const std::vector<std::string_view>& fields) {
    if (fields.size() != 3 || (fields[0] != name && fields[0] != std::to_string(uid))) return false;
    auto first = whole_number(fields[1]);
    auto count = whole_number(fields[2]);
    if (first && count && *count > 0) found = SubIds{*first, *count};
    return found.has_value();
  });
  return found;
}

// The caller's name in the host's /etc/passwd; "" when it is kept elsewhere.
std::string name_of(uid_t uid) {
  std::string name;
  each_line("/etc/passwd", [&](const std::vector<std::string_view>& fields) {
    if (fields.size() < 3 || whole_number(fields[2]) != uid) return false;
    name = fields[0];
    return true;
  });
  return name;
}

// Everything that is decided before the namespace exists.
struct MapPlan {
  uid_t uid = 0;
  gid_t gid = 0;
  std::optional<SubIds> uids;  // without both, one id is mapped
  std::optional<SubIds> gids;
};

MapPlan plan_maps() {
  MapPlan plan{::geteuid(), ::getegid(), std::nullopt, std::nullopt};
  if (!os::exists("/usr/bin/newuidmap") || !os::exists("/usr/bin/newgidmap")) return plan;
  std::string name = name_of(plan.uid);
  plan.uids = sub_ids("/etc/subuid", name, plan.uid);
  plan.gids = sub_ids("/etc/subgid", name, plan.uid);
  return plan;
}

// Runs one of the set-user-id helpers on `target`; true when it succeeded.
bool run_mapper(const char* program, pid_t target, std::uint32_t own, const SubIds& more) {
  std::string pid = std::to_string(target);
  std::string own_text = std::to_string(own);
  std::string first = std::to_string(more.first);
  std::string count = std::to_string(more.count);
  std::array<char*, 9> argv = {const_cast<char*>(program),
                               pid.data(),
                               const_cast<char*>("0"),
                               own_text.data(),
                               const_cast<char*>("1"),
                               const_cast<char*>("1"),
                               first.data(),
                               count.data(),
                               nullptr};
  pid_t child = ::fork();
  if (child == 0) {
    ::execv(program, argv.data());
    ::_exit(127);
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR)
    continue;
  return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// The helpers must be run from outside the new namespace: by a child made before it.
class Mapper {
 public:
  static Result<Mapper> start(const MapPlan& plan) {
    SUIT_LET(os::Pipe pipe, os::Pipe::create());
    pid_t parent = ::getpid();
    pid_t child = ::fork();
    if (child < 0) return fail(errno, "fork");
    if (child == 0) {
      pipe.write_end.reset();
      char go = 0;
      bool told = ::read(pipe.read_end.raw(), &go, 1) == 1;
      bool mapped = told && run_mapper("/usr/bin/newuidmap", parent, plan.uid, *plan.uids) &&
                    run_mapper("/usr/bin/newgidmap", parent, plan.gid, *plan.gids);
      ::_exit(mapped ? 0 : 1);
    }
    return Mapper(child, std::move(pipe.write_end));
  }

  // True when both maps are written.
  bool finish() {
    bool told = ::write(go_.raw(), "g", 1) == 1;
    go_.reset();
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR)
      continue;
    return told && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  Mapper(pid_t child, os::Fd go) : child_(child), go_(std::move(go)) {}
  pid_t child_;
  os::Fd go_;
};

Result<void> map_one_id(const MapPlan& plan) {
  // An unprivileged gid_map is accepted only after setgroups(2) is given up: user_namespaces(7).
  SUIT_TRY(os::write_file("/proc/self/setgroups", "deny"));
  SUIT_TRY(os::write_file("/proc/self/uid_map", fmt::format("0 {} 1", plan.uid)));
  return os::write_file("/proc/self/gid_map", fmt::format("0 {} 1", plan.gid));
}

std::unexpected<Error> refused(int error) {
  std::string hint =
      "this host does not let plain users make user namespaces: run as root, or allow it: ";
  auto limit = os::read_file("/proc/sys/user/max_user_namespaces", 64);
  auto clone = os::read_file("/proc/sys/kernel/unprivileged_userns_clone", 64);
  auto apparmor = os::read_file("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 64);
  if (limit && limit->starts_with("0"))
    hint += "sysctl user.max_user_namespaces=15000";
  else if (clone && clone->starts_with("0"))
    hint += "sysctl kernel.unprivileged_userns_clone=1";
  else if (apparmor && apparmor->starts_with("1"))
    hint += "sysctl kernel.apparmor_restrict_unprivileged_userns=0";
  else
    hint += "an outer container's seccomp profile forbids unshare(CLONE_NEWUSER)";
  return fail(error, "unshare(CLONE_NEWUSER)", hint);
}

Result<void> make_namespace() {
  MapPlan plan = plan_maps();
  std::optional<Mapper> mapper;
  if (plan.uids && plan.gids) {
    SUIT_LET(mapper, Mapper::start(plan));
  }
  if (::unshare(CLONE_NEWUSER) != 0) {
    int error = errno;
    if (mapper) mapper->finish();
    return refused(error);
  }
  if (mapper && !mapper->finish()) {
    SUIT_LOG(Warn, "newuidmap or newgidmap failed: one id is mapped, image owners are not kept");
    mapper.reset();
  }
  if (!mapper) SUIT_TRY(map_one_id(plan));
  return {};
}

// The user namespace of a monitor that lives: every container of this user shares it. Its lock file
// says who holds it, "pid start"; the start tells the holder from a process that has got its number
// since.
std::optional<os::Fd> running_namespace(const std::string& locks_dir) {
  for (const std::string& entry : os::list_dir(locks_dir).value_or(std::vector<std::string>())) {
    auto text = os::read_file(locks_dir + "/" + entry, 64);
    if (!text) continue;
    std::vector<std::string_view> fields = split(*text, ' ');
    auto pid = whole_number(fields[0]);
    if (fields.size() != 2 || !pid) continue;
    auto fd = os::open_at(os::FdRef::cwd(), fmt::format("/proc/{}/ns/user", *pid), O_RDONLY);
    auto ticks = start_ticks(static_cast<pid_t>(*pid));
    if (!fd || !ticks || std::to_string(*ticks) != fields[1]) continue;
    // A monitor that has not entered its own namespace yet shares ours: not a place to go.
    if (::setns(fd->raw(), CLONE_NEWUSER) == 0) return *std::move(fd);
  }
  return std::nullopt;
}

}  // namespace

Result<void> enter_user_namespace(const std::string& data_dir) {
  if (::geteuid() == 0) return {};
  if (!running_namespace(data_dir + "/locks")) SUIT_TRY(make_namespace());
  // Mounting needs a mount namespace that the user namespace owns.
  if (::unshare(CLONE_NEWNS) != 0) return fail(errno, "unshare(CLONE_NEWNS)");
  return {};
}

}  // namespace suit::engine
