#include "cli/limit_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/corpora.h"

namespace suit::cli {
namespace {

using testing::HasSubstr;

engine::Limits limits_from(const std::vector<std::string>& args) {
  FlagSet flags;
  LimitFlags said;
  declare_limit_flags(flags, said);
  auto parsed = flags.parse(args, Order::FlagsFirst);
  EXPECT_TRUE(parsed) << parsed.error().message();
  auto limits = read_limit_flags(said);
  EXPECT_TRUE(limits) << limits.error().message();
  return limits ? *limits : engine::Limits{};
}

std::string refusal(const std::vector<std::string>& args) {
  FlagSet flags;
  LimitFlags said;
  declare_limit_flags(flags, said);
  auto parsed = flags.parse(args, Order::FlagsFirst);
  if (!parsed) return parsed.error().what();
  auto limits = read_limit_flags(said);
  return limits ? "" : limits.error().what();
}

TEST(LimitFlags, AreTheMembersOfTheSpecification) {
  engine::Limits limits = limits_from(
      {"-m", "64m", "--memory-swap", "-1", "--cpus", "1.5", "--pids-limit", "0", "-c", "512",
       "--blkio-weight", "300", "--oom-kill-disable", "--device-cgroup-rule", "c 189:* rmw"});
  EXPECT_EQ(limits.resources.memory.limit, 64 << 20);
  EXPECT_EQ(limits.resources.memory.swap, -1);
  EXPECT_EQ(limits.resources.memory.disable_oom_killer, true);
  EXPECT_EQ(limits.nano_cpus, 1'500'000'000);
  EXPECT_EQ(limits.resources.pids_limit, -1) << "0 is no limit";
  EXPECT_EQ(limits.resources.cpu.shares, 512U);
  EXPECT_EQ(limits.resources.block_io.weight, 300);
  ASSERT_EQ(limits.resources.devices.size(), 1U);
  EXPECT_EQ(limits.resources.devices[0].major, 189);
  EXPECT_FALSE(limits.resources.devices[0].minor);
  EXPECT_TRUE(engine::is_empty(limits_from({})));
}

TEST(LimitFlags, SurviveTheRecord) {
  engine::Limits limits =
      limits_from({"-m", "64m", "--cpus", "0.25", "--ulimit", "nofile=5:-1", "--ulimit", "core=0",
                   "--sysctl", "net.core.somaxconn=64", "--device-read-bps", "/dev/sda:1mb",
                   "--cgroup-parent", "mine", "--oom-score-adj", "-5", "--memory-swappiness", "0"});
  engine::Limits back = engine::limits_of(engine::to_value(limits));
  EXPECT_EQ(engine::to_value(back).dump(), engine::to_value(limits).dump());
  EXPECT_EQ(back.ulimits.at(0).hard, UINT64_MAX);
  EXPECT_EQ(back.resources.memory.swappiness, 0U);
  EXPECT_EQ(engine::cgroups_path(back, "id"), "/mine/id");
}

TEST(LimitFlags, BecomeQuotaAndPeriodAndTwiceTheMemory) {
  engine::Limits limits = limits_from({"--cpus", "0.5", "-m", "64m"});
  engine::complete_limits(limits);
  auto resources = engine::to_resources(limits);
  ASSERT_TRUE(resources);
  EXPECT_EQ(resources->cpu.quota, 50000);
  EXPECT_EQ(resources->cpu.period, 100000U);
  EXPECT_EQ(resources->memory.swap, 128 << 20);
}

TEST(LimitFlags, CpusAreExact) {
  EXPECT_EQ(*read_cpus("1"), 1'000'000'000);
  EXPECT_EQ(*read_cpus("0.000000001"), 1);
  EXPECT_EQ(*read_cpus(".5"), 500'000'000);
  EXPECT_EQ(*read_cpus("1/2"), 500'000'000);
  EXPECT_EQ(*read_cpus("1.2300000000000"), 1'230'000'000);
  EXPECT_EQ(read_cpus("0.0000000001").error().what(), "value is too precise");
  for (const char* text : {"", "x", "1.5x", "1 ", "1/0", "--1"})
    EXPECT_FALSE(read_cpus(text)) << text;
}

TEST(LimitFlags, RefuseInDockersWords) {
  EXPECT_EQ(refusal({"--memory-swappiness", "101"}),
            "invalid value: 101. Valid memory swappiness range is 0-100");
  EXPECT_THAT(refusal({"--blkio-weight", "70000"}), HasSubstr("value out of range"));
  EXPECT_EQ(refusal({"--sysctl", "kernel.hostname=x"}),
            "invalid argument \"kernel.hostname=x\" for \"--sysctl\" flag: sysctl "
            "'kernel.hostname=x' is not allowed");
  for (const char* rule : {"", "c", "c 1:3", "c 1:3 ", "d 1:3 r", "c 1:3 rwmr", "c 1:3 x",
                           "c -1:3 r", "c 1 3 r", "c 1:*  r", "c1:3 rw"})
    EXPECT_FALSE(read_device_rule(rule)) << rule;
}

TEST(LimitFlagsCorpora, UlimitsAreThoseOfGoUnits) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/ulimit.json");
  for (const auto& row : corpora::cases("docker-cli/ulimit.json")) {
    auto limit = read_ulimit(row["input"].get<std::string>());
    bool ok = false;
    if (row.contains("expected_error")) {
      ok = !limit && limit.error().what() == row["expected_error"].get<std::string>();
    } else if (limit) {
      std::string name = row["expected"]["name"].get<std::string>();
      for (char& c : name)
        c = static_cast<char>(c - 'a' + 'A');
      ok = limit->type == "RLIMIT_" + name &&
           static_cast<std::int64_t>(limit->soft) == row["expected"]["soft"].get<std::int64_t>() &&
           static_cast<std::int64_t>(limit->hard) == row["expected"]["hard"].get<std::int64_t>();
    }
    EXPECT_TRUE(ok) << row.dump() << (limit ? "" : limit.error().what());
    tally.count(ok);
  }
}

TEST(LimitFlagsCorpora, DeviceLimitsAreThoseOfDocker) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/block-io.json");
  for (const auto& row : corpora::cases("docker-cli/block-io.json")) {
    const std::string flag = row["flag"].get<std::string>();
    const DeviceValue kind = flag == "--blkio-weight-device" ? DeviceValue::Weight
                             : flag == "--device-read-bps"   ? DeviceValue::Bytes
                                                             : DeviceValue::Operations;
    auto limit = read_device_limit(row["input"].get<std::string>(), kind);
    bool ok = false;
    if (row.contains("expected_error_contains"))
      ok = !limit && limit.error().what().find(row["expected_error_contains"].get<std::string>()) !=
                         std::string::npos;
    else if (limit)
      ok = limit->path == row["expected"]["path"].get<std::string>() &&
           limit->value == row["expected"]["value"].get<std::uint64_t>();
    EXPECT_TRUE(ok) << row.dump() << (limit ? "" : limit.error().what());
    tally.count(ok);
  }
}

}  // namespace
}  // namespace suit::cli
