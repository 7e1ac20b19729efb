#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/copy.h"
#include "engine/restart_internal.h"
#include "engine/supervise_internal.h"

namespace suit::engine {
namespace {

using std::chrono::milliseconds;
using When = RestartPolicy::When;

TEST(RestartPolicyText, IsReadAsDockerReadsIt) {
  struct Row {
    const char* text;
    When when;
    int most;
  };
  for (const Row& row :
       {Row{"", When::No, 0}, Row{"no", When::No, 0}, Row{"always", When::Always, 0},
        Row{"on-failure", When::OnFailure, 0}, Row{"on-failure:5", When::OnFailure, 5},
        Row{"unless-stopped", When::UnlessStopped, 0}}) {
    auto policy = parse_restart(row.text);
    ASSERT_TRUE(policy) << row.text;
    EXPECT_EQ(*policy, (RestartPolicy{row.when, row.most})) << row.text;
  }
  for (const char* wrong : {"sometimes", "always:3", "on-failure:-1", "on-failure:x", ":3"})
    EXPECT_FALSE(parse_restart(wrong)) << wrong;
}

TEST(RestartDelay, DependsOnThePolicyAndTheEnd) {
  struct Row {
    const char* what;
    RestartPolicy policy;
    EndOfRun end;
    std::optional<milliseconds> delay;
  };
  const std::vector<Row> rows = {
      {"no policy", {When::No, 0}, {.exit_code = 1}, std::nullopt},
      {"a failure", {When::OnFailure, 0}, {.exit_code = 1}, milliseconds(100)},
      {"a success", {When::OnFailure, 0}, {.exit_code = 0}, std::nullopt},
      {"the last failure",
       {When::OnFailure, 2},
       {.exit_code = 1, .restart_count = 2},
       std::nullopt},
      {"not the last",
       {When::OnFailure, 2},
       {.exit_code = 1, .restart_count = 1},
       milliseconds(100)},
      {"always", {When::Always, 0}, {.exit_code = 0}, milliseconds(100)},
      {"asked for", {When::Always, 0}, {.exit_code = 137, .asked_for = true}, std::nullopt},
      {"unless stopped", {When::UnlessStopped, 0}, {.asked_for = true}, std::nullopt},
      {"twice as long", {When::Always, 0}, {.last_delay = milliseconds(400)}, milliseconds(800)},
      {"no longer than a minute",
       {When::Always, 0},
       {.last_delay = milliseconds(50'000)},
       milliseconds(60'000)},
      {"from the beginning after a long run",
       {When::Always, 0},
       {.ran_for = milliseconds(10'000), .last_delay = milliseconds(60'000)},
       milliseconds(100)},
  };
  for (const Row& row : rows)
    EXPECT_EQ(restart_delay(row.policy, row.end), row.delay) << row.what;
}

TEST(CopyPath, KnowsDirectoriesAndContents) {
  struct Row {
    const char* text;
    const char* path;
    bool directory, contents;
  };
  for (const Row& row : {Row{"/a/b", "/a/b", false, false}, Row{"a/b", "/a/b", false, false},
                         Row{"/a/b/", "/a/b", true, false}, Row{"/a/b//", "/a/b", true, false},
                         Row{"/a/b/.", "/a/b", true, true}, Row{"/", "/", true, true},
                         Row{".", "/", true, true}, Row{"/.", "/", true, true}}) {
    CopyPath path = CopyPath::parse(row.text);
    EXPECT_EQ(path.path, row.path) << row.text;
    EXPECT_EQ(path.directory, row.directory) << row.text;
    EXPECT_EQ(path.contents, row.contents) << row.text;
  }
}

TEST(Destination, IsCleanedAsText) {
  EXPECT_EQ(clean_destination("/a//b/./c/"), "/a/b/c");
  EXPECT_EQ(clean_destination("/a/../b"), "/b");
  EXPECT_EQ(clean_destination("/../.."), "/");
}

}  // namespace
}  // namespace suit::engine
