// Limits on the host that the tests run on: they hold, they change, they are counted.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bundle.h"
#include "oci/json.h"
#include "runtime/cgroup.h"
#include "runtime/plan.h"
#include "runtime/state.h"

namespace suit::test {
namespace {

using testing::HasSubstr;

constexpr const char* kOciProgram = SUIT_BINARY_DIR "/bin/suit-oci";

class LimitsOnHost : public testing::Test {
 protected:
  void SetUp() override {
    SUIT_NEEDS_KERNEL();
    facts_ = *runtime::probe_host();
    auto asked = runtime::plan_limits(memory_and_pids(), facts_);
    if (!asked) GTEST_SKIP() << "needs memory and pids controllers: " << asked.error().message();
  }
  void TearDown() override {
    if (!IsSkipped()) oci({"delete", "--force", id_});
  }

  static oci::Resources memory_and_pids() {
    oci::Resources wanted;
    wanted.memory.limit = 64 << 20;
    wanted.pids_limit = 20;
    return wanted;
  }

  os::Captured oci(std::vector<std::string> words, const std::string& input = "") {
    words.insert(words.begin(), {kOciProgram, "--root", bundle_.path() + "/state"});
    os::SpawnOptions options;
    options.env = {"PATH=/usr/bin:/bin"};
    auto ran = os::run_and_capture(words, input, options,
                                   {.output_bytes = 1U << 20, .time = std::chrono::seconds(20)});
    EXPECT_TRUE(ran) << ran.error().message();
    return ran ? *ran : os::Captured{};
  }
  std::string good(const std::vector<std::string>& words, const std::string& input = "") {
    os::Captured ran = oci(words, input);
    EXPECT_EQ(ran.status.shell_code(), 0) << testing::PrintToString(words) << ran.err;
    return ran.out;
  }
  // A detached container that sleeps. Our pipes are not its own: it would keep them open.
  void start(const oci::Resources& resources) {
    oci::Spec spec = Bundle::shell("exec sleep 100");
    spec.linux_.resources = resources;
    ASSERT_TRUE(os::replace_file(bundle_.path() + "/config.json", oci::to_json(spec), 0644));
    os::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    os::SpawnOptions options;
    options.stdin_ = options.stdout_ = options.stderr_ = null;
    auto child = os::Child::spawn(
        {kOciProgram, "--root", bundle_.path() + "/state", "run", "-d", "-b", bundle_.path(), id_},
        options);
    ASSERT_TRUE(child);
    ASSERT_EQ(child->wait()->shell_code(), 0);
    auto state = runtime::StateStore(bundle_.path() + "/state").load(id_);
    ASSERT_TRUE(state) << state.error().message();
    dirs_ = runtime::cgroups_of(*state);
  }
  // The first of the files that is there, wherever the controller is.
  std::string knob(const std::string& v1, const std::string& v2) const {
    std::vector<std::string> paths = {dirs_.v2 + "/" + v2};
    auto state = runtime::StateStore(bundle_.path() + "/state").load(id_);
    if (state)
      for (const std::string& dir : state->cgroup1_dirs)
        paths.push_back(dir + "/" + v1);
    for (const std::string& path : paths)
      if (auto text = os::read_file(path)) return text->substr(0, text->find('\n'));
    return "no such file";
  }
  std::string status() {
    auto json = oci::parse_json(good({"state", id_}));
    return json ? json->string_or("status") : "";
  }

