// What a plan has for each thing that a spec may ask for.

#include <linux/sched.h>

#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/explain.h"
#include "runtime/plan.h"
#include "runtime/render.h"

namespace suit::runtime {
namespace {

using testing::HasSubstr;
using testing::Not;

oci::Spec spec_of() {
  oci::Spec spec = oci::default_spec();
  spec.process.args = {"/bin/true"};
  return spec;
}

struct Feature {
  const char* name;
  std::function<void(oci::Spec&, PlanOptions&)> ask;
  std::vector<const char*> calls;  // in this order
};

const Feature kFeatures[] = {
    {"terminal",
     [](oci::Spec& spec, PlanOptions&) {
       spec.process.terminal = true;
       spec.process.console_size = oci::ConsoleSize{24, 80};
       spec.process.user.uid = 7;
     },
     {"mknodat(<dev>, \"console\", S_IFREG|0600)", "ioctl(<terminal master>, TIOCSPTLCK, [0])",
      "ioctl(<terminal master>, TIOCGPTPEER, O_RDWR|O_NOCTTY|O_CLOEXEC)",
      "TIOCSWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}",
      "fchownat(<terminal>, \"\", 7", "move_mount(<console mount>, \"\", </dev/console>",
      "sendmsg(<console>, ", "setsid()", "ioctl(0, TIOCSCTTY, 0)"}},
    {"create and start apart",
     [](oci::Spec&, PlanOptions& options) { options.waits_for_start = true; },
     {"socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, [<sync>, <sync of the child>])",
      "close(<sync of the child>)", "read(<sync>", "faccessat2(AT_FDCWD, \"/bin/true\", X_OK",
      "write(<sync of the child>, \"r\", 1)", "read(<start>", "execve(\"/bin/true\""}},
    {"own user namespace",
     [](oci::Spec& spec, PlanOptions&) {
       spec.linux_.namespaces.push_back({"user", ""});
       spec.linux_.uid_mappings = {{0, 100000, 10}, {10, 200000, 5}};
       spec.linux_.gid_mappings = {{0, 100000, 10}};
       spec.process.rlimits = {{"RLIMIT_NOFILE", 10, 20}};
     },
     {"clone3({flags=CLONE_PIDFD|CLONE_NEWNS|CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWUSER",
      "read(<sync of the child>", "setresuid(0, 0, 0)", "execveat(<helper>",
      "write(<id map>, \"0 100000 10\\n10 200000 5\\n\"", "write(<sync>, \"m\", 1)",
      "prlimit64(…, RLIMIT_NOFILE, {rlim_cur=10, rlim_max=20}, NULL)"}},
    {"time namespace with offsets",
     [](oci::Spec& spec, PlanOptions&) {
       spec.linux_.namespaces.push_back({"time", ""});
       spec.linux_.time_offsets = {{"boottime", {-5, 6}}, {"monotonic", {7, 0}}};
     },
     {"unshare(CLONE_NEWTIME)", "\"/proc/self/timens_offsets\"",
      "\"boottime -5 6\\nmonotonic 7 0\\n\""}},
    {"joined namespaces",
     [](oci::Spec& spec, PlanOptions&) {
       spec.linux_.namespaces = {{"mount", ""}, {"pid", "/p"}, {"network", "/n"}, {"time", "/t"}};
       spec.hostname = "";
     },
     {"openat(AT_FDCWD, \"/p\"", "openat(AT_FDCWD, \"/proc/self/ns/pid\"",
      "setns(<pid namespace>, CLONE_NEWPID)", "setns(<own pid namespace>, CLONE_NEWPID)",
      "setns(<network namespace>, CLONE_NEWNET)", "setns(<time namespace>, CLONE_NEWTIME)"}},
    {"hooks before the pivot",
     [](oci::Spec& spec, PlanOptions&) { spec.hooks.create_container = {{"/bin/x"}}; },
     {"read(<sync>", "write(<sync>, \"h\", 1)", "write(<sync of the child>, \"h\", 1)",
      "prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE)", "pivot_root("}},
    {"no pivot",
     [](oci::Spec&, PlanOptions& options) { options.has_pivot = false; },
     {"fchdir(<rootfs>)", "chroot(\".\")", "chdir(\"/\")"}},
    {"session keyring",
     [](oci::Spec&, PlanOptions& options) { options.new_keyring = true; },
     {"keyctl(KEYCTL_JOIN_SESSION_KEYRING, \"_ses.test\")"}},
    {"preserved descriptors",
     [](oci::Spec&, PlanOptions& options) { options.preserved_fds = 2; },
     {"close_range(5, 4294967295, CLOSE_RANGE_CLOEXEC)"}},
    {"scheduler and priorities",
     [](oci::Spec& spec, PlanOptions&) {
       oci::Scheduler scheduler;
       scheduler.policy = "SCHED_BATCH";
       scheduler.nice = 3;
       spec.process.scheduler = scheduler;
       spec.process.io_priority = oci::IoPriority{"IOPRIO_CLASS_IDLE", 0};
       spec.linux_.personality = "LINUX32";
     },
     {"sched_setattr(0, ", "ioprio_set(IOPRIO_WHO_PROCESS, 0, ", "personality(PER_LINUX32)"}},
    {"labels",
     [](oci::Spec& spec, PlanOptions&) {
       spec.process.selinux_label = "a:b:c";
       spec.process.apparmor_profile = "tight";
       spec.linux_.mount_label = "d:e:f";
     },
     {"\"/proc/self/attr/exec\"", "\"a:b:c\"", "\"/proc/self/attr/apparmor/exec\"",
      "\"exec tight\"", "fsconfig(<context>, FSCONFIG_SET_STRING, \"context\", \"d:e:f\", 0)"}},
    {"shared root",
     [](oci::Spec& spec, PlanOptions&) { spec.linux_.rootfs_propagation = "rshared"; },
     {"pivot_root(",
      "mount_setattr(<rootfs>, \"\", AT_EMPTY_PATH|AT_RECURSIVE, {attr_set=0, "
      "attr_clr=0, propagation=MS_SHARED"}},
    {"id-mapped mount",
     [](oci::Spec& spec, PlanOptions&) {
       spec.mounts.push_back({"/d", "bind", "/s", {"rbind", "ridmap"}, {{0, 5, 1}}, {{0, 6, 1}}});
     },
     {"open_tree(AT_FDCWD, \"/s\"",
      "mount_setattr(<source of /d>, \"\", AT_EMPTY_PATH|AT_RECURSIVE, "
      "{attr_set=MOUNT_ATTR_IDMAP"}},
    {"tmpfs with the image's files",
     [](oci::Spec& spec, PlanOptions&) {
       spec.mounts.push_back({"/etc", "tmpfs", "tmpfs", {"tmpcopyup", "ro"}});
     },
     {"-> tmpfs of /etc",
      "mount_setattr(<tmpfs of /etc>, \"\", AT_EMPTY_PATH, "
      "{attr_set=MOUNT_ATTR_RDONLY",
      "move_mount(<tmpfs of /etc>"}},
    {"remount",
     [](oci::Spec& spec, PlanOptions&) {
       spec.mounts.push_back({"/dev/shm", "tmpfs", "", {"remount", "ro"}});
     },
     {"openat2(<rootfs>, \"/dev/shm\"",
      "mount_setattr(<mount point>, \"\", AT_EMPTY_PATH, "
      "{attr_set=MOUNT_ATTR_RDONLY"}},
};

// Of the two lanes the host's stands first in a dump; features list theirs so, too.
TEST(PlanFeatures, HaveTheirCalls) {
  for (const Feature& feature : kFeatures) {
    SCOPED_TRACE(feature.name);
    oci::Spec spec = spec_of();
    PlanOptions options;
    auto plain = plan_launch(spec, HostFacts{}, "test", options);
    ASSERT_TRUE(plain);
    feature.ask(spec, options);
    auto plan = plan_launch(spec, HostFacts{}, "test", options);
    ASSERT_TRUE(plan) << plan.error().message();
    std::string text = dump_plan(*plan);
    std::size_t at = text.find(feature.name == std::string("terminal") ? "container\n" : "host\n");
    for (const char* call : feature.calls) {
      std::size_t found = text.find(call, at);
      EXPECT_NE(found, std::string::npos) << call << "\n" << text;
      if (found != std::string::npos) at = found;
    }
    EXPECT_NE(text, dump_plan(*plain)) << "the spec's wish changed nothing";
  }
}

TEST(PlanFeatures, WriteDeviceRulesInTheirOrderAndTheCommonOnesBehind) {
  oci::Spec spec = spec_of();
  spec.linux_.resources.devices = {
      {.allow = true, .type = 'c', .major = 195, .minor = {}, .access = "rw"},
      {.allow = false, .type = 'c', .major = 195, .minor = 1, .access = "rwm"}};
  HostFacts facts;
  facts.cgroup1 = {{{"devices"}, "/sys/fs/cgroup/devices"}};
  const auto plan = plan_launch(spec, facts, "test", {});
  ASSERT_TRUE(plan) << plan.error().message();
  const std::string text = dump_plan(*plan);
  std::size_t at = 0;
  for (const char* call :
       {"write(<devices.deny>, \"a\", 1)", "write(<devices.allow>, \"c 195:* rw\"",
        "write(<devices.deny>, \"c 195:1 rwm\"", "write(<devices.allow>, \"c 1:3 rwm\""}) {
    const std::size_t found = text.find(call, at);
    ASSERT_NE(found, std::string::npos) << call << "\n" << text;
    at = found;
  }
}

TEST(PlanFeatures, RefuseWhatCannotBe) {
  const std::pair<std::function<void(oci::Spec&)>, const char*> cases[] = {
      {[](oci::Spec& s) { s.process.scheduler = oci::Scheduler{"SCHED_BATHC"}; },
       "/process/scheduler/policy: \"SCHED_BATHC\" is unknown (did you mean \"SCHED_BATCH\"?)"},
      {[](oci::Spec& s) { s.process.scheduler = oci::Scheduler{"SCHED_FIFO"}; },
       "/process/scheduler/priority: 0 is not one of SCHED_FIFO"},
      {[](oci::Spec& s) { s.process.user.additional_gids = {4294967295}; },
       "is not a user or group id"},
      {[](oci::Spec& s) { s.mounts.push_back({"/d", "bind", "/s", {"rbind", "idmap"}}); },
       "/mounts/6: \"idmap\" without uidMappings, and without a user namespace"},
      {[](oci::Spec& s) {
         std::erase_if(s.linux_.namespaces, [](const auto& ns) { return ns.type == "uts"; });
         s.domainname = "x";
       },
       "/domainname: would change the host's name"},
  };
  for (const auto& [ask, message] : cases) {
    oci::Spec spec = spec_of();
    ask(spec);
    auto plan = plan_launch(spec, HostFacts{}, "test");
    ASSERT_FALSE(plan) << message;
    EXPECT_THAT(plan.error().message(), HasSubstr(message));
  }
}

// Names, formats and numbers are three tables in the order of `Call`, which is the alphabet's.
TEST(Calls, HaveTheirNamesInOrder) {
  for (std::size_t i = 1; i < kCallCount; ++i)
    EXPECT_LT(call_name(static_cast<Call>(i - 1)), call_name(static_cast<Call>(i)));
  EXPECT_EQ(call_name(Call::sendmsg), "sendmsg");
}

TEST(PlanExec, EntersAllNamespacesAtOnceAndMakesNoneAgain) {
  ExecTarget target{
      "test", CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUSER, "/cg", {}, false};
  auto plan = plan_exec(spec_of(), HostFacts{}, target, {});
  ASSERT_TRUE(plan) << plan.error().message();
  std::string text = dump_plan(*plan);
  EXPECT_THAT(text, HasSubstr("setns(<target>, CLONE_NEWPID)"));
  EXPECT_THAT(text, HasSubstr("setns(<target>, CLONE_NEWNS|CLONE_NEWUSER|CLONE_NEWNET)"));
  EXPECT_THAT(text, HasSubstr("clone3({flags=CLONE_PIDFD|CLONE_INTO_CGROUP"));
  EXPECT_THAT(text, Not(HasSubstr("pivot_root")));
  EXPECT_FALSE(plan->owns_cgroup) << "the container's must stay when exec fails";
  // Before it is inside: the others there could read its descriptors (CVE-2016-9962).
  EXPECT_LT(text.find("PR_SET_DUMPABLE"), text.find("setns(<target>, CLONE_NEWNS"));
  oci::Spec spec = spec_of();
  spec.process.user.uid = UINT32_MAX;
  EXPECT_FALSE(plan_exec(spec, HostFacts{}, target, {})) << "would stay root";
}

}  // namespace
}  // namespace suit::runtime
