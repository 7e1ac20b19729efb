/// \file
/// Chapter 3: who is it, and what may it do?
///
///     03-users [--without STEP]... [--map FIRST] [--user USER[:GROUP]]
///              [--keep CAPABILITY]... [--deny SYSTEM-CALL]... PROGRAM [ARGUMENT...]
///
/// Takes powers away from PROGRAM, and leaves the host's files in view. \see tutorials/03-users.md

#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>

#include "chapter.h"
#include "os/file.h"
#include "os/user.h"
#include "runtime/caps.h"
#include "runtime/seccomp.h"

namespace {
using suit::Result;
using suit::chapter::Arguments;
using suit::chapter::kernel;
namespace os = suit::os;
namespace runtime = suit::runtime;
using os::raw::call;

//> map
// Run by the parent, while the child waits.
Result<void> map_ids(const Arguments& wanted, pid_t child) {
  if (!wanted.has("--map")) return {};
  const std::string folder = fmt::format("/proc/{}/", child);
  std::string users = fmt::format("0 {} 65536", wanted.get("--map"));
  std::string groups = users;
  if (::geteuid() != 0) {
    SUIT_TRY(os::write_file(folder + "setgroups", "deny"));
    users = fmt::format("0 {} 1", ::geteuid());
    groups = fmt::format("0 {} 1", ::getegid());
  }
  SUIT_TRY(os::write_file(folder + "uid_map", users));
  return os::write_file(folder + "gid_map", groups);
}
//< map
//> mask
Result<void> cover(const char* path, const char* with, std::uint64_t attribute) {
  if (!os::exists(path)) return {};
  SUIT_LET(const os::Fd copy, os::open_tree(os::FdRef::cwd(), with, OPEN_TREE_CLONE));
  struct mount_attr attributes{};
  attributes.attr_set = attribute;
  SUIT_TRY(os::mount_setattr(copy, "", AT_EMPTY_PATH, attributes));
  return os::move_mount(copy, os::FdRef::cwd(), path);
}

Result<void> mask_paths(const Arguments&) {
  SUIT_TRY(suit::chapter::make_mounts_private());
  for (const char* path : {"/proc/kcore", "/proc/keys", "/proc/timer_list"})
    SUIT_TRY(cover(path, "/dev/null", 0));
  for (const char* path : {"/proc/sys", "/proc/irq", "/proc/sysrq-trigger"})
    SUIT_TRY(cover(path, path, MOUNT_ATTR_RDONLY));
  return {};
}
//< mask
//> capabilities
Result<std::uint64_t> wanted_capabilities(const Arguments& wanted) {
  if (!wanted.has("--keep")) return runtime::default_capabilities();
  return runtime::capability_bits(wanted.all("--keep"));
}

Result<void> drop_bounding(const Arguments& wanted) {
  SUIT_LET(const std::uint64_t keep, wanted_capabilities(wanted));
  for (unsigned i = 0; i < runtime::kCapabilityCount; ++i)
    if ((keep >> i & 1U) == 0)
      SUIT_TRY(kernel(call(SYS_prctl, PR_CAPBSET_DROP, i, 0, 0, 0), "drop a capability"));
  return {};
}

Result<void> set_capabilities(const Arguments& wanted) {
  SUIT_LET(const std::uint64_t keep, wanted_capabilities(wanted));
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  for (unsigned half : {0U, 1U})
    sets[half].effective = sets[half].permitted = static_cast<__u32>(keep >> (32 * half));
  return kernel(call(SYS_capset, &header, sets), "capset()");
}
//< capabilities
//> user
Result<void> drop_groups(const Arguments&) {
  SUIT_LET(const std::string allowed, os::read_file("/proc/self/setgroups"));
  if (allowed == "deny\n") return {};
  return kernel(call(SYS_setgroups, 0, nullptr), "setgroups()");
}

Result<void> become_user(const Arguments& wanted) {
  SUIT_LET(const os::User user, os::resolve_user({}, wanted.get("--user", "0")));
  SUIT_TRY(kernel(call(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0), "keep capabilities"));
  SUIT_TRY(kernel(call(SYS_setresgid, user.gid, user.gid, user.gid), "become the group"));
  return kernel(call(SYS_setresuid, user.uid, user.uid, user.uid), "become the user");
}
//< user
//> privileges
Result<void> no_new_privileges(const Arguments&) {
  return kernel(call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges");
}
//< privileges
//> seccomp
Result<runtime::SeccompFilter> wanted_filter(const Arguments& wanted) {
  if (!wanted.has("--deny")) return runtime::default_filter(runtime::default_capabilities());
  suit::oci::Seccomp document;  // allows all, but:
  suit::oci::SeccompRule& rule = document.syscalls.emplace_back();
  rule.names = wanted.all("--deny");
  rule.action = suit::oci::SeccompAction::Errno;  // EPERM
  return runtime::compile_seccomp(document);
}

Result<void> load_filter(const Arguments& wanted) {
  SUIT_LET(runtime::SeccompFilter filter, wanted_filter(wanted));
  const sock_fprog program{static_cast<unsigned short>(filter.program.size()),
                           filter.program.data()};
  return kernel(call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter.flags, &program), "seccomp()");
}
//< seccomp
//> steps
using suit::chapter::Step;
constexpr Step kSteps[] = {{"mask", mask_paths},       {"bounding", drop_bounding},
                           {"groups", drop_groups},    {"user", become_user},
                           {"caps", set_capabilities}, {"privs", no_new_privileges},
                           {"seccomp", load_filter},   {"exec", suit::chapter::execute<0>}};
//< steps
Result<int> run(int argc, char** argv) {
  SUIT_LET(const Arguments wanted,
           suit::chapter::parse(argc, argv, {}, {"--map", "--user", "--keep", "--deny"}));
  if (wanted.words.size() < 2) return suit::fail(0, "usage: 03-users [OPTION]... PROGRAM");
  SUIT_LET(os::Pipe go, os::Pipe::create());
  SUIT_LET(const pid_t pid, suit::chapter::clone(CLONE_NEWNS | CLONE_NEWUTS |
                                                 (wanted.has("--map") ? CLONE_NEWUSER : 0)));
  if (pid == 0) {
    go.write_end.reset();
    char mapped = 0;  // the parent closes its end when the map is written
    if (::read(go.read_end.raw(), &mapped, 1) != 0) ::_exit(125);
    suit::chapter::walk("03-users", kSteps, wanted);
  }
  const Result<void> mapped = map_ids(wanted, pid);
  go.write_end.reset();
  SUIT_LET(const int code, suit::chapter::wait(pid));
  SUIT_TRY(mapped);
  return code;
}
}  // namespace

int main(int argc, char** argv) { return suit::chapter::finish("03-users", run(argc, argv)); }
