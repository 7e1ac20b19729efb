// Reading `process` and `hooks` of config.json.

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/suggest.h"
#include "oci/cursor_internal.h"
#include "oci/spec.h"
#include "oci/spec_read_internal.h"

namespace suit::oci {
namespace {

Capabilities read_capabilities(const Cursor& at) {
  check_object(at);
  auto read_set = [&](std::string_view key) {
    const Cursor set = at.member(key);
    std::vector<std::string> names = set.texts();
    for (const std::string& name : names) {
      if (!name.starts_with("CAP_") ||
          name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != std::string::npos)
        set.refuse(fmt::format("\"{}\" is not a capability, such as CAP_CHOWN", name));
    }
    return names;
  };
  Capabilities sets;
  sets.bounding = read_set("bounding");
  sets.effective = read_set("effective");
  sets.inheritable = read_set("inheritable");
  sets.permitted = read_set("permitted");
  sets.ambient = read_set("ambient");
  return sets;
}

std::vector<Rlimit> read_rlimits(const Cursor& at) {
  std::vector<Rlimit> out;
  std::set<std::string> seen;
  for (const Cursor& item : at.items()) {
    check_object(item);
    Rlimit limit;
    limit.type = item.required("type").text();
    limit.soft = item.required("soft").natural(UINT64_MAX);
    limit.hard = item.required("hard").natural(UINT64_MAX);
    if (!limit.type.starts_with("RLIMIT_"))
      item.member("type").refuse(
          fmt::format("\"{}\" is not a limit, such as RLIMIT_NOFILE", limit.type));
    if (!seen.insert(limit.type).second) item.refuse(fmt::format("{} is given twice", limit.type));
    if (limit.soft > limit.hard)
      item.refuse(fmt::format("soft limit {} is above the hard limit {}", limit.soft, limit.hard));
    out.push_back(std::move(limit));
  }
  return out;
}

SpecUser read_user(const Cursor& at) {
  check_object(at);
  SpecUser user;
  user.uid = read_id(at.member("uid"));
  user.gid = read_id(at.member("gid"));
  for (const Cursor& gid : at.member("additionalGids").items())
    user.additional_gids.push_back(read_id(gid));
  if (const Cursor umask = at.member("umask"); umask.present())
    user.umask = static_cast<std::uint32_t>(umask.natural(0777));
  return user;
}

std::optional<Scheduler> read_scheduler(const Cursor& at) {
  if (!at.present()) return std::nullopt;
  check_object(at);
  Scheduler scheduler;
  scheduler.policy = at.required("policy").text();
  scheduler.nice = static_cast<std::int32_t>(at.member("nice").integer(-20, 19));
  scheduler.priority = static_cast<std::uint32_t>(at.member("priority").natural(99));
  scheduler.flags = at.member("flags").texts();
  scheduler.runtime = at.member("runtime").natural(UINT64_MAX);
  scheduler.deadline = at.member("deadline").natural(UINT64_MAX);
  scheduler.period = at.member("period").natural(UINT64_MAX);
  return scheduler;
}

std::optional<IoPriority> read_io_priority(const Cursor& at) {
  if (!at.present()) return std::nullopt;
  check_object(at);
  IoPriority priority;
  priority.klass = at.required("class").text();
  priority.priority = static_cast<int>(at.member("priority").integer(0, 7));
  constexpr std::array<std::string_view, 3> kClasses = {"IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE",
                                                        "IOPRIO_CLASS_IDLE"};
  if (std::find(kClasses.begin(), kClasses.end(), priority.klass) == kClasses.end())
    at.member("class").refuse(fmt::format("unknown class \"{}\"{}", priority.klass,
                                          did_you_mean(priority.klass, kClasses)));
  return priority;
}

std::optional<ConsoleSize> read_console_size(const Cursor& at) {
  if (!at.present()) return std::nullopt;
  check_object(at);
  return ConsoleSize{static_cast<std::uint16_t>(at.required("height").natural(UINT16_MAX)),
                     static_cast<std::uint16_t>(at.required("width").natural(UINT16_MAX))};
}

std::vector<Hook> read_hook_list(const Cursor& at) {
  std::vector<Hook> out;
  for (const Cursor& item : at.items()) {
    check_object(item);
    Hook hook;
    hook.path = read_absolute(item.required("path"));
    hook.args = item.member("args").texts();
    hook.env = item.member("env").texts();
    if (const Cursor timeout = item.member("timeout"); timeout.present()) {
      hook.timeout_s = static_cast<std::uint32_t>(timeout.natural(INT32_MAX));
      if (*hook.timeout_s == 0) timeout.refuse("must be greater than zero");
    }
    out.push_back(std::move(hook));
  }
  return out;
}

}  // namespace

std::uint32_t read_id(const Cursor& at) { return static_cast<std::uint32_t>(at.natural(kIdLimit)); }

void refuse_unsupported(const Cursor& at, std::initializer_list<std::string_view> keys) {
  for (std::string_view key : keys) {
    if (const Cursor member = at.member(key); !member.is_empty())
      member.refuse("is not supported", "leave it out, or run the bundle with crun or runc");
  }
}

void check_object(const Cursor& at) {
  if (at.present() && !at.value().as_object()) at.refuse("must be an object");
}

std::string read_absolute(const Cursor& at) {
  std::string path = at.text();
  if (at.present() && !path.starts_with('/'))
    at.refuse(fmt::format("must be an absolute path, not \"{}\"", path));
  return path;
}

std::vector<std::string> read_absolutes(const Cursor& at) {
  std::vector<std::string> paths;
  for (const Cursor& item : at.items())
    paths.push_back(read_absolute(item));
  return paths;
}

Hooks read_hooks(const Cursor& at) {
  check_object(at);
  Hooks hooks;
  hooks.prestart = read_hook_list(at.member("prestart"));
  hooks.create_runtime = read_hook_list(at.member("createRuntime"));
  hooks.create_container = read_hook_list(at.member("createContainer"));
  hooks.start_container = read_hook_list(at.member("startContainer"));
  hooks.poststart = read_hook_list(at.member("poststart"));
  hooks.poststop = read_hook_list(at.member("poststop"));
  return hooks;
}

Process read_process(const Cursor& at) {
  check_object(at);
  Process process;
  process.terminal = at.member("terminal").flag();
  process.user = read_user(at.member("user"));
  process.args = at.required("args").texts();
  if (process.args.empty()) at.member("args").refuse("must not be empty");
  process.env = at.member("env").texts();
  process.cwd = read_absolute(at.required("cwd"));
  process.capabilities = read_capabilities(at.member("capabilities"));
  process.rlimits = read_rlimits(at.member("rlimits"));
  process.no_new_privileges = at.member("noNewPrivileges").flag();
  if (const Cursor score = at.member("oomScoreAdj"); score.present())
    process.oom_score_adj = static_cast<int>(score.integer(-1000, 1000));
  process.apparmor_profile = at.member("apparmorProfile").text();
  process.selinux_label = at.member("selinuxLabel").text();
  process.scheduler = read_scheduler(at.member("scheduler"));
  process.io_priority = read_io_priority(at.member("ioPriority"));
  // Without a terminal its size "MUST be ignored" (config.md).
  if (process.terminal) process.console_size = read_console_size(at.member("consoleSize"));
  refuse_unsupported(at, {"execCPUAffinity"});
  return process;
}

Result<Process> parse_process(std::string_view text) {
  SUIT_LET(const Json document, parse_json(text));
  Walk walk(PlaceStyle::Pointer);
  const Cursor root(walk, &document, "");
  Process process = read_process(root);
  return walk.finish(std::move(process));
}

}  // namespace suit::oci
