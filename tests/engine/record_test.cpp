#include "engine/record.h"

#include <string>

#include <gtest/gtest.h>

namespace suit::engine {
namespace {

Record sample() {
  Record record;
  record.id = std::string(64, 'a');
  record.name = "web";
  record.created = "2026-01-02T03:04:05Z";
  record.image = "myimage:1.0";
  record.image_id = digest::Digest::sha256(std::string(64, 'b'));
  record.snapshots = {digest::Digest::sha256(std::string(64, 'c'))};
  record.args = {"/bin/sh", "-c", "echo \"hi\"\n"};
  record.env = {"PATH=/bin", "EMPTY="};
  record.working_dir = "/srv";
  record.user = "1000:100";
  record.hostname = "aaaaaaaaaaaa";
  record.host_network = true;
  record.auto_remove = true;
  record.labels = {{"team", "data"}};
  record.mounts = {{"/data", "bind", "/srv/data", {"rbind", "ro"}}};
  return record;
}

TEST(Record, SurvivesItsJson) {
  Record before = sample();
  auto after = parse_record(to_json(before));
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_EQ(to_json(*after), to_json(before));
  EXPECT_EQ(after->args, before.args);
  EXPECT_EQ(after->mounts.at(0).options, before.mounts.at(0).options);
  EXPECT_TRUE(after->host_network);
  EXPECT_FALSE(after->read_only);
}

TEST(Record, KeepsWhatWasAskedOfTheNetwork) {
  Record before = sample();
  before.network.mode = "web";
  before.network.requests = {{.name = "web",
                              .aliases = {"db"},
                              .ip = "10.0.0.2",
                              .ip6 = "fd00::2",
                              .mac = "",
                              .link_local_ips = {},
                              .driver_options = {},
                              .gateway_priority = 3}};
  before.network.ports = {{"127.0.0.1", 8080, 8090, {80, network::Protocol::Udp}}};
  before.network.publishes_all = true;
  const auto after = parse_record(to_json(before));
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_EQ(after->network.mode, "web");
  EXPECT_EQ(after->network.requests, before.network.requests);
  EXPECT_EQ(after->network.ports, before.network.ports);
  EXPECT_TRUE(after->network.publishes_all);
}

TEST(Record, OfBeforeThereWereNetworksIsUnderstood) {
  auto json = oci::parse_json(to_json(sample()));
  ASSERT_TRUE(json);
  oci::Json old = oci::Json::object();
  for (const auto& [key, value] : *json->as_object())
    if (key != "network") old.set(key, value);
  EXPECT_EQ(parse_record(old.dump()).value().network.mode, "host");
}

TEST(NetworkState, SurvivesItsJson) {
  NetworkState before;
  Attachment one;
  one.network = "web";
  one.network_id = std::string(64, 'd');
  one.aliases = {"db"};
  one.endpoint.address = network::Address::parse("10.0.0.2").value();
  one.endpoint.address6 = network::Address::parse("fd00::2").value();
  one.endpoint.mac = network::mac_of(one.endpoint.address);
  one.subnet = network::Prefix::parse("10.0.0.0/24").value();
  one.subnet6 = network::Prefix::parse("fd00::/64").value();
  one.gateway = network::Address::parse("10.0.0.1").value();
  before.attachments = {one};
  before.ports = {{"0.0.0.0", 8080, {80, network::Protocol::Tcp}}};
  const auto after = parse_network_state(to_json(before));
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_EQ(to_json(*after), to_json(before));
  EXPECT_EQ(after->attachments.at(0).endpoint.address6, one.endpoint.address6);
  EXPECT_EQ(after->ports, before.ports);
  EXPECT_FALSE(parse_network_state("["));
}

TEST(Record, NamesTheSnapshotsForGarbageCollection) {
  auto json = oci::parse_json(to_json(sample()));
  ASSERT_TRUE(json);
  const oci::Json* snapshots = json->find("snapshots");
  ASSERT_TRUE(snapshots && snapshots->as_array());
  EXPECT_EQ(*snapshots->as_array()->at(0).as_string(), "sha256:" + std::string(64, 'c'));
}

TEST(Record, RefusesAFileThatNamesNoContainer) {
  auto parsed = parse_record("{}");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message(), "container.json has no id or no name");
  EXPECT_FALSE(parse_record("{"));
  EXPECT_FALSE(parse_record(""));
}

TEST(State, SurvivesItsJson) {
  State before;
  before.phase = State::Phase::Exited;
  before.pid = 4711;
  before.boot_id = "boot";
  before.pid_start_ticks = 1234567890123;
  before.exit_code = 137;
  before.error = "its monitor was killed";
  auto after = parse_state(to_json(before));
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_EQ(to_json(*after), to_json(before));
}

TEST(State, RefusesAPhaseItDoesNotKnow) {
  auto parsed = parse_state(R"({"phase":"dancing"})");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message(), "unknown phase \"dancing\"");
}

TEST(ContainerName, FollowsDockersRule) {
  for (const char* good : {"web", "a1", "A_b.c-d", "0x"})
    EXPECT_TRUE(check_name(good)) << good;
  for (const char* bad : {"", "a", "../x", "a/b", "-rf", ".hidden", "two words", "é"})
    EXPECT_FALSE(check_name(bad)) << bad;
  EXPECT_FALSE(check_name(std::string(300, 'a')));
  EXPECT_EQ(check_name("a/b").error().message(),
            "invalid container name (a/b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
}

TEST(ContainerName, IsValidWhenMadeUp) {
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(check_name(make_name()));
}

}  // namespace
}  // namespace suit::engine
