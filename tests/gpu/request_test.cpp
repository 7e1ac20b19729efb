#include "gpu/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/corpora.h"
#include "gpu/require.h"

namespace suit::gpu {
namespace {

using corpora::Tally;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

json as_json(const DeviceRequest& request) {
  const oci::Json value = to_value(Request{.gpus = {request}});
  return json::parse(value.find("gpus")->dump())[0];
}

TEST(GpusFlag, IsReadAsDockerReadsIt) {
  SUIT_NEEDS_CORPORA();
  Tally tally("gpu/gpus-flag.json");
  for (const json& row : corpora::cases("gpu/gpus-flag.json")) {
    const auto request = parse_gpus_flag(row["input"].get<std::string>());
    bool ok = request.has_value() == row["ok"].get<bool>();
    if (ok && request) ok = as_json(*request) == row["request"];
    if (ok && !request) ok = request.error().what() == row["error"].get<std::string>();
    if (ok && row.contains("then_error"))
      ok = !check_request(*request) &&
           check_request(*request).error().what() == row["then_error"].get<std::string>();
    EXPECT_TRUE(ok) << row.dump() << "\n"
                    << (request ? as_json(*request).dump() : request.error().what());
    tally.count(ok);
  }
}

TEST(GpusFlag, TellsOfTheQuotesThatEverybodyForgets) {
  const auto checked = check_request(*parse_gpus_flag("device=0,1"));
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().hint(), HasSubstr(R"(--gpus '"device=0,1"')"));
}

TEST(VisibleDevices, MeansWhatTheToolkitSays) {
  SUIT_NEEDS_CORPORA();
  using Kind = VisibleDevices::Kind;
  Tally tally("gpu/visible-devices.json");
  for (const json& row : corpora::cases("gpu/visible-devices.json")) {
    std::optional<std::string> value;
    if (!row["value"].is_null()) value = row["value"].get<std::string>();
    std::vector<std::string> env;
    for (const auto& [key, item] : row["env"].items())
      env.push_back(key + "=" + item.get<std::string>());
    const auto legacy = is_legacy_image(env) ? LegacyImage::Yes : LegacyImage::No;
    const VisibleDevices visible = parse_visible_devices(value, legacy);
    const json& expect = row["expect"];
    const bool ok = expect.is_array() ? visible.kind == Kind::Listed &&
                                            visible.ids == expect.get<std::vector<std::string>>()
                    : expect == "all"           ? visible.kind == Kind::All
                    : expect == "none-injected" ? visible.kind == Kind::Nothing
                                                : visible.kind == Kind::DriverOnly;
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(DriverCapabilities, AreThoseOfTheToolkit) {
  SUIT_NEEDS_CORPORA();
  Tally tally("gpu/driver-capabilities.json");
  for (const json& row : corpora::cases("gpu/driver-capabilities.json")) {
    std::optional<std::string> value;
    if (!row["value"].is_null()) value = row["value"].get<std::string>();
    const auto legacy = row.value("legacy_image", false) ? LegacyImage::Yes : LegacyImage::No;
    const auto words = parse_driver_capabilities(value, legacy);
    const bool ok = row.contains("error")
                        ? !words && words.error().what() == row["error"].get<std::string>()
                        : words && *words == row["expect"].get<std::vector<std::string>>();
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(Requirements, AreComparedWithTheHost) {
  SUIT_NEEDS_CORPORA();
  // Where the two originals differ, as require.h says.
  const std::map<std::string, bool> chosen = {{"unknown>=1", true}, {"brand=Tesla", true}};
  Tally tally("gpu/require.json");
  for (const json& row : corpora::cases("gpu/require.json")) {
    const auto demand = row["require"].get<std::string>();
    const auto result =
        fulfils(demand, row["properties"].get<std::map<std::string, std::string>>());
    const auto expect = row["result"].get<std::string>();
    const bool ok = expect == "invalid"       ? !result
                    : expect == "differs"     ? result && *result == chosen.at(demand)
                    : expect == "unsatisfied" ? result && !*result
                                              : result && *result;
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(Requirements, NameTheConditionAndTheHost) {
  Host host;
  host.nvidia.module_version = "550.54.15";
  const auto checked = check_requirements({"NVIDIA_REQUIRE_CUDA=cuda>=12.9"}, host);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().what(), HasSubstr("unsatisfied condition: cuda>=12.9 (cuda=12.4"));
  EXPECT_TRUE(
      check_requirements({"NVIDIA_REQUIRE_CUDA=cuda>=12.9", "NVIDIA_DISABLE_REQUIRE=true"}, host));
  EXPECT_TRUE(
      check_requirements({"NVIDIA_REQUIRE_JETPACK=csv-mounts=all", "CUDA_VERSION=13"}, host));
}

TEST(Request, SurvivesItsRecord) {
  Request request;
  request.gpus = {*parse_gpus_flag("2,driver=nvidia,\"capabilities=compute,utility\"")};
  request.devices = {"suit.dev/softgpu=0"};
  request.plain = {{"/dev/fuse", "/dev/fuse2", "rw"}};
  request.spec_dirs = {"/x"};
  request.driver_root = "/run/nvidia/driver";
  request.capabilities = "all";
  const Request again = request_of(to_value(request));
  EXPECT_EQ(to_value(again), to_value(request));
}

TEST(Request, TakesVariablesOfTheCommandLine) {
  Request request;
  ASSERT_TRUE(add_variables(
      request, {"NVIDIA_VISIBLE_DEVICES=0,nvidia.com/gpu=1", "NVIDIA_DRIVER_CAPABILITIES=video"}));
  ASSERT_EQ(request.gpus.size(), 1U);
  EXPECT_THAT(request.gpus[0].device_ids, ElementsAre("0"));
  EXPECT_THAT(request.devices, ElementsAre("nvidia.com/gpu=1"));
  EXPECT_EQ(request.capabilities, "video");
  Request nothing;
  ASSERT_TRUE(add_variables(nothing, {"NVIDIA_VISIBLE_DEVICES=void", "A=B"}));
  EXPECT_TRUE(nothing.empty());
}

TEST(PlainDevice, HasDockersThreeParts) {
  const auto one = parse_plain_device("/dev/fuse:rw");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->path, "/dev/fuse");
  EXPECT_EQ(one->permissions, "rw");
  const auto two = parse_plain_device("/dev/a:/dev/b:r");
  ASSERT_TRUE(two);
  EXPECT_EQ(two->path, "/dev/b");
  for (const char* bad : {"", "fuse", "/dev/a:b", "/dev/a:/dev/b:x", "/a:/b:r:w"})
    EXPECT_FALSE(parse_plain_device(bad)) << bad;
}

}  // namespace
}  // namespace suit::gpu
