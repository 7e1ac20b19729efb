// The commands of suit-oci, on real containers.

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bundle.h"
#include "oci/json.h"
#include "runtime/console.h"

namespace suit::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kSuitOci = SUIT_BINARY_DIR "/bin/suit-oci";

class Lifecycle : public testing::Test {
 protected:
  void SetUp() override { SUIT_NEEDS_KERNEL(); }
  void TearDown() override {
    if (!IsSkipped()) oci({"delete", "--force", id_});
  }

  os::Captured oci(std::vector<std::string> words) {
    words.insert(words.begin(), {kSuitOci, "--root", bundle_.path() + "/state"});
    os::SpawnOptions options;
    options.env = {"PATH=/usr/bin:/bin"};
    auto ran = os::run_and_capture(words, "", options,
                                   {.output_bytes = 1U << 20, .time = std::chrono::seconds(20)});
    EXPECT_TRUE(ran) << ran.error().message();
    return ran ? *ran : os::Captured{};
  }

  // The command succeeds; what it says.
  std::string good(std::vector<std::string> words) {
    os::Captured ran = oci(words);
    EXPECT_EQ(ran.status.shell_code(), 0) << testing::PrintToString(words) << ran.err;
    return ran.out;
  }

  void configure(const oci::Spec& spec) {
    ASSERT_TRUE(os::replace_file(bundle_.path() + "/config.json", oci::to_json(spec), 0644));
  }

  // Its program's output would keep our pipes open, so it writes into the root file system.
  void create(const oci::Spec& spec) {
    configure(spec);
    os::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    os::SpawnOptions options;
    options.stdin_ = options.stdout_ = options.stderr_ = null;
    auto child = os::Child::spawn({kSuitOci, "--root", bundle_.path() + "/state", "--log",
                                   bundle_.path() + "/log", "--log-format", "json", "create", "-b",
                                   bundle_.path(), "--pid-file", bundle_.path() + "/pid", id_},
                                  options);
    ASSERT_TRUE(child);
    created_ = child->wait()->shell_code();
  }

