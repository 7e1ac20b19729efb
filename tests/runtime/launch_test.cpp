// Real containers of a busybox root file system.

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bundle.h"
#include "os/mount.h"
#include "runtime/etc_files.h"
#include "runtime/explain.h"
#include "runtime/plan.h"

namespace suit::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Launch : public testing::Test {
 protected:
  void SetUp() override { SUIT_NEEDS_KERNEL(); }
};

oci::Spec program(std::vector<std::string> args) {
  oci::Spec spec = Bundle::shell("");
  spec.process.args = std::move(args);
  return spec;
}

TEST_F(Launch, RunsAProgramAndReportsItsCode) {
  Bundle bundle;
  Outcome outcome = bundle.sh("echo out; echo err >&2; exit 7");
  EXPECT_TRUE(outcome.started) << outcome.error.message();
  EXPECT_EQ(outcome.code, 7);
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_EQ(outcome.err, "err\n");
}

TEST_F(Launch, ReportsTheSignalThatKilledIt) {
  Bundle bundle;
  EXPECT_EQ(bundle.sh("sh -c 'kill -KILL $$'; exit $?").code, 137);
  EXPECT_EQ(bundle.sh("trap 'exit 3' TERM; kill -TERM $$; sleep 5").code, 3);
}

TEST_F(Launch, LeavesNothingBehind) {
  Bundle bundle;
  auto facts = runtime::probe_host();
  ASSERT_TRUE(facts);
  std::vector<std::string> before = mount_table();
  auto plan =
      runtime::plan_launch(Bundle::shell("sleep 100 & echo started"), *facts, unique_id("left"));
  ASSERT_TRUE(plan);
  bundle.sh("sleep 100 & true");
  EXPECT_THAT(mounts_since(before), testing::IsEmpty());
  auto left = os::list_dir(facts->cgroup2_dir + "/spacesuit");
  if (!facts->cgroup2_dir.empty()) {
    ASSERT_TRUE(left);
    for (const std::string& name : *left)
      EXPECT_THAT(name, testing::Not(StartsWith("test-" + std::to_string(::getpid()) + "-")));
  }
}

TEST_F(Launch, KillsTheContainerWhenTheObjectGoes) {
  Bundle bundle;
  auto facts = runtime::probe_host();
  ASSERT_TRUE(facts);
  std::string id = unique_id("gone");
  auto plan = runtime::plan_launch(program({"sleep", "100"}), *facts, id);
  ASSERT_TRUE(plan);
  pid_t pid = -1;
  {
    auto rootfs = runtime::clone_tree(bundle.rootfs());
    ASSERT_TRUE(rootfs);
    os::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    auto container = runtime::launch(*plan, {*rootfs, null, null, null, false, false});
    ASSERT_TRUE(container) << container.error().message();
    pid = container->pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_FALSE(os::exists(plan->cgroup_dir) && !plan->cgroup_dir.empty());
}

TEST_F(Launch, RefusesASecondContainerOfTheSameName) {
  Bundle bundle;
  auto facts = runtime::probe_host();
  ASSERT_TRUE(facts);
  if (facts->cgroup2_dir.empty()) GTEST_SKIP() << "needs cgroup v2";
  auto plan = runtime::plan_launch(program({"sleep", "100"}), *facts, unique_id("twin"));
  auto first_root = runtime::clone_tree(bundle.rootfs());
  auto second_root = runtime::clone_tree(bundle.rootfs());
  os::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  auto first = runtime::launch(*plan, {*first_root, null, null, null, false, false});
  ASSERT_TRUE(first) << first.error().message();
  auto second = runtime::launch(*plan, {*second_root, null, null, null, false, false});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), EBUSY);
  EXPECT_EQ(second.error().step(), "host.cgroup");
  EXPECT_THAT(second.error().hint(), HasSubstr("container of this name is running"));
  EXPECT_TRUE(os::exists(plan->cgroup_dir)) << "the first one's cgroup must stay";
}

TEST_F(Launch, TellsAMissingProgramFromOneThatCannotRun) {
  Bundle bundle;
  bundle.write("opt/plain", "hello", 0644);
  Outcome missing = bundle.run(program({"nosuch"}));
  EXPECT_EQ(missing.error.code(), ENOENT);
  EXPECT_EQ(missing.error.step(), "exec");
  EXPECT_THAT(missing.error.message(), HasSubstr("exec \"nosuch\": not found in PATH"));
  Outcome plain = bundle.run(program({"/opt/plain"}));
  EXPECT_EQ(plain.error.code(), EACCES);
  EXPECT_THAT(plain.error.hint(), HasSubstr("chmod +x"));
  EXPECT_THAT(bundle.run(program({"/opt"})).error.hint(), HasSubstr("is a directory"));
}

