// What limits mean on hosts of each kind: pure, so that every kind is tested on any machine.

#include "runtime/cgroup.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/facts_internal.h"
#include "runtime/plan.h"

namespace suit::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

HostFacts v1_host() {
  HostFacts facts;
  for (const char* name : {"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio",
                           "pids", "hugetlb", "net_cls", "net_prio", "rdma"})
    facts.cgroup1.push_back({{name}, fmt::format("/sys/fs/cgroup/{}", name)});
  return facts;
}

HostFacts v2_host() {
  HostFacts facts;
  facts.cgroup2_dir = "/sys/fs/cgroup";
  facts.cgroup2_controllers = {"cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma"};
  return facts;
}

// Lifecycle and huge pages by version 2, all else by version 1.
HostFacts hybrid_host() {
  HostFacts facts = v1_host();
  std::erase_if(facts.cgroup1, [](const auto& one) { return one.controllers[0] == "hugetlb"; });
  facts.cgroup2_dir = "/sys/fs/cgroup/unified";
  facts.cgroup2_controllers = {"hugetlb"};
  return facts;
}

oci::Resources resources(std::string_view json) {
  auto parsed = oci::parse_resources(json);
  EXPECT_TRUE(parsed) << parsed.error().message();
  return parsed ? *parsed : oci::Resources{};
}

// `memory.max=64` lines, in order.
std::vector<std::string> writes(std::string_view json, const HostFacts& facts) {
  auto plan = plan_limits(resources(json), facts);
  EXPECT_TRUE(plan) << plan.error().message();
  std::vector<std::string> out;
  if (plan)
    for (const CgroupWrite& write : plan->writes)
      out.push_back(fmt::format("{}={}", write.file, write.text));
  return out;
}

std::vector<std::string> warnings(std::string_view json, const HostFacts& facts) {
  auto plan = plan_limits(resources(json), facts);
  EXPECT_TRUE(plan) << plan.error().message();
  return plan ? plan->warnings : std::vector<std::string>{};
}

std::string refusal(std::string_view json, const HostFacts& facts) {
  auto plan = plan_limits(resources(json), facts);
  EXPECT_FALSE(plan) << json;
  return plan ? "" : plan.error().message() + " / " + plan.error().hint();
}

TEST(Limits, OfMemoryAreFilesOfEachVersion) {
  constexpr std::string_view kWanted =
      R"({"memory":{"limit":64,"reservation":32,"swap":100,"kernelTCP":9,"swappiness":10,
          "disableOOMKiller":true}})";
  EXPECT_THAT(writes(kWanted, v1_host()),
              ElementsAre("memory.limit_in_bytes=64", "memory.memsw.limit_in_bytes=100",
                          "memory.soft_limit_in_bytes=32", "memory.kmem.tcp.limit_in_bytes=9",
                          "memory.oom_control=1", "memory.swappiness=10"));
  EXPECT_THAT(writes(kWanted, v2_host()),
              ElementsAre("memory.max=64", "memory.swap.max=36", "memory.low=32"));
  EXPECT_THAT(warnings(kWanted, v2_host()),
              ElementsAre(HasSubstr("/linux/resources/memory/kernelTCP: not enforced"),
                          HasSubstr("/linux/resources/memory/swappiness: not enforced"),
                          HasSubstr("/linux/resources/memory/disableOOMKiller: not enforced")));
}

TEST(Limits, OfMinusOneAreNone) {
  constexpr std::string_view kWanted = R"({"memory":{"limit":-1}})";
  EXPECT_THAT(writes(kWanted, v1_host()),
              ElementsAre("memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=-1"));
  EXPECT_THAT(writes(kWanted, v2_host()), ElementsAre("memory.max=max", "memory.swap.max=max"));
  EXPECT_THAT(writes(R"({"memory":{"limit":64,"swap":-1}})", v2_host()),
              ElementsAre("memory.max=64", "memory.swap.max=max"));
  EXPECT_THAT(writes(R"({"pids":{"limit":-1}})", v2_host()), ElementsAre("pids.max=max"));
  EXPECT_THAT(writes(R"({"cpu":{"quota":-1,"period":100000}})", v2_host()),
              ElementsAre("cpu.max=max 100000"));
}