  std::string status() {
    auto json = oci::parse_json(good({"state", id_}));
    return json ? json->string_or("status") : "";
  }
  bool becomes(const std::string& wanted) {
    for (int i = 0; i < 200; ++i) {
      if (status() == wanted) return true;
      ::usleep(20'000);
    }
    return false;
  }
  std::string file(const std::string& name) {
    auto text = os::read_file(bundle_.path() + "/" + name);
    return text ? *text : text.error().message();
  }

  Bundle bundle_;
  std::string id_ = unique_id("life");
  int created_ = -1;
};

// runtime.md, "Lifecycle": the program MUST NOT run before start.
TEST_F(Lifecycle, RunsTheProgramAtStartAndNotBefore) {
  create(Bundle::shell("echo ran > /tmp/ran; sleep 100"));
  ASSERT_EQ(created_, 0) << file("log");
  EXPECT_EQ(status(), "created");
  EXPECT_FALSE(os::exists(bundle_.rootfs() + "/tmp/ran"));
  auto json = oci::parse_json(good({"state", id_}));
  EXPECT_EQ(std::to_string(*json->find("pid")->as_int()), file("pid"));
  good({"start", id_});
  EXPECT_EQ(status(), "running");
  EXPECT_EQ(file("rootfs/tmp/ran"), "ran\n");
  EXPECT_THAT(oci({"start", id_}).err, HasSubstr("it is running, not created"));
  EXPECT_THAT(oci({"delete", id_}).err, HasSubstr("that is not stopped"));
  EXPECT_EQ(status(), "running") << "a refused delete has no effect";
  good({"kill", id_, "KILL"});
  EXPECT_TRUE(becomes("stopped"));
  EXPECT_THAT(oci({"kill", id_, "TERM"}).err, HasSubstr("container not running"));
  good({"delete", id_});
  EXPECT_THAT(oci({"state", id_}).err, HasSubstr("does not exist"));
  EXPECT_FALSE(os::exists(bundle_.path() + "/state/" + id_));
}

// runtime.md, "Kill": MUST send the specified signal to the container process.
TEST_F(Lifecycle, SendsTheSignalThatWasAskedFor) {
  for (const char* signal : {"TERM", "SIGUSR1", "12"}) {
    create(
        Bundle::shell("for s in TERM USR1 USR2; do trap \"echo $s > /tmp/got; exit\" $s; done; "
                      "echo > /tmp/ready; while :; do sleep 0.05; done"));
    ASSERT_EQ(created_, 0) << file("log");
    good({"start", id_});
    for (int i = 0; i < 200 && !os::exists(bundle_.rootfs() + "/tmp/ready"); ++i)
      ::usleep(10'000);
    good({"kill", id_, signal});
    EXPECT_TRUE(becomes("stopped"));
    std::string wanted = signal == std::string("TERM") ? "TERM"
                         : signal[0] == 'S'            ? "USR1"
                                                       : "USR2";
    EXPECT_EQ(file("rootfs/tmp/got"), wanted + "\n");
    good({"delete", id_});
    ::unlink((bundle_.rootfs() + "/tmp/ready").c_str());
  }
}

// features.md: what a caller asks before it asks for more.
TEST_F(Lifecycle, SaysWhatItCan) {
  auto features = oci::parse_json(good({"features"}));
  ASSERT_TRUE(features) << features.error().message();
  EXPECT_EQ(features->string_or("ociVersionMin"), "1.0.0");
  EXPECT_EQ(features->string_or("ociVersionMax"), "1.2.0");
  EXPECT_EQ(features->find("hooks")->as_array()->size(), 6U);
  EXPECT_EQ(features->find("linux")->find("namespaces")->as_array()->size(), 8U);
  EXPECT_THAT(good({"--version"}), HasSubstr("\nspec: 1.2.0\n"));
}

// runtime.md: the operations MUST generate an error for what does not exist.
TEST_F(Lifecycle, RefusesWhatDoesNotExist) {
  for (const char* command : {"start", "state", "kill", "delete"})
    EXPECT_THAT(oci({command, "nosuch"}).err, HasSubstr("does not exist")) << command;
  EXPECT_EQ(oci({"delete", "--force", "nosuch"}).status.shell_code(), 0);
  EXPECT_THAT(oci({"create"}).err, HasSubstr("too few"));
}

TEST_F(Lifecycle, KeepsAnIdForOneContainer) {
  create(Bundle::shell("sleep 100"));
  ASSERT_EQ(created_, 0) << file("log");
  create(Bundle::shell("sleep 100"));
  EXPECT_NE(created_, 0);
  EXPECT_THAT(file("log"), HasSubstr("already exists"));
  EXPECT_EQ(status(), "created") << "the first one stays";
}

// config.md: changes of config.json after create have no effect.
TEST_F(Lifecycle, IgnoresChangesOfTheConfigAfterCreate) {
  create(Bundle::shell("echo old > /tmp/which; sleep 100"));
  configure(Bundle::shell("echo new > /tmp/which"));
  good({"start", id_});
  for (int i = 0; i < 100 && !os::exists(bundle_.rootfs() + "/tmp/which"); ++i)
    ::usleep(10'000);
  EXPECT_EQ(file("rootfs/tmp/which"), "old\n");
}

TEST_F(Lifecycle, TellsAMissingProgramAtCreateAsCallersExpect) {
  oci::Spec spec = Bundle::shell("");
  spec.process.args = {"gerp"};
  create(spec);
  EXPECT_EQ(created_, 127);
  EXPECT_THAT(file("log"), HasSubstr("executable file not found: no such file or directory"));
  EXPECT_THAT(file("log"), HasSubstr("did you mean \\\"grep\\\"?"));
  EXPECT_THAT(file("log"), StartsWith("{\"level\":\"error\",\"msg\":"));
  spec.process.args = {"/etc/passwd"};
  create(spec);
  EXPECT_EQ(created_, 126);
  EXPECT_THAT(file("log"), HasSubstr("permission denied"));
  EXPECT_FALSE(os::exists(bundle_.path() + "/state/" + id_)) << "nothing is left";
}

TEST_F(Lifecycle, ReportsAnExecThatFailsOnlyAtStart) {
  bundle_.write("opt/script", "#!/no/such/interpreter\n", 0755);
  oci::Spec spec = Bundle::shell("");
  spec.process.args = {"/opt/script"};
  create(spec);
  ASSERT_EQ(created_, 0) << file("log");
  os::Captured started = oci({"start", id_});
  EXPECT_EQ(started.status.shell_code(), 127);
  EXPECT_THAT(started.err, HasSubstr("is a script for /no/such/interpreter"));
  EXPECT_TRUE(becomes("stopped"));
}

TEST_F(Lifecycle, ExecutesFurtherProgramsInside) {
  create(Bundle::shell("echo $$ > /tmp/first; sleep 100"));
  good({"start", id_});
  std::string out =
      good({"exec", "-e", "A=b", "--cwd", "/tmp", "--user", "33:34", "-g", "5", id_, "sh", "-c",
            "id -u; id -G; pwd; echo $A; hostname; echo $HOME; "
            "grep -E 'CapEff|CapInh' /proc/self/status; cat /proc/self/cgroup | tail -1;"
            "ls /proc/self/fd | wc -l; ps | grep -c sleep"});
  EXPECT_THAT(out, StartsWith("33\n34 5\n/tmp\nb\nsuit\n/var/www\n")) << out;
  EXPECT_THAT(out, HasSubstr("CapInh:\t0000000000000000\nCapEff:\t0000000000000000\n0::/\n"));
  EXPECT_EQ(oci({"exec", id_, "sh", "-c", "exit 5"}).status.shell_code(), 5);
  EXPECT_EQ(oci({"exec", id_, "sh", "-c", "kill -9 $$"}).status.shell_code(), 137);
  EXPECT_EQ(oci({"exec", id_, "nosuch"}).status.shell_code(), 127);
  EXPECT_THAT(oci({"exec", "--user", "4294967295", id_, "id"}).err, HasSubstr("is not an id"));
  EXPECT_THAT(oci({"exec", "--cwd", "/proc/self/fd/4", id_, "pwd"}).status.shell_code(),
              testing::Ne(0));
  EXPECT_EQ(status(), "running") << "a failed exec harms nobody";
}

TEST_F(Lifecycle, ExecutesAProcessOfAFileDetached) {
  create(Bundle::shell("sleep 100"));
  good({"start", id_});
  ASSERT_TRUE(os::replace_file(
      bundle_.path() + "/process.json",
      R"({"cwd":"/","args":["sh","-c","echo $A > /tmp/said"],"env":["PATH=/bin","A=file"]})"));
  good({"exec", "--process", bundle_.path() + "/process.json", "--detach", "--pid-file",
        bundle_.path() + "/exec.pid", id_});
  for (int i = 0; i < 100 && file("rootfs/tmp/said") != "file\n"; ++i)
    ::usleep(20'000);
  EXPECT_EQ(file("rootfs/tmp/said"), "file\n");
  EXPECT_GT(std::stoi(file("exec.pid")), 0);
}

TEST_F(Lifecycle, ListsContainersAndTheirProcesses) {
  create(Bundle::shell("sleep 100 & sleep 100"));
  good({"start", id_});
  EXPECT_EQ(good({"list", "-q"}), id_ + "\n");
  EXPECT_THAT(good({"list"}), HasSubstr("running"));
  auto list = oci::parse_json(good({"list", "-f", "json"}));
  ASSERT_TRUE(list && list->as_array()->size() == 1);
  EXPECT_EQ((*list->as_array())[0].string_or("rootfs"), bundle_.rootfs());
  auto pids = oci::parse_json(good({"ps", "-f", "json", id_}));
  ASSERT_TRUE(pids);
  EXPECT_GE(pids->as_array()->size(), 2U);
  EXPECT_THAT(good({"ps", id_}), HasSubstr("sleep 100"));
  good({"kill", "--all", id_, "KILL"});
  EXPECT_TRUE(becomes("stopped"));
}

TEST_F(Lifecycle, DetachesARun) {
  configure(Bundle::shell("echo up > /tmp/up; sleep 100"));
  os::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  os::SpawnOptions options;
  options.stdin_ = options.stdout_ = options.stderr_ = null;
  auto child = os::Child::spawn(
      {kSuitOci, "--root", bundle_.path() + "/state", "run", "-d", "-b", bundle_.path(), id_},
      options);
  ASSERT_TRUE(child);
  EXPECT_EQ(child->wait()->shell_code(), 0);
  EXPECT_EQ(status(), "running");
}

TEST_F(Lifecycle, KeepsAStoppedRunWhenAsked) {
  configure(Bundle::shell("exit 3"));
  EXPECT_EQ(oci({"run", "--keep", "-b", bundle_.path(), id_}).status.shell_code(), 3);
  EXPECT_EQ(status(), "stopped");
  good({"delete", "--regex", "^" + id_ + "$"});
  EXPECT_EQ(good({"list", "-q"}), "");
}

TEST_F(Lifecycle, HandsTheTerminalOverTheConsoleSocket) {
  std::string path = bundle_.path() + "/console.sock";
  os::Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener.raw(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.raw(), 1), 0);
  oci::Spec spec =
      Bundle::shell("tty; stty size; test -c /dev/console && echo console; read x; echo got $x");
  spec.process.terminal = true;
  spec.process.console_size = oci::ConsoleSize{24, 91};
  configure(spec);
  good({"create", "-b", bundle_.path(), "--console-socket", path, id_});
  os::Fd connection(::accept4(listener.raw(), nullptr, nullptr, SOCK_CLOEXEC));
  auto terminal = runtime::receive_terminal(connection);
  ASSERT_TRUE(terminal) << terminal.error().message();
  good({"start", id_});
  ASSERT_EQ(::write(terminal->raw(), "word\n", 5), 5);
  std::string said;
  std::array<char, 512> buffer;
  for (ssize_t size = 1; size > 0 && said.find("got word") == std::string::npos;) {
    size = ::read(terminal->raw(), buffer.data(), buffer.size());
    if (size > 0) said.append(buffer.data(), static_cast<std::size_t>(size));
  }
  for (const char* line : {"/dev/pts/0\r\n", "24 91\r\n", "console\r\n"})
    EXPECT_THAT(said, HasSubstr(line));
  EXPECT_THAT(said, HasSubstr("got word"));
}

TEST_F(Lifecycle, RefusesATerminalThatNobodyHolds) {
  oci::Spec spec = Bundle::shell("true");
  spec.process.terminal = true;
  create(spec);
  EXPECT_NE(created_, 0);
  EXPECT_THAT(file("log"), HasSubstr("a terminal needs somebody who holds its other end"));
}

oci::Hook note(const std::string& file, const std::string& script) {
  return {"/bin/sh", {"sh", "-c", "{ " + script + "; } >> " + file}, {"PATH=/usr/bin:/bin"}};
}

TEST_F(Lifecycle, RunsHooksOfAllKindsInTheirNamespaces) {
  std::string log = bundle_.path() + "/hooks";
  oci::Spec spec = Bundle::shell("sleep 100");
  spec.hooks.prestart = {note(log, "hostname")};
  spec.hooks.create_runtime = {note(log, "grep -o '\"status\":\"[a-z]*\"'")};
  spec.hooks.create_container = {note(log, "hostname")};
  spec.hooks.start_container = {note("/tmp/inside", "hostname; pwd; id -u")};
  spec.hooks.poststart = {note(log, "grep -o '\"status\":\"[a-z]*\"'")};
  spec.hooks.poststop = {note(log, "grep -o '\"status\":\"[a-z]*\"'"), note(log, "exit 1"),
                         note(log, "echo last")};
  create(spec);
  ASSERT_EQ(created_, 0) << file("log");
  std::string host = file("hooks");
  EXPECT_THAT(host, HasSubstr("\n\"status\":\"creating\"\nsuit\n"));
  EXPECT_THAT(host, testing::Not(StartsWith("suit\n"))) << "prestart runs in the host's namespaces";
  EXPECT_FALSE(os::exists(bundle_.rootfs() + "/tmp/inside"));
  good({"start", id_});
  EXPECT_EQ(file("rootfs/tmp/inside"), "suit\n/\n0\n");
  EXPECT_THAT(file("hooks"), HasSubstr("\"status\":\"running\"\n"));
  good({"delete", "--force", id_});
  EXPECT_TRUE(file("hooks").ends_with("\"status\":\"stopped\"\nlast\n")) << file("hooks");
}

TEST_F(Lifecycle, LeavesNothingWhenAHookFails) {
  for (auto kind : {&oci::Hooks::prestart, &oci::Hooks::create_container}) {
    oci::Spec spec = Bundle::shell("sleep 100");
    spec.hooks.*kind = {{"/bin/sh", {"sh", "-c", "echo bad luck >&2; exit 3"}}};
    create(spec);
    EXPECT_NE(created_, 0);
    EXPECT_THAT(file("log"), HasSubstr("bad luck"));
    EXPECT_FALSE(os::exists(bundle_.path() + "/state/" + id_));
  }
  oci::Spec slow = Bundle::shell("sleep 100");
  slow.hooks.create_container = {{"/bin/sleep", {"sleep", "20"}, {}, 1}};
  create(slow);
  EXPECT_NE(created_, 0);
  EXPECT_THAT(file("log"), HasSubstr("timed out"));
}

TEST_F(Lifecycle, StopsTheContainerWhenAStartHookFails) {
  oci::Spec spec = Bundle::shell("sleep 100");
  spec.hooks.poststart = {{"/bin/false"}};
  create(spec);
  EXPECT_THAT(oci({"start", id_}).err, HasSubstr("/hooks/poststart/0"));
  EXPECT_TRUE(becomes("stopped"));
}

}  // namespace
}  // namespace suit::test