struct HintCase {
  const char* name;
  std::string content;
  const char* hint;
};

TEST_F(Launch, ExplainsWhyAnExecutableDoesNotExecute) {
  std::string arm(120, '\0');
  arm.replace(0, 6, std::string("\177ELF\2\1", 6));
  arm[16] = 2;       // ET_EXEC
  arm[18] = '\xb7';  // EM_AARCH64
  const HintCase cases[] = {
      {"noshebang", "echo hello\n", "is neither an executable nor a script"},
      {"crlf", "#!/bin/sh\r\necho hello\r\n", "has Windows line ends"},
      {"nointerpreter", "#!/usr/bin/python9\n",
       "is a script for /usr/bin/python9, which is not in the image"},
      {"foreign", arm, "is built for arm64, and this machine is amd64"},
      {"empty", "", "is empty"},
  };
  Bundle bundle;
  for (const HintCase& c : cases) {
    bundle.write(std::string("opt/") + c.name, c.content, 0755);
    Outcome outcome = bundle.run(program({std::string("/opt/") + c.name}));
    EXPECT_FALSE(outcome.started) << c.name;
    EXPECT_THAT(outcome.error.hint(), HasSubstr(c.hint)) << c.name;
  }
}

TEST_F(Launch, NamesAMissingLoader) {
  Bundle bundle;
  auto shell = os::read_file("/bin/ls", 8U << 20);
  ASSERT_TRUE(shell);
  bundle.write("opt/ls", *shell, 0755);
  EXPECT_THAT(bundle.run(program({"/opt/ls"})).error.hint(),
              HasSubstr("needs the loader /lib64/ld-linux-x86-64.so.2"));
}

TEST_F(Launch, SuggestsTheNearestProgram) {
  Bundle bundle;
  EXPECT_THAT(bundle.run(program({"gerp"})).error.hint(), HasSubstr("did you mean \"grep\"?"));
}

TEST_F(Launch, BindsFilesAndDirectoriesMakingMountPoints) {
  Bundle bundle;
  ASSERT_TRUE(os::replace_file(bundle.path() + "/file", "content\n", 0644));
  ASSERT_TRUE(os::make_dirs(bundle.path() + "/dir/sub", 0755));
  oci::Spec spec = Bundle::shell(
      "cat /new/deep/file; ls /etc/dir; echo x > /etc/dir/sub/y; echo $?; cat /tmp/over");
  spec.mounts.push_back({"/new/deep/file", "bind", bundle.path() + "/file", {"bind", "ro"}});
  spec.mounts.push_back({"/etc/dir", "bind", bundle.path() + "/dir", {"rbind", "rro"}});
  bundle.write("tmp/over", "old");
  spec.mounts.push_back({"/tmp/over", "none", bundle.path() + "/file", {"bind"}});
  Outcome outcome = bundle.run(spec);
  EXPECT_EQ(outcome.out, "content\nsub\n1\ncontent\n") << outcome.error.message() << outcome.err;
}

TEST_F(Launch, NamesAMountWhoseSourceIsMissingOrOfAnotherType) {
  Bundle bundle;
  oci::Spec spec = Bundle::shell("true");
  spec.mounts.push_back({"/mnt", "bind", bundle.path() + "/nosuch", {"bind"}});
  Outcome missing = bundle.run(spec);
  EXPECT_EQ(missing.error.step(), "mount.bind");
  EXPECT_THAT(missing.error.message(), HasSubstr("/mounts/6"));
  EXPECT_THAT(missing.error.message(), HasSubstr("nosuch"));
  EXPECT_THAT(missing.error.hint(), HasSubstr("does not exist on the host"));
  spec.mounts.back() = {"/etc/passwd", "bind", bundle.path(), {"bind"}};
  Outcome mixed = bundle.run(spec);
  EXPECT_EQ(mixed.error.code(), EINVAL);
  EXPECT_THAT(mixed.error.hint(), HasSubstr("one side is a file and the other a directory"));
}