TEST(Limits, OfZeroWereNeverSet) {
  constexpr std::string_view kGo =
      R"({"memory":{"limit":0,"swap":0},"cpu":{"shares":0,"quota":0,"period":0},
          "blockIO":{"weight":0}})";
  for (const HostFacts& facts : {v1_host(), v2_host(), HostFacts{}})
    EXPECT_THAT(writes(kGo, facts), IsEmpty());
}

TEST(Limits, OfSwapCountMemoryToo) {
  EXPECT_THAT(refusal(R"({"memory":{"limit":64,"swap":63}})", v2_host()),
              HasSubstr("/linux/resources/memory/swap: 63 is less than the limit of memory, 64"));
  EXPECT_THAT(refusal(R"({"memory":{"swap":63}})", v1_host()),
              HasSubstr("/linux/resources/memory/swap: memory and swap are limited without"));
}

TEST(Limits, OfProcessorsAreSharesOrWeights) {
  constexpr std::string_view kWanted =
      R"({"cpu":{"shares":1024,"quota":20000,"period":50000,"burst":10,"realtimeRuntime":5,
          "realtimePeriod":6,"idle":1,"cpus":"0-1","mems":"0"}})";
  EXPECT_THAT(writes(kWanted, v1_host()),
              ElementsAre("cpu.shares=1024", "cpu.cfs_period_us=50000", "cpu.cfs_quota_us=20000",
                          "cpu.cfs_burst_us=10", "cpu.rt_period_us=6", "cpu.rt_runtime_us=5",
                          "cpu.idle=1", "cpuset.cpus=0-1", "cpuset.mems=0"));
  EXPECT_THAT(writes(kWanted, v2_host()),
              ElementsAre("cpu.weight=100", "cpu.max=20000 50000", "cpu.max.burst=10", "cpu.idle=1",
                          "cpuset.cpus=0-1", "cpuset.mems=0"));
  EXPECT_THAT(warnings(kWanted, v2_host()),
              ElementsAre(HasSubstr("/linux/resources/cpu/realtimePeriod"),
                          HasSubstr("/linux/resources/cpu/realtimeRuntime")));
}

TEST(Limits, WeightsFollowTheCurveOfRunc) {
  const std::map<std::uint64_t, std::uint64_t> curve = {
      {0, 1}, {2, 1}, {1024, 100}, {262144, 10000}, {1 << 20, 10000}};
  for (auto [shares, weight] : curve)
    EXPECT_EQ(weight_of_shares(shares), weight) << shares;
  std::uint64_t before = 0;
  for (std::uint64_t shares = 2; shares <= 262144; shares *= 2) {
    EXPECT_GE(weight_of_shares(shares), before) << "it never falls";
    before = weight_of_shares(shares);
  }
}

TEST(Limits, OfBlockDevicesHaveTheNamesOfTheirScheduler) {
  constexpr std::string_view kWanted =
      R"({"blockIO":{"weight":500,"weightDevice":[{"major":8,"minor":0,"weight":20}],
          "throttleReadBpsDevice":[{"major":8,"minor":16,"rate":1000}],
          "throttleWriteIOPSDevice":[{"major":8,"minor":16,"rate":0}]}})";
  EXPECT_THAT(writes(kWanted, v1_host()),
              ElementsAre("blkio.bfq.weight=500", "blkio.bfq.weight_device=8:0 20",
                          "blkio.throttle.read_bps_device=8:16 1000",
                          "blkio.throttle.write_iops_device=8:16 0"));
  EXPECT_THAT(writes(kWanted, v2_host()),
              ElementsAre("io.bfq.weight=500", "io.bfq.weight=8:0 20", "io.max=8:16 rbps=1000",
                          "io.max=8:16 wiops=max"));
  auto plan = plan_limits(resources(kWanted), v2_host());
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->writes[0].other_file, "io.weight");
  EXPECT_EQ(plan->writes[0].other_text, "4950");
  EXPECT_EQ(plan->writes[2].pointer, "/linux/resources/blockIO/throttleReadBpsDevice/0");
  oci::Resources light;
  light.block_io.weight = 5;
  auto refused = plan_limits(light, v1_host());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("5 is not 10 to 1000"));
}

