// The planner without root: golden plans, refusals, and single decisions.

#include "runtime/plan.h"

#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "oci/json.h"
#include "oci/spec.h"
#include "os/file.h"
#include "runtime/explain.h"
#include "runtime/runtime.h"

namespace suit::runtime {
namespace {

using testing::HasSubstr;
using testing::Not;

oci::Spec spec_of(const std::vector<std::string>& args = {"/bin/true"}) {
  oci::Spec spec = oci::default_spec();
  spec.process.args = args;
  spec.process.env = {"PATH=/bin"};
  return spec;
}

std::string dump(const oci::Spec& spec, const HostFacts& facts = {},
                 const PlanOptions& options = {}) {
  auto plan = plan_launch(spec, facts, "test", options);
  EXPECT_TRUE(plan) << plan.error().message();
  return plan ? dump_plan(*plan) : "";
}

std::string refusal(const oci::Spec& spec, const std::string& id = "test") {
  auto plan = plan_launch(spec, HostFacts{}, id);
  EXPECT_FALSE(plan);
  return plan ? "" : plan.error().message();
}

HostFacts facts_of(const oci::Json& json) {
  HostFacts facts;
  facts.cgroup2_dir = json.string_or("cgroup2_dir");
  if (const oci::Json* value = json.find("in_user_namespace"))
    facts.in_user_namespace = *value->as_bool();
  if (const oci::Json* value = json.find("setgroups_denied"))
    facts.setgroups_denied = *value->as_bool();
  if (const oci::Json* value = json.find("root_is_mount")) facts.root_is_mount = *value->as_bool();
  if (const oci::Json* value = json.find("mapped_gids"))
    facts.mapped_gids = static_cast<std::uint32_t>(*value->as_uint());
  if (const oci::Json* value = json.find("ignored_signals"))
    facts.ignored_signals = *value->as_uint();
  if (const oci::Json* value = json.find("nofile_hard")) facts.rlimits_hard[7] = *value->as_uint();
  return facts;
}

// A folder each: spec.json, facts.json, plan.txt. SUIT_REGENERATE=1 writes plan.txt: read the diff.
TEST(Plan, EqualsTheGoldenFolders) {
  std::string root = SUIT_SOURCE_DIR "/tests/runtime/golden";
  auto names = os::list_dir(root);
  ASSERT_TRUE(names);
  for (const std::string& name : *names) {
    SCOPED_TRACE(name);
    auto spec_text = os::read_file(root + "/" + name + "/spec.json");
    auto facts_text = os::read_file(root + "/" + name + "/facts.json");
    ASSERT_TRUE(spec_text && facts_text);
    auto spec = oci::parse_spec(*spec_text);
    ASSERT_TRUE(spec) << spec.error().message();
    auto facts = oci::parse_json(*facts_text);
    ASSERT_TRUE(facts) << facts.error().message();
    PlanOptions options;
    options.waits_for_start = options.new_keyring = facts->find("waits_for_start") != nullptr;
    std::string plan = dump(*spec, facts_of(*facts), options);
    if (std::getenv("SUIT_REGENERATE")) {
      ASSERT_TRUE(os::replace_file(root + "/" + name + "/plan.txt", plan, 0644));
    }
    auto golden = os::read_file(root + "/" + name + "/plan.txt");
    ASSERT_TRUE(golden) << "run once with SUIT_REGENERATE=1";
    EXPECT_EQ(plan, *golden);
  }
  EXPECT_GE(names->size(), 7U);
}

TEST(Plan, IsTheSameForTheSameInput) { EXPECT_EQ(dump(spec_of()), dump(spec_of())); }

TEST(Plan, RefusesIdsThatAreNoNames) {
  for (const char* id : {"", "../x", "a/b", "-rf", ".x", "a b"})
    EXPECT_THAT(refusal(spec_of(), id), HasSubstr("is not a container id")) << id;
  EXPECT_THAT(refusal(spec_of(), std::string(300, 'a')), HasSubstr("is not a container id"));
  EXPECT_THAT(refusal(spec_of(), std::string("a\0b", 3)), HasSubstr("is not a container id"));
}

TEST(Plan, RefusesMapsThatMeanNothing) {
  oci::Spec spec = spec_of();
  spec.linux_.namespaces.push_back({"user", ""});
  EXPECT_THAT(refusal(spec), HasSubstr("a user namespace needs uidMappings and gidMappings"));
  spec = spec_of();
  spec.linux_.uid_mappings = {{0, 1000, 1}};
  EXPECT_THAT(refusal(spec), HasSubstr("id mappings without a user namespace"));
  spec = spec_of();
  spec.linux_.time_offsets["monotonic"] = {1, 0};
  EXPECT_THAT(refusal(spec), HasSubstr("offsets without a new time namespace"));
  spec = spec_of();
  spec.linux_.namespaces.push_back({"user", "/proc/1/ns/user"});
  EXPECT_THAT(refusal(spec), HasSubstr("a new pid namespace cannot belong to a user namespace"));
}

TEST(Plan, RefusesMountsOnTheRootAndInsideProc) {
  for (const char* destination : {"/", "/proc/self", "/foo/../proc/1/ns", "//proc//sys"}) {
    oci::Spec spec = spec_of();
    spec.mounts.push_back({destination, "tmpfs", "tmpfs", {}});
    EXPECT_THAT(refusal(spec),
                testing::AnyOf(HasSubstr("is the root"), HasSubstr("is inside /proc")))
        << destination;
  }
  oci::Spec spec = spec_of();
  spec.mounts.push_back({"/proc/uptime", "bind", "/srv/uptime", {"bind", "ro"}});
  EXPECT_THAT(dump(spec), HasSubstr("\"/srv/uptime\""));
}

TEST(Plan, RefusesTextsWithNul) {
  oci::Spec spec = spec_of({std::string("/bin/tr\0ue", 10)});
  EXPECT_THAT(refusal(spec), HasSubstr("NUL"));
  spec = spec_of();
  spec.mounts.push_back({std::string("/a\0b", 4), "tmpfs", "tmpfs", {}});
  EXPECT_THAT(refusal(spec), HasSubstr("NUL"));
}

TEST(Plan, SuggestsNamesThatAreNear) {
  oci::Spec spec = spec_of();
  spec.process.capabilities.bounding = {"CAP_CHWON"};
  EXPECT_THAT(refusal(spec), HasSubstr("did you mean \"CAP_CHOWN\"?"));
  spec = spec_of();
  spec.process.rlimits = {{"RLIMIT_NOFILES", 1, 1}};
  EXPECT_THAT(refusal(spec), HasSubstr("did you mean \"RLIMIT_NOFILE\"?"));
}

TEST(Plan, BoundsMountsAndDepth) {
  oci::Spec spec = spec_of();
  for (int i = 0; i < 100'000; ++i)
    spec.mounts.push_back({"/m", "tmpfs", "tmpfs", {}});
  EXPECT_THAT(refusal(spec), HasSubstr("more than 200"));
  spec = spec_of();
  std::string deep;
  for (int i = 0; i < 1000; ++i)
    deep += "/d";
  spec.mounts.push_back({deep, "tmpfs", "tmpfs", {}});
  EXPECT_THAT(refusal(spec), HasSubstr("more than 64 components"));
}

TEST(Plan, LowersLimitsThatTheHostDoesNotAllow) {
  oci::Spec spec = spec_of();
  spec.process.rlimits = {{"RLIMIT_NOFILE", 1048576, 1048576}};
  HostFacts facts;
  facts.rlimits_hard[7] = 20000;
  std::string plan = dump(spec, facts);
  EXPECT_THAT(plan, HasSubstr("{rlim_cur=20000, rlim_max=20000}"));
  EXPECT_THAT(
      plan,
      HasSubstr("warning: /process/rlimits/0: RLIMIT_NOFILE is lowered from 1048576 to 20000"));
}

// What a spec limits must not be dropped in silence.
TEST(Plan, RefusesLimitsThatTheHostCannotEnforce) {
  oci::Spec spec = spec_of();
  spec.linux_.resources.pids_limit = 5;
  EXPECT_THAT(refusal(spec), HasSubstr("/linux/resources/pids/limit: this host cannot"));
}

TEST(Plan, UsesTheHostNetworkWhenNoneIsAskedFor) {
  oci::Spec spec = spec_of();
  std::erase_if(spec.linux_.namespaces,
                [](const oci::Namespace& ns) { return ns.type == "network"; });
  std::string plan = dump(spec);
  EXPECT_THAT(plan, Not(HasSubstr("CLONE_NEWNET")));
  EXPECT_THAT(plan, Not(HasSubstr("net.loopback")));
  HostFacts facts;
  facts.in_user_namespace = true;
  EXPECT_THAT(
      dump(spec, facts),
      HasSubstr("open_tree(AT_FDCWD, \"/sys\", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE)"));
}

TEST(Plan, RefusesSysctlsOfTheHost) {
  oci::Spec spec = spec_of();
  spec.linux_.sysctl = {{"kernel.core_pattern", "|/tmp/x"}};
  EXPECT_THAT(refusal(spec), HasSubstr("not the container's to set"));
  spec.linux_.sysctl = {{"net.ipv4.ip_forward", "1"}};
  EXPECT_THAT(dump(spec), HasSubstr("\"/proc/sys/net/ipv4/ip_forward\""));
  std::erase_if(spec.linux_.namespaces,
                [](const oci::Namespace& ns) { return ns.type == "network"; });
  EXPECT_THAT(refusal(spec), HasSubstr("would change the host"));
}

TEST(Plan, RefusesTheIdThatMeansNoChange) {
  oci::Spec spec = spec_of();
  spec.process.user.uid = 4294967295;
  EXPECT_THAT(refusal(spec), HasSubstr("4294967295 is not a user or group id"));
  spec.process.user.uid = 1000;
  spec.process.user.gid = 4294967295;
  EXPECT_THAT(refusal(spec), HasSubstr("4294967295 is not a user or group id"));
}

TEST(Plan, DropsOnlyCapabilitiesThatAreThere) {
  oci::Spec spec = spec_of();
  HostFacts facts;
  facts.bounding = 0b101;  // CAP_CHOWN, CAP_DAC_READ_SEARCH
  std::string plan = dump(spec, facts);
  EXPECT_THAT(plan, HasSubstr("prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH)"));
  EXPECT_THAT(plan, Not(HasSubstr("prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN)")));
  EXPECT_THAT(plan, HasSubstr("CAP_KILL is not ours to give"));
}

TEST(Plan, KeepsTheLastOfSeveralValuesOfAVariable) {
  oci::Spec spec = spec_of();
  spec.process.env = {"A=1", "PATH=/x", "A=2", "PATH=/bin"};
  auto plan = plan_launch(spec, HostFacts{}, "test");
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->envc, 2U);
}

TEST(Explain, NamesReasonAndCallOfEveryStep) {
  auto plan = plan_launch(spec_of(), HostFacts{}, "test");
  ASSERT_TRUE(plan);
  std::string text = explain_text(*plan);
  EXPECT_THAT(text, HasSubstr("pivot_root(\".\", \".\")"));
  EXPECT_THAT(text, HasSubstr("after this no path leads to the host's files"));
  oci::Json json = explain_json(*plan);
  const auto* ops = json.find("container")->as_array();
  ASSERT_NE(ops, nullptr);
  EXPECT_EQ(ops->size(), plan->container.size());
  for (const oci::Json& op : *ops) {
    EXPECT_FALSE(op.string_or("why").empty());
    EXPECT_FALSE(op.string_or("without").empty());
    EXPECT_THAT(op.string_or("text"), HasSubstr(op.string_or("call") + "("));
  }
}

}  // namespace
}  // namespace suit::runtime