  Bundle bundle_;
  runtime::HostFacts facts_;
  runtime::CgroupDirs dirs_;
  std::string id_ = unique_id("limits");
};

TEST_F(LimitsOnHost, AreThereBeforeTheProgramIs) {
  oci::Spec spec = Bundle::shell("sleep 0 & sleep 0 & wait; echo alive");
  spec.linux_.resources = memory_and_pids();
  spec.linux_.resources.pids_limit = 1;
  Outcome outcome = bundle_.run(spec);
  ASSERT_TRUE(outcome.started) << outcome.error.message();
  EXPECT_THAT(outcome.err, HasSubstr("fork")) << outcome.out;
}

TEST_F(LimitsOnHost, OfAFewPagesAreEnoughForTheHelper) {
  oci::Spec spec = Bundle::shell("");
  spec.process.args = {"true"};
  spec.linux_.resources.memory.limit = 512 << 10;
  Outcome outcome = bundle_.run(spec);
  EXPECT_TRUE(outcome.started) << outcome.error.message();
  EXPECT_EQ(outcome.code, 0);
}

TEST_F(LimitsOnHost, EndInADeathThatIsToldAsSuch) {
  oci::Spec spec = Bundle::shell("x=a; while :; do x=$x$x; done");
  spec.linux_.resources.memory.limit = 16 << 20;
  spec.linux_.resources.memory.swap = 16 << 20;
  auto plan = runtime::plan_launch(spec, facts_, id_);
  ASSERT_TRUE(plan) << plan.error().message();
  auto rootfs = runtime::clone_tree(bundle_.rootfs());
  os::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  auto container = runtime::launch(*plan, {*rootfs, null, null, null});
  ASSERT_TRUE(container) << container.error().message();
  auto ended = container->wait();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->signal, SIGKILL);
  EXPECT_TRUE(ended->oom_killed);
  for (const runtime::Cgroup1Dir& dir : plan->cgroup1_dirs)
    EXPECT_FALSE(os::exists(dir.path)) << dir.path;
}

TEST_F(LimitsOnHost, ChangeWhileItRunsInAnyOrder) {
  start(memory_and_pids());
  EXPECT_EQ(knob("memory.limit_in_bytes", "memory.max"), "67108864");
  // Up and down: memory and swap depend on each other.
  for (const char* size : {"128M", "16M", "1G", "32M"}) {
    good({"update", "--memory", size, "--memory-swap", size, id_});
    EXPECT_EQ(std::stoull(knob("memory.limit_in_bytes", "memory.max")) >> 20,
              std::string(size) == "1G" ? 1024 : std::stoul(size));
  }
  good({"update", "-r", "-", id_}, R"({"pids": {"limit": 7}, "cpu": {"shares": 2048}})");
  EXPECT_EQ(knob("pids.max", "pids.max"), "7");
  EXPECT_EQ(knob("cpu.shares", "cpu.weight"), facts_.cgroup1.empty() ? "170" : "2048")
      << "a hierarchy that it was not in";
  EXPECT_THAT(good({"ps", "-f", "json", id_}), testing::MatchesRegex("\\[[0-9]+\\]\n"));
  EXPECT_THAT(oci({"update", "--memory", "x", id_}).err, HasSubstr("is no amount of memory"));
  os::Captured low =
      oci({"update", "-r", "-", id_}, R"({"memory": {"limit": 4096, "checkBeforeUpdate": true}})");
  EXPECT_THAT(low.err, HasSubstr("/linux/resources/memory/limit: a limit of 4096 bytes is below"));
}

TEST_F(LimitsOnHost, StandStillAndGoOn) {
  start({});
  for (int twice = 0; twice < 2; ++twice)
    good({"pause", id_});
  EXPECT_EQ(status(), "paused");
  EXPECT_THAT(oci({"exec", id_, "true"}).err, HasSubstr("it is paused"));
  EXPECT_THAT(good({"list"}), HasSubstr("paused"));
  for (int twice = 0; twice < 2; ++twice)
    good({"resume", id_});
  EXPECT_EQ(status(), "running");
  good({"pause", id_});
  good({"kill", id_, "KILL"});
  for (int i = 0; i < 200 && status() != "stopped"; ++i)
    ::usleep(10'000);
  EXPECT_EQ(status(), "stopped") << "who is frozen dies, too";
  EXPECT_THAT(oci({"pause", id_}).err, HasSubstr("container not running"));
  good({"delete", id_});
  EXPECT_FALSE(os::exists(dirs_.v2));
}

TEST_F(LimitsOnHost, EndWithAPausedContainer) {
  start(memory_and_pids());
  good({"pause", id_});
  good({"delete", "--force", id_});
  EXPECT_FALSE(os::exists(dirs_.v2));
  for (const std::string& dir : dirs_.v1)
    EXPECT_FALSE(os::exists(dir)) << dir;
}

TEST_F(LimitsOnHost, AreCountedAsRuncCounts) {
  start(memory_and_pids());
  auto event = oci::parse_json(good({"events", "--stats", id_}));
  ASSERT_TRUE(event) << event.error().message();
  EXPECT_EQ(event->string_or("type"), "stats");
  EXPECT_EQ(event->string_or("id"), id_);
  const oci::Json* data = event->find("data");
  ASSERT_TRUE(data);
  EXPECT_EQ(data->find("memory")->find("usage")->find("limit")->as_uint(), 64U << 20);
  EXPECT_GT(data->find("memory")->find("usage")->find("usage")->as_uint().value_or(0), 0U);
  EXPECT_EQ(data->find("pids")->find("limit")->as_uint(), 20U);
  EXPECT_EQ(data->find("pids")->find("current")->as_uint(), 1U);
  EXPECT_GT(data->find("cpu")->find("usage")->find("total")->as_uint().value_or(0), 0U);
  EXPECT_THAT(oci({"events", "--interval", "often", id_}).err, HasSubstr("is no duration"));
}

// The program of version 2 guards a hybrid host's tree as well: as if version 1 had no rules.
TEST_F(LimitsOnHost, OfDevicesHoldByAProgram) {
  if (facts_.cgroup2_dir.empty()) GTEST_SKIP() << "needs cgroup v2";
  runtime::HostFacts facts = facts_;
  std::erase_if(facts.cgroup1, [](const runtime::CgroupHierarchy& one) {
    return one.controllers.front() == "devices";
  });
  oci::Spec spec = Bundle::shell(
      "head -c 3 /dev/zero | wc -c; mknod /dev/disk b 7 0 && cat /dev/disk; "
      "mknod /dev/mem2 c 1 1 && cat /dev/mem2; echo done");
  Outcome outcome = bundle_.run(spec, facts);
  ASSERT_TRUE(outcome.started) << outcome.error.message();
  EXPECT_EQ(outcome.out, "3\ndone\n");
  EXPECT_THAT(outcome.err, HasSubstr("/dev/disk': Operation not permitted"));
  EXPECT_THAT(outcome.err, HasSubstr("/dev/mem2': Operation not permitted"));
  // fuse: no capability is asked for, and a host without it says something else than EPERM.
  spec = Bundle::shell("mknod /dev/own c 10 229; (: </dev/own) 2>&1 | grep -c 'not permitted'");
  EXPECT_EQ(bundle_.run(spec, facts).out, "1\n");
  spec.linux_.resources.devices = {{true, 'c', 10, 229, "rwm"}};
  EXPECT_EQ(bundle_.run(spec, facts).out, "0\n");
}

}  // namespace
}  // namespace suit::test