TEST(Limits, OfAHybridHostGoWhereTheControllerIs) {
  constexpr std::string_view kWanted =
      R"({"memory":{"limit":64},"hugepageLimits":[{"pageSize":"2MB","limit":4}],
          "unified":{"hugetlb.2MB.rsvd.max":"8"}})";
  auto plan = plan_limits(resources(kWanted), hybrid_host());
  ASSERT_TRUE(plan) << plan.error().message();
  ASSERT_EQ(plan->writes.size(), 4U);
  EXPECT_TRUE(plan->writes[0].is_v1);
  EXPECT_EQ(plan->writes[1].file, "hugetlb.2MB.max");
  EXPECT_FALSE(plan->writes[1].is_v1);
  EXPECT_TRUE(plan->writes[2].may_be_absent) << "reservations came with Linux 5.7";
  EXPECT_EQ(plan->writes[3].text, "8");
  EXPECT_THAT(writes(R"({"hugepageLimits":[{"pageSize":"1GB","limit":4}]})", v1_host()),
              ElementsAre("hugetlb.1GB.limit_in_bytes=4", "hugetlb.1GB.rsvd.limit_in_bytes=4"));
}

TEST(Limits, OfNetworksAreMarksOfVersion1) {
  constexpr std::string_view kWanted =
      R"({"network":{"classID":1048577,"priorities":[{"name":"eth0","priority":5}]},
          "rdma":{"mlx5_0":{"hcaHandles":2,"hcaObjects":3}}})";
  EXPECT_THAT(writes(kWanted, v1_host()),
              ElementsAre("net_cls.classid=1048577", "net_prio.ifpriomap=eth0 5",
                          "rdma.max=mlx5_0 hca_handle=2 hca_object=3"));
  EXPECT_THAT(writes(kWanted, v2_host()), ElementsAre("rdma.max=mlx5_0 hca_handle=2 hca_object=3"));
  EXPECT_EQ(warnings(kWanted, v2_host()).size(), 2U);
}

TEST(Limits, ThatTheHostCannotEnforceAreRefusedByPointer) {
  const std::map<std::string, std::string> cases = {
      {R"({"memory":{"limit":64}})", "/linux/resources/memory/limit"},
      {R"({"memory":{"swappiness":0}})", "/linux/resources/memory/swappiness"},
      {R"({"cpu":{"shares":2}})", "/linux/resources/cpu/shares"},
      {R"({"cpu":{"burst":0}})", "/linux/resources/cpu/burst"},
      {R"({"cpu":{"cpus":"0"}})", "/linux/resources/cpu/cpus"},
      {R"({"pids":{"limit":5}})", "/linux/resources/pids/limit"},
      {R"({"blockIO":{"weight":100}})", "/linux/resources/blockIO"},
      {R"({"hugepageLimits":[{"pageSize":"2MB","limit":4}]})", "/linux/resources/hugepageLimits/0"},
      {R"({"network":{"classID":5}})", "/linux/resources/network/classID"},
      {R"({"rdma":{"mlx5_0":{"hcaHandles":2}}})", "/linux/resources/rdma/mlx5_0"},
      {R"({"unified":{"memory.high":"5"}})", "/linux/resources/unified/memory.high"}};
  HostFacts bare;
  HostFacts rootless = bare;
  rootless.in_user_namespace = true;
  for (const auto& [json, pointer] : cases) {
    EXPECT_THAT(refusal(json, bare), testing::StartsWith(pointer + ": ")) << json;
    EXPECT_THAT(refusal(json, bare), HasSubstr("this host cannot enforce it")) << json;
  }
  EXPECT_THAT(refusal(R"({"pids":{"limit":5}})", rootless), HasSubstr("delegates controllers"));
  EXPECT_THAT(refusal(R"({"unified":{"memory.high":"5"}})", hybrid_host()),
              HasSubstr("memory is mounted as version 1"));
}

