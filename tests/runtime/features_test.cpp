// What less common members of a spec do, in real containers.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bundle.h"

namespace suit::test {
namespace {

using testing::HasSubstr;

class Features : public testing::Test {
 protected:
  void SetUp() override { SUIT_NEEDS_KERNEL(); }
  Bundle bundle_;

  std::string out_of(const oci::Spec& spec) {
    Outcome outcome = bundle_.run(spec);
    EXPECT_TRUE(outcome.started) << outcome.error.message();
    return outcome.out + outcome.err;
  }
};

TEST_F(Features, ShiftTheClocksOfATimeNamespace) {
  oci::Spec spec = Bundle::shell("cut -d. -f1 /proc/uptime");
  spec.linux_.namespaces.push_back({"time", ""});
  spec.linux_.time_offsets["boottime"] = {1'000'000'000, 0};
  EXPECT_GT(std::atoll(out_of(spec).c_str()), 1'000'000'000);
}

TEST_F(Features, StartATmpfsWithTheFilesOfTheImage) {
  bundle_.write("etc/deep/er/file", "content\n", 0640);
  ASSERT_EQ(::chown((bundle_.rootfs() + "/etc/deep/er/file").c_str(), 33, 34), 0);
  bundle_.symlink("passwd", "etc/link");
  oci::Spec spec = Bundle::shell(
      "cat /etc/deep/er/file; stat -c '%a %u %g' /etc/deep/er/file; readlink /etc/link;"
      "grep -c tmpfs./etc /proc/mounts; stat -f -c %T /etc; echo x > /etc/new");
  spec.mounts.push_back({"/etc", "tmpfs", "tmpfs", {"tmpcopyup", "size=1m"}});
  EXPECT_THAT(out_of(spec), HasSubstr("content\n640 33 34\npasswd\n"));
  EXPECT_FALSE(os::exists(bundle_.rootfs() + "/etc/new"));
  spec.mounts.back().options = {"tmpcopyup", "size=4k", "nr_inodes=3"};
  Outcome full = bundle_.run(spec);
  EXPECT_FALSE(full.started);
  EXPECT_EQ(full.error.code(), ENOSPC) << full.error.message();
}

TEST_F(Features, MapTheIdsOfAMount) {
  ASSERT_TRUE(os::make_dirs(bundle_.path() + "/data", 0755));
  ASSERT_TRUE(os::replace_file(bundle_.path() + "/data/file", "x", 0644));
  oci::Spec spec = Bundle::shell("stat -c '%u %g' /data/file");
  spec.mounts.push_back({"/data",
                         "bind",
                         bundle_.path() + "/data",
                         {"bind", "idmap"},
                         {{0, 1000, 1}},
                         {{0, 2000, 1}}});
  Outcome outcome = bundle_.run(spec);
  if (outcome.error.code() == EINVAL) GTEST_SKIP() << "needs a file system with id-mapped mounts";
  EXPECT_EQ(outcome.out, "1000 2000\n") << outcome.error.message();
}

TEST_F(Features, JoinNamespacesByPath) {
  oci::Spec spec = Bundle::shell("readlink /proc/self/ns/net; readlink /proc/self/ns/ipc");
  for (oci::Namespace& ns : spec.linux_.namespaces)
    if (ns.type == "network" || ns.type == "ipc")
      ns.path = ns.type == "network" ? "/proc/self/ns/net" : "/proc/self/ns/ipc";
  auto net = os::read_link(os::FdRef::cwd(), "/proc/self/ns/net");
  auto ipc = os::read_link(os::FdRef::cwd(), "/proc/self/ns/ipc");
  EXPECT_EQ(out_of(spec), *net + "\n" + *ipc + "\n");
  // config-linux.md: an error if the path is not of that type of namespace.
  spec.linux_.namespaces[1].path = "/proc/self/ns/uts";
  Outcome wrong = bundle_.run(spec);
  EXPECT_EQ(wrong.error.step(), "ns.join");
}

TEST_F(Features, JoinAPidNamespaceAndComeBack) {
  oci::Spec spec = Bundle::shell("test -d /proc/2 && readlink /proc/self/ns/pid");
  for (oci::Namespace& ns : spec.linux_.namespaces)
    if (ns.type == "pid") ns.path = "/proc/self/ns/pid";
  auto ours = os::read_link(os::FdRef::cwd(), "/proc/self/ns/pid");
  EXPECT_EQ(out_of(spec), *ours + "\n");
  auto next = os::read_link(os::FdRef::cwd(), "/proc/self/ns/pid_for_children");
  EXPECT_EQ(*next, *ours) << "our own children are born where they were";
}

TEST_F(Features, SpreadMountsOfTheRootAsAsked) {
  for (auto [propagation, wanted] :
       {std::pair{"shared", "shared:"}, std::pair{"unbindable", "unbindable"}}) {
    oci::Spec spec =
        Bundle::shell("grep ' / / ' /proc/self/mountinfo || head -1 /proc/self/mountinfo");
    spec.linux_.rootfs_propagation = propagation;
    EXPECT_THAT(out_of(spec), HasSubstr(wanted)) << propagation;
  }
}

TEST_F(Features, SetSchedulingAndPersonality) {
  oci::Spec spec = Bundle::shell("uname -m; cut -d' ' -f19 /proc/self/stat; ionice");
  spec.linux_.personality = "LINUX32";
  oci::Scheduler scheduler;
  scheduler.policy = "SCHED_BATCH";
  scheduler.nice = 5;
  spec.process.scheduler = scheduler;
  spec.process.io_priority = oci::IoPriority{"IOPRIO_CLASS_IDLE", 0};
  EXPECT_EQ(out_of(spec), "i686\n5\nidle\n");
}

TEST_F(Features, RefuseALabelThatTheHostCannotSet) {
  if (os::exists("/sys/kernel/security/apparmor")) GTEST_SKIP() << "needs a host without AppArmor";
  oci::Spec spec = Bundle::shell("true");
  spec.process.apparmor_profile = "nosuch";
  Outcome outcome = bundle_.run(spec);
  EXPECT_EQ(outcome.error.step(), "process.label");
  EXPECT_THAT(outcome.error.message(), HasSubstr("/process/apparmorProfile"));
  EXPECT_THAT(outcome.error.hint(), HasSubstr("no such security module"));
}

TEST_F(Features, AcceptADeviceThatWeMakeAnyway) {
  oci::Spec spec = Bundle::shell("test -c /dev/pts/ptmx && readlink /dev/ptmx");
  spec.linux_.devices = {{"/dev/ptmx", 'c', 5, 2}, {"/dev/null", 'c', 1, 3}};
  EXPECT_EQ(out_of(spec), "pts/ptmx\n");
}

}  // namespace
}  // namespace suit::test
