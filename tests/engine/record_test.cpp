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