TEST(Limits, OfUnifiedAreFilesOfLimitsAndNoOthers) {
  EXPECT_THAT(
      writes(R"({"unified":{"io.max":"8:0 rbps=1\n8:16 wbps=2","memory.high":"max"}})", v2_host()),
      ElementsAre("io.max=8:0 rbps=1", "io.max=8:16 wbps=2", "memory.high=max"));
  for (const char* file : {"../../cgroup.procs", "memory/../x.y", "cgroup.procs", "cgroup.kill",
                           "cgroup.subtree_control", "memory", ".max"}) {
    oci::Resources wanted;
    wanted.unified[file] = "1";
    auto plan = plan_limits(wanted, v2_host());
    ASSERT_FALSE(plan) << file;
    EXPECT_THAT(plan.error().message(), HasSubstr("is not a file of limits")) << file;
  }
}

TEST(Limits, PathsStayBelowTheirHierarchy) {
  EXPECT_EQ(*cgroup_path("", "web"), "/spacesuit/web");
  EXPECT_EQ(*cgroup_path("/docker/web", "x"), "/docker/web");
  EXPECT_EQ(*cgroup_path("mine/web", "x"), "/spacesuit/mine/web");
  EXPECT_EQ(*cgroup_path("/a/../../../b", "x"), "/b");
  for (const char* root : {"/", "/..", "/a/..", "//"})
    EXPECT_FALSE(cgroup_path(root, "x")) << root;
}

// The plan of each kind of host.

std::string launch_plan(const HostFacts& facts, std::string_view json, std::string_view path = "") {
  oci::Spec spec = oci::default_spec();
  spec.process.args = {"/bin/true"};
  spec.linux_.resources = resources(json);
  spec.linux_.cgroups_path = path;
  auto plan = plan_launch(spec, facts, "web");
  EXPECT_TRUE(plan) << plan.error().message();
  return plan ? dump_plan(*plan) : "";
}

void expect_in_order(const std::string& text, const std::vector<std::string>& parts) {
  std::size_t at = 0;
  for (const std::string& part : parts) {
    std::size_t found = text.find(part, at);
    ASSERT_NE(found, std::string::npos) << part << "\n" << text;
    at = found + part.size();
  }
}

TEST(CgroupPlan, HandsControllersDownOnAUnifiedHost) {
  std::string plan = launch_plan(v2_host(), R"({"memory":{"limit":64},"pids":{"limit":5}})");
  expect_in_order(plan, {"\"/sys/fs/cgroup/cgroup.subtree_control\"", "\"+memory +pids\"",
                         "mkdirat(AT_FDCWD, \"/sys/fs/cgroup/spacesuit\"",
                         "\"/sys/fs/cgroup/spacesuit/cgroup.subtree_control\"",
                         "mkdirat(AT_FDCWD, \"/sys/fs/cgroup/spacesuit/web\"",
                         "\"/sys/fs/cgroup/spacesuit/web/memory.max\"", "\"64\"",
                         "\"/sys/fs/cgroup/spacesuit/web/pids.max\"", "BPF_PROG_LOAD",
                         "BPF_PROG_ATTACH", "CLONE_INTO_CGROUP"});
  EXPECT_THAT(plan, Not(HasSubstr("tasks")));
}