TEST_F(Launch, KeepsMountsInsideWhenTheSourceIsShared) {
  Bundle bundle;
  ASSERT_TRUE(os::make_dirs(bundle.path() + "/shared/in", 0755));
  std::string shared = bundle.path() + "/shared";
  ASSERT_EQ(::mount("tmpfs", shared.c_str(), "tmpfs", 0, nullptr), 0);
  ASSERT_EQ(::mount(nullptr, shared.c_str(), nullptr, MS_SHARED, nullptr), 0);
  ASSERT_TRUE(os::make_dirs(shared + "/in", 0755));
  std::vector<std::string> before = mount_table();
  oci::Spec spec = Bundle::shell("mount | grep -c /data; true");
  spec.mounts.push_back({"/data", "bind", shared, {"rbind"}});
  spec.mounts.push_back({"/data/in", "tmpfs", "tmpfs", {}});
  Outcome outcome = bundle.run(spec);
  EXPECT_EQ(outcome.out, "2\n") << outcome.error.message();
  EXPECT_THAT(mounts_since(before), testing::IsEmpty());
  EXPECT_TRUE(os::umount2(shared, MNT_DETACH));
}

TEST_F(Launch, BecomesTheUserWithExactlyItsGroups) {
  Bundle bundle;
  oci::Spec spec = Bundle::shell(
      "id -u; id -g; id -G; grep -E 'CapEff|CapPrm' /proc/self/status | tr -d '\\t'; umask");
  spec.process.user = {33, 34, {5, 6}, 077};
  Outcome outcome = bundle.run(spec);
  EXPECT_EQ(outcome.out, "33\n34\n34 5 6\nCapPrm:0000000000000000\nCapEff:0000000000000000\n0077\n")
      << outcome.error.message();
}

TEST_F(Launch, DoesNotPassIgnoredOrBlockedSignalsOn) {
  Bundle bundle;
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t usr1, before;
  ::sigemptyset(&usr1);
  ::sigaddset(&usr1, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &usr1, &before);
  Outcome outcome = bundle.sh("grep -E 'SigBlk|SigIgn' /proc/self/status | tr -d '\\t'");
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  EXPECT_EQ(outcome.out, "SigBlk:0000000000000000\nSigIgn:0000000000000000\n");
}

TEST_F(Launch, GivesEachNamespaceItsOwn) {
  Bundle bundle;
  Outcome outcome = bundle.sh(
      "echo $$; hostname; ip -o link | wc -l; ip -o link | grep -c LOOPBACK,UP; ls /proc | grep -c "
      "'^[0-9]'; cat /proc/self/cgroup | grep ^0");
  EXPECT_THAT(outcome.out, StartsWith("1\nsuit\n1\n1\n")) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("0::/\n"));
}

TEST_F(Launch, TimesEveryCallWhenAsked) {
  Bundle bundle;
  auto facts = runtime::probe_host();
  auto plan = runtime::plan_launch(program({"true"}), *facts, unique_id("timed"));
  ASSERT_TRUE(plan);
  auto rootfs = runtime::clone_tree(bundle.rootfs());
  os::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  auto container = runtime::launch(*plan, {*rootfs, null, null, null, false, true});
  ASSERT_TRUE(container) << container.error().message();
  const runtime::Timeline& t = container->timeline();
  EXPECT_EQ(t.host.size(), plan->host.size());
  EXPECT_EQ(t.container.size(), plan->container.size());
  std::string text = runtime::explain_text(*plan, &t);
  EXPECT_THAT(text, HasSubstr("pivot_root(\".\", \".\") = 0"));
  EXPECT_THAT(text, testing::Not(HasSubstr("<rootfs>")));
  EXPECT_TRUE(container->wait());
}

