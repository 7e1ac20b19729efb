// Attacks on a container's start: malicious bundles, and programs that look for what was left open.
// The names are those of the flaws that other runtimes had.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bundle.h"
#include "runtime/plan.h"

namespace suit::test {
namespace {

using testing::HasSubstr;

constexpr const char* kCanary = "canary: untouched\n";

class Attack : public testing::Test {
 protected:
  void SetUp() override {
    SUIT_NEEDS_KERNEL();
    auto directory = os::TempDir::create("/tmp", "suit-canary-");
    ASSERT_TRUE(directory);
    outside_.emplace(*std::move(directory));
    ASSERT_TRUE(os::replace_file(outside_->path() + "/file", kCanary, 0666));
    ::chmod(outside_->path().c_str(), 0777);
    mounts_ = mount_table();
  }
  void TearDown() override {
    if (!outside_) return;
    auto names = os::list_dir(outside_->path());
    ASSERT_TRUE(names);
    EXPECT_EQ(*names, std::vector<std::string>{"file"}) << "something was made outside of the root";
    auto text = os::read_file(outside_->path() + "/file");
    EXPECT_TRUE(text && *text == kCanary);
    EXPECT_THAT(mounts_since(mounts_), testing::IsEmpty()) << "a mount has leaked";
  }
  const std::string& outside() const { return outside_->path(); }