TEST(CgroupPlan, JoinsHierarchiesByTasksOnAHostOfVersion1) {
  std::string plan = launch_plan(v1_host(), R"({"memory":{"limit":64},"cpu":{"cpus":"0"}})");
  expect_in_order(plan, {"\"/sys/fs/cgroup/cpuset/spacesuit\"", "sendfile(", "sendfile(",
                         "\"/sys/fs/cgroup/cpuset/spacesuit/web\"", "sendfile(", "sendfile(",
                         "\"/sys/fs/cgroup/cpuset/spacesuit/web/tasks\"",
                         "\"/sys/fs/cgroup/cpuset/spacesuit/web/cpuset.cpus\"",
                         "\"/sys/fs/cgroup/memory/spacesuit/web/memory.limit_in_bytes\"",
                         "\"/sys/fs/cgroup/devices/spacesuit/web/devices.deny\"",
                         "\"/sys/fs/cgroup/freezer/spacesuit/web\"", "clone3("});
  EXPECT_THAT(plan, Not(HasSubstr("CLONE_INTO_CGROUP")));
  EXPECT_THAT(plan, Not(HasSubstr("bpf("))) << "version 1 has rules of its own";
  EXPECT_THAT(plan, Not(HasSubstr("/sys/fs/cgroup/pids"))) << "nobody asked for it";
  expect_in_order(plan, {"write(<cpuset tasks>, \"0\", 1)", "write(<memory tasks>, \"0\", 1)"});
}

TEST(CgroupPlan, UsesBothOnAHybridHost) {
  std::string plan = launch_plan(hybrid_host(), R"({"memory":{"limit":64}})");
  expect_in_order(
      plan,
      {"\"/sys/fs/cgroup/unified/spacesuit/web\"", "\"/sys/fs/cgroup/memory/spacesuit/web/tasks\"",
       "\"/sys/fs/cgroup/devices/spacesuit/web/devices.deny\"", "CLONE_INTO_CGROUP"});
  EXPECT_THAT(plan, Not(HasSubstr("freezer"))) << "version 2 stops and kills";
}

TEST(CgroupPlan, CountsWhereTheCallerWillLook) {
  std::string plan = launch_plan(hybrid_host(), "{}", "/docker/web");
  for (const char* controller : {"memory", "cpu", "cpuacct", "pids", "blkio", "devices"})
    EXPECT_THAT(plan, HasSubstr(fmt::format("\"/sys/fs/cgroup/{}/docker/web/tasks\"", controller)));
  EXPECT_THAT(plan, Not(HasSubstr("/sys/fs/cgroup/cpuset")));
}

TEST(CgroupPlan, HasNoneWithoutRootAndDelegation) {
  HostFacts facts;
  facts.in_user_namespace = true;
  EXPECT_THAT(launch_plan(facts, "{}"), Not(HasSubstr("/spacesuit")));
}

// What device_filter answers, as the kernel would run it.
struct DeviceRequest {
  char type;
  unsigned major, minor;
  std::string_view access;
};

bool runs(const std::vector<bpf_insn>& program, const DeviceRequest& request) {
  std::uint32_t access = 0;
  for (char letter : request.access)
    access |= letter == 'm' ? 1U : letter == 'r' ? 2U : 4U;
  const std::uint32_t context[3] = {(request.type == 'b' ? 1U : 2U) | access << 16, request.major,
                                    request.minor};
  std::uint64_t registers[11] = {};
  for (std::size_t at = 0; at < program.size(); ++at) {
    const bpf_insn& one = program[at];
    std::uint64_t& to = registers[one.dst_reg];
    auto value = static_cast<std::uint32_t>(one.imm);
    switch (one.code) {
      case BPF_LDX | BPF_MEM | BPF_W:
        to = context[one.off / 4];
        break;
      case BPF_ALU | BPF_MOV | BPF_X:
        to = static_cast<std::uint32_t>(registers[one.src_reg]);
        break;
      case BPF_ALU | BPF_MOV | BPF_K:
        to = value;
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        to &= value;
        break;
      case BPF_ALU | BPF_RSH | BPF_K:
        to >>= value;
        break;
      case BPF_JMP | BPF_JNE | BPF_K:
        if (to != value) at += static_cast<std::size_t>(one.off);
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        if (to == value) at += static_cast<std::size_t>(one.off);
        break;
      case BPF_JMP | BPF_EXIT:
        return registers[0] == 1;
      default:
        ADD_FAILURE() << "an instruction that is not used: " << int{one.code};
        return false;
    }
  }
  ADD_FAILURE() << "it runs off its end";
  return false;
}