TEST_F(Launch, WorksInAChroot) {
  // A process whose root is a plain directory: pivot_root needs the way out first.
  Bundle bundle;
  pid_t child = ::fork();
  if (child == 0) {
    Bundle inner;
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      ::_exit(90);
    for (const char* name : {"/proc", "/dev", "/sys"})
      if (::mount(name, (bundle.rootfs() + name).c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
        ::_exit(91);
    if (::chroot(bundle.rootfs().c_str()) != 0 || ::chdir("/") != 0) ::_exit(92);
    auto facts = runtime::probe_host();
    if (!facts || facts->root_is_mount) ::_exit(93);
    ::mkdir("/inner", 0755);
    ::mkdir("/inner/bin", 0755);
    if (::link("/bin/busybox", "/inner/bin/true") != 0) ::_exit(94);
    auto plan = runtime::plan_launch(program({"/bin/true"}), *facts, unique_id("chroot"));
    auto tree = runtime::clone_tree("/inner");
    if (!plan || !tree) ::_exit(95);
    os::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    auto container = runtime::launch(*plan, {*tree, null, null, null, false, false});
    if (!container) {
      std::ofstream("/why") << container.error().message();
      ::_exit(96);
    }
    auto status = container->wait();
    ::_exit(status ? status->shell_code() : 97);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  auto why = os::read_file(bundle.rootfs() + "/why");
  EXPECT_EQ(WEXITSTATUS(status), 0) << (why ? *why : "");
}

TEST_F(Launch, WorksInAUserNamespace) {
  Bundle bundle;
  ::chmod(bundle.rootfs().c_str(), 0755);
  pid_t child = ::fork();
  if (child == 0) {
    std::string why = bundle.path() + "/why";
    // As the engine does for a plain user: one id, groups denied.
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ::_exit(90);
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 0 1";
    std::ofstream("/proc/self/gid_map") << "0 0 1";
    auto facts = runtime::probe_host();
    if (!facts || !facts->in_user_namespace || !facts->setgroups_denied) ::_exit(91);
    for (bool has_network : {true, false}) {
      oci::Spec spec = Bundle::shell(
          "id -u && echo x > /dev/null && test -e /sys/class && test -c /dev/tty && test -d "
          "/proc/1");
      if (!has_network)
        std::erase_if(spec.linux_.namespaces,
                      [](const oci::Namespace& ns) { return ns.type == "network"; });
      auto plan = runtime::plan_launch(spec, *facts, unique_id("user"));
      auto tree = runtime::clone_tree(bundle.rootfs());
      if (!plan || !tree) ::_exit(92);
      os::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
      auto container = runtime::launch(*plan, {*tree, null, null, null, false, false});
      if (!container) {
        std::ofstream(why) << container.error().message();
        ::_exit(93);
      }
      auto status = container->wait();
      if (!status || status->shell_code() != 0) ::_exit(94);
    }
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  auto why = os::read_file(bundle.path() + "/why");
  EXPECT_EQ(WEXITSTATUS(status), 0) << (why ? *why : "");
}

TEST_F(Launch, MountsAnOverlayThatKeepsTheLowerUntouched) {
  Bundle bundle;
  for (const char* name : {"/upper", "/work"})
    ASSERT_TRUE(os::make_dirs(bundle.path() + name, 0755));
  auto facts = runtime::probe_host();
  auto plan = runtime::plan_launch(Bundle::shell("echo new > /etc/new; rm /etc/group"), *facts,
                                   unique_id("overlay"));
  ASSERT_TRUE(plan);
  auto rootfs = runtime::mount_overlay(
      {{bundle.rootfs()}, bundle.path() + "/upper", bundle.path() + "/work", true}, *facts);
  ASSERT_TRUE(rootfs) << rootfs.error().message();
  os::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  auto container = runtime::launch(*plan, {*rootfs, null, null, null, false, false});
  ASSERT_TRUE(container) << container.error().message();
  ASSERT_EQ(container->wait()->shell_code(), 0);
  EXPECT_TRUE(os::exists(bundle.path() + "/upper/etc/new"));
  EXPECT_FALSE(os::exists(bundle.rootfs() + "/etc/new"));
  EXPECT_TRUE(os::exists(bundle.rootfs() + "/etc/group"));
}

TEST_F(Launch, ShowsTheFilesOfEtc) {
  Bundle bundle;
  auto mounts = runtime::write_etc_files(
      bundle.path(), {"web", "10.1.2.3", {{"db", "10.1.2.4"}}, false, {"9.9.9.9"}});
  ASSERT_TRUE(mounts) << mounts.error().message();
  oci::Spec spec = Bundle::shell("cat /etc/hostname; tail -2 /etc/hosts; cat /etc/resolv.conf");
  spec.mounts.insert(spec.mounts.end(), mounts->begin(), mounts->end());
  EXPECT_EQ(bundle.run(spec).out, "web\n10.1.2.4\tdb\n10.1.2.3\tweb\nnameserver 9.9.9.9\n");
  EXPECT_FALSE(runtime::write_etc_files(bundle.path(), {"web", "", {{"db x", "1"}}, false, {}}));
}

}  // namespace
}  // namespace suit::test