 private:
  std::optional<os::TempDir> outside_;
  std::vector<std::string> mounts_;
};

// CVE-2024-21626: a working directory that is a descriptor of the host.
TEST_F(Attack, WorkingDirectoryThroughADescriptorIsRefused) {
  Bundle bundle;
  os::Fd leaked(::open("/", O_RDONLY | O_DIRECTORY));  // on purpose without O_CLOEXEC
  bundle.symlink("/proc/self/fd/" + std::to_string(leaked.raw()), "link");
  std::vector<std::string> directories = {"/link"};
  for (int fd = 3; fd < 24; ++fd)
    directories.push_back(fmt::format("/proc/self/fd/{}", fd));
  for (const std::string& directory : directories) {
    oci::Spec spec = Bundle::shell("ls; cat ./etc/shadow");
    spec.process.cwd = directory;
    Outcome outcome = bundle.run(spec);
    EXPECT_FALSE(outcome.started) << directory << outcome.out;
    EXPECT_EQ(outcome.error.step(), "process.cwd") << outcome.error.message();
  }
}

TEST_F(Attack, ProgramSeesOnlyItsThreeDescriptors) {
  Bundle bundle;
  os::Fd leaked(::open("/", O_RDONLY | O_DIRECTORY));
  // The glob is expanded by the shell itself: its own directory descriptor is the only other.
  Outcome outcome = bundle.sh(
      "exec sh -c 'for f in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 30 40 50; do test "
      "-e /proc/self/fd/$f && echo $f; done'");
  EXPECT_EQ(outcome.out, "0\n1\n2\n") << outcome.error.message();
}

// CVE-2019-5736: the runtime's own executable, reached through /proc.
TEST_F(Attack, HelperCannotBeWritten) {
  Bundle bundle;
  oci::Spec spec = Bundle::shell("");
  spec.process.args = {"/proc/self/exe"};
  Outcome outcome = bundle.run(spec);
  // It is the helper that executes itself: without a plan it ends, and it has nothing to give away.
  EXPECT_TRUE(!outcome.started || outcome.code != 0);
  bundle.write("bin/script", "#!/proc/self/exe\n", 0755);
  spec.process.args = {"/bin/script"};
  outcome = bundle.run(spec);
  EXPECT_TRUE(!outcome.started || outcome.code != 0);
  // While the helper runs, its executable is a sealed memfd: writing fails for root of the host,
  // too.
  auto facts = runtime::probe_host();
  ASSERT_TRUE(facts);
  auto plan = runtime::plan_launch(Bundle::shell("sleep 1"), *facts, unique_id("seal"));
  ASSERT_TRUE(plan);
  bool has_seals = false;
  for (const runtime::Op& op : plan->host)
    if (op.call == runtime::Call::fcntl && op.args[0] == runtime::kSlotHelper &&
        op.args[1] == F_ADD_SEALS)
      has_seals = op.args[2] == (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  EXPECT_TRUE(has_seals);
}

// A sealed memfd as the plan makes it refuses every way to change it.
TEST_F(Attack, SealedMemoryRefusesWrites) {
  int fd = ::memfd_create("probe", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  ASSERT_GE(fd, 0);
  os::Fd owner(fd);
  ASSERT_EQ(::write(fd, "x", 1), 1);
  ASSERT_EQ(::fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
  EXPECT_EQ(::pwrite(fd, "y", 1, 0), -1);
  EXPECT_EQ(::ftruncate(fd, 0), -1);
  os::Fd again(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_EQ(::pwrite(again.raw(), "y", 1, 0), -1);
}

// CVE-2023-27561, CVE-2019-19921: the kernel's file systems on a path that the image redirects.
TEST_F(Attack, SymlinkedKernelDirectoriesAreRefused) {
  for (const char* name : {"proc", "sys", "dev"}) {
    for (const std::string& target :
         {outside(), std::string("/tmp"), std::string("../../../../../../..") + outside()}) {
      Bundle bundle;
      ASSERT_EQ(::rmdir((bundle.rootfs() + "/" + name).c_str()), 0);
      bundle.symlink(target, name);
      Outcome outcome = bundle.sh("true");
      EXPECT_FALSE(outcome.started) << name << " -> " << target;
      EXPECT_EQ(outcome.error.code(), ELOOP) << outcome.error.message();
      EXPECT_THAT(outcome.error.hint(), HasSubstr("symlink"));
    }
  }
}

// CVE-2026-41579, CVE-2025-31133: names below the image's /dev that lead elsewhere.
TEST_F(Attack, DevicesOfTheImageAreNotUsed) {
  Bundle bundle;
  bundle.symlink(outside() + "/file", "dev/null");
  bundle.symlink(outside() + "/file", "dev/ptmx");
  bundle.symlink("/proc/sys/kernel/core_pattern", "dev/full");
  Outcome outcome = bundle.sh(
      "echo overwritten > /dev/null; test -c /dev/null && test -c /dev/full && cat "
      "/proc/timer_list | wc -c");
  EXPECT_EQ(outcome.out, "0\n") << outcome.error.message() << outcome.err;
}

TEST_F(Attack, MissingDevMountStillGetsARealOne) {
  Bundle bundle;
  bundle.symlink(outside() + "/file", "dev/null");
  oci::Spec spec = Bundle::shell("echo overwritten > /dev/null; test -c /dev/null && echo real");
  std::erase_if(spec.mounts,
                [](const oci::SpecMount& m) { return m.destination.starts_with("/dev"); });
  EXPECT_EQ(bundle.run(spec).out, "real\n");
}

// CVE-2021-30465, CVE-2024-45310: a mount point that leads out.
TEST_F(Attack, MountPointsStayInside) {
  Bundle bundle;
  bundle.symlink(outside(), "escape");
  bundle.symlink("../../../../../../../../tmp", "up");
  ASSERT_TRUE(os::make_dirs(bundle.path() + "/data", 0755));
  for (const char* destination :
       {"/escape/new/dir", "/up/suit-attack-made", "/escape/../../../x"}) {
    oci::Spec spec = Bundle::shell("true");
    spec.mounts.push_back({destination, "bind", bundle.path() + "/data", {"bind"}});
    bundle.run(spec);
    spec.mounts.back() = {destination, "tmpfs", "tmpfs", {}};
    bundle.run(spec);
    EXPECT_FALSE(os::exists("/tmp/suit-attack-made"));
  }
}

TEST_F(Attack, SwappedMountPointCannotLeadOut) {
  Bundle bundle;
  ASSERT_TRUE(os::make_dirs(bundle.path() + "/data", 0755));
  std::string inside = bundle.rootfs() + "/race";
  std::string link = bundle.rootfs() + "/race-link";
  ASSERT_TRUE(os::make_dirs(inside, 0755));
  ASSERT_EQ(::symlink(outside().c_str(), link.c_str()), 0);
  std::atomic<bool> stop = false;
  std::thread flipper([&] {
    while (!stop)
      ::renameat2(AT_FDCWD, inside.c_str(), AT_FDCWD, link.c_str(), RENAME_EXCHANGE);
  });
  oci::Spec spec = Bundle::shell("true");
  spec.mounts.push_back({"/race/a/b", "bind", bundle.path() + "/data", {"bind"}});
  spec.mounts.push_back({"/race/c", "tmpfs", "tmpfs", {}});
  for (int i = 0; i < 100; ++i)
    bundle.run(spec);
  stop = true;
  flipper.join();
}

// CVE-2022-24769, CVE-2022-29162: capabilities that were not asked for.
TEST_F(Attack, CapabilitiesAreExactlyThoseAskedFor) {
  Bundle bundle;
  oci::Spec spec = Bundle::shell("grep Cap /proc/self/status | tr -d '\\t'");
  spec.process.capabilities = {{"CAP_KILL"}, {"CAP_KILL"}, {}, {"CAP_KILL"}, {}};
  EXPECT_EQ(bundle.run(spec).out,
            "CapInh:0000000000000000\nCapPrm:0000000000000020\nCapEff:0000000000000020\n"
            "CapBnd:0000000000000020\nCapAmb:0000000000000000\n");
  spec.process.capabilities = {};
  EXPECT_EQ(bundle.run(spec).out,
            "CapInh:0000000000000000\nCapPrm:0000000000000000\nCapEff:0000000000000000\n"
            "CapBnd:0000000000000000\nCapAmb:0000000000000000\n");
}

// CVE-2022-36109: groups of the engine that come along.
TEST_F(Attack, GroupsOfTheEngineDoNotComeAlong) {
  Bundle bundle;
  oci::Spec spec = Bundle::shell("grep Groups /proc/self/status | tr -d '\\t '");
  spec.process.user.uid = 1000;
  spec.process.user.gid = 1000;
  EXPECT_EQ(bundle.run(spec).out, "Groups:\n");
}

TEST_F(Attack, KernelSecretsAreMaskedAndSysIsReadOnly) {
  Bundle bundle;
  oci::Spec spec = Bundle::shell(
      "for f in kcore keys latency_stats timer_list sched_debug interrupts; do test -e /proc/$f && "
      "cat /proc/$f | head -c 1; done; "
      "ls /sys/firmware /proc/acpi /proc/scsi 2>/dev/null | grep -v :$ | grep .; "
      "for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /sys/kernel/uevent_helper "
      "/sys/power/state; do "
      "test -e $f && (echo x > $f) 2>/dev/null && echo wrote $f; done; "
      "mkdir /sys/x 2>/dev/null && echo made; grep ' / /sys ' /proc/self/mountinfo | grep -c ' "
      "ro,'");
  EXPECT_EQ(bundle.run(spec).out, "1\n");
}

// CVE-2016-9962: the helper, seen from a container that shares its pid namespace.
TEST_F(Attack, HelperIsNotDumpableBeforeTheProgramRuns) {
  auto plan = runtime::plan_launch(Bundle::shell("true"), runtime::HostFacts{}, "test");
  ASSERT_TRUE(plan);
  std::string text = runtime::dump_plan(*plan);
  std::size_t undumpable = text.find("prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE)");
  ASSERT_NE(undumpable, std::string::npos);
  EXPECT_LT(undumpable, text.find("root.attach")) << "before anything of the image is reachable";
}

// CVE-2017-5226: the caller's terminal.
TEST_F(Attack, ProgramHasASessionOfItsOwn) {
  Bundle bundle;
  // Field 6 of stat is the session, 7 the terminal.
  EXPECT_EQ(
      bundle.sh("cut -d' ' -f6,7 /proc/1/stat; (: < /dev/tty) 2>/dev/null || echo no terminal").out,
      "1 0\nno terminal\n");
}

TEST_F(Attack, OldRootIsGone) {
  Bundle bundle;
  // The classic way out of a chroot, with the capability for it.
  bundle.write("bin/leave", "#!/bin/sh\nmkdir -p /tmp/hole; exec chroot /tmp/hole /bin/true\n",
               0755);
  EXPECT_EQ(bundle
                .sh("cd /; for i in 1 2 3 4 5 6 7 8; do cd ..; done; ls -d bin etc; test -e "
                    "/proc/1/root/tmp/suit-none || echo none")
                .out,
            "bin\netc\nnone\n");
  EXPECT_THAT(bundle.sh("cat /proc/self/mountinfo | cut -d' ' -f5").out,
              testing::Not(HasSubstr("/tmp/")));
}

// CVE-2021-43784: sizes that overflow the plan's encoding.
TEST_F(Attack, HugeSpecsAreRefusedOrWork) {
  Bundle bundle;
  oci::Spec spec = Bundle::shell("echo ok");
  for (int i = 0; i < 100'000; ++i)
    spec.mounts.push_back({"/tmp", "tmpfs", "tmpfs", {}});
  EXPECT_FALSE(bundle.run(spec).started);
  spec = Bundle::shell("echo ok");
  spec.process.env.push_back("BIG=" + std::string(100'000, 'x'));
  EXPECT_EQ(bundle.run(spec).out, "ok\n");
  spec.process.env.push_back("BIG=" + std::string(3'000'000, 'x'));
  Outcome outcome = bundle.run(spec);
  EXPECT_FALSE(outcome.started);
  EXPECT_EQ(outcome.error.code(), E2BIG) << outcome.error.message();
}

}  // namespace
}  // namespace suit::test