// The same question, asked of the list.
bool list_allows(const std::vector<oci::DeviceRule>& rules, const DeviceRequest& request) {
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    if (rule->type != 'a' && rule->type != request.type) continue;
    if (rule->major && *rule->major != request.major) continue;
    if (rule->minor && *rule->minor != request.minor) continue;
    auto in_rule = [&](char letter) { return rule->access.find(letter) != std::string::npos; };
    bool fits = rule->allow ? std::ranges::all_of(request.access, in_rule)
                            : std::ranges::any_of(request.access, in_rule);
    if (fits) return rule->allow;
  }
  return false;
}

TEST(DeviceFilter, AnswersAsItsListForEveryRequest) {
  const std::vector<std::vector<oci::DeviceRule>> lists = {
      {},
      {{false, 'a', {}, {}, "rwm"}},
      {{true, 'a', {}, {}, "rwm"}},
      {{true, 'b', 8, {}, "r"}, {false, 'b', 8, 1, "rwm"}},
      {{true, 'c', {}, 3, "rw"}, {false, 'c', 1, {}, "w"}, {true, 'b', {}, {}, "rm"}},
      {{true, 'a', {}, {}, "rwm"}, {false, 'b', 8, 0, "w"}},
  };
  int allowed = 0, denied = 0;
  for (const auto& list : lists) {
    std::vector<oci::DeviceRule> rules = device_rules(list);
    std::vector<bpf_insn> program = device_filter(rules);
    for (char type : {'b', 'c'})
      for (unsigned major : {0U, 1U, 5U, 8U, 10U, 136U})
        for (unsigned minor : {0U, 1U, 3U, 8U, 200U})
          for (std::string_view access : {"r", "w", "m", "rw", "rwm"}) {
            DeviceRequest request{type, major, minor, access};
            bool answer = runs(program, request);
            EXPECT_EQ(answer, list_allows(rules, request))
                << type << " " << major << ":" << minor << " " << access;
            (answer ? allowed : denied)++;
          }
  }
  EXPECT_GT(allowed, 100);
  EXPECT_GT(denied, 100);
}

TEST(DeviceRules, BeginWithNothingAndEndWithTheCommonOnes) {
  auto rules = device_rules(std::vector<oci::DeviceRule>{{false, 'a', {}, {}, "rwm"}});
  EXPECT_EQ(device_rule_text(rules.front()), "c *:* m");
  EXPECT_FALSE(list_allows(rules, {'b', 8, 0, "r"}));
  EXPECT_TRUE(list_allows(rules, {'b', 8, 0, "m"}));
  EXPECT_TRUE(list_allows(rules, {'c', 1, 3, "rw"}));
  auto all = device_rules(std::vector<oci::DeviceRule>{{true, 'a', {}, {}, "rwm"}});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(device_rule_text(all[0]), "a");
}

// Where a host has its hierarchies.

TEST(CgroupMounts, AreReadFromTheMountTable) {
  CgroupMounts found = parse_cgroup_mounts(
      "30 22 0:27 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
      "31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
      "34 30 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "39 30 0:36 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
      "40 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
      "50 30 0:31 / /mnt/again rw - cgroup cgroup rw,memory\n");
  EXPECT_EQ(found.cgroup2, "/sys/fs/cgroup/unified");
  ASSERT_EQ(found.cgroup1.size(), 2U);
  EXPECT_THAT(found.cgroup1[0].controllers, ElementsAre("cpu", "cpuacct"));
  EXPECT_EQ(found.cgroup1[0].dir, "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(found.cgroup1[1].dir, "/sys/fs/cgroup/memory");
}

TEST(CgroupMounts, AreNoneWhereTheTableIsOddOrEmpty) {
  for (const char* text : {"", "\n\n", "garbage", "1 2 3 - cgroup", "a b c d e - cgroup x",
                           "1 2 3 4 /x - cgroup cgroup rw"}) {
    CgroupMounts found = parse_cgroup_mounts(text);
    EXPECT_TRUE(found.cgroup1.empty() && found.cgroup2.empty()) << text;
  }
}

}  // namespace
}  // namespace suit::runtime
