#include "os/user.h"

#include <sys/stat.h>

#include <cstdio>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "os/file.h"

namespace suit::os {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

UserTables tables() {
  return {
      "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:web:/var/www:/bin/false\n1000:x:0:0:trap:/:/bin/"
      "sh\nshort:x\n",
      "root:x:0:\nstaff:x:50:web,other\nweb:x:34:\n"};
}

std::string refusal(const std::string& text) {
  auto user = resolve_user(tables(), text);
  return user ? "" : user.error().message();
}

TEST(User, ResolvesNamesNumbersAndGroups) {
  auto user = resolve_user(tables(), "web");
  ASSERT_TRUE(user) << user.error().message();
  EXPECT_EQ(user->uid, 33U);
  EXPECT_EQ(user->gid, 34U);
  EXPECT_EQ(user->home, "/var/www");
  EXPECT_EQ(user->additional_gids, std::vector<std::uint32_t>{50});
  user = resolve_user(tables(), "web:staff");
  ASSERT_TRUE(user);
  EXPECT_EQ(user->gid, 50U);
  EXPECT_TRUE(user->additional_gids.empty());
}

TEST(User, NeverTakesANumberForAName) {
  auto user = resolve_user(tables(), "1000");
  ASSERT_TRUE(user);
  EXPECT_EQ(user->uid, 1000U)
      << "an entry whose name is a number must not make root of it (CVE-2016-3697)";
}

TEST(User, RefusesWhatIsNeitherNameNorId) {
  for (const char* text : {"4294967296", "-1", "+1", "2147483648", "0:-3"})
    EXPECT_THAT(refusal(text), HasSubstr("is not a number from 0 to 2147483647")) << text;
  for (const char* text : {":", "1:", ":1"})
    EXPECT_THAT(refusal(text), HasSubstr("missing beside the colon")) << text;
}

TEST(User, NamesAnUnknownUserAndTheNearest) {
  EXPECT_EQ(refusal("wbe"), "no user \"wbe\" in the image's /etc/passwd (did you mean \"web\"?)");
  EXPECT_EQ(refusal("web:stafff"),
            "no group \"stafff\" in the image's /etc/group (did you mean \"staff\"?)");
  auto user = resolve_user(UserTables{}, "web");
  ASSERT_FALSE(user);
  EXPECT_EQ(user.error().message(), "no user \"web\" because the image has no /etc/passwd");
}

TEST(User, ReadsTablesInsideOfTheRootOnly) {
  auto directory = TempDir::create("/tmp", "suit-user-");
  ASSERT_TRUE(directory);
  ASSERT_EQ(::mkdir((directory->path() + "/etc").c_str(), 0755), 0);
  ASSERT_EQ(::symlink("../../../../../../etc/passwd", (directory->path() + "/etc/passwd").c_str()),
            0);
  ASSERT_EQ(::mkfifo((directory->path() + "/etc/group").c_str(), 0644), 0);
  auto root = Root::open(directory->path());
  ASSERT_TRUE(root);
  auto user = resolve_user(*root, "root");
  ASSERT_FALSE(user) << "neither the host's table nor a fifo may be read";
}

// Their "default" for what is not told.
User otherwise_of(const Json& test) {
  if (test.contains("default") && test["default"].is_null()) return {};
  return {8888, 8888, {8888}, "/8888"};
}

UserTables tables_of(const Json& table, const Json& test) {
  std::string large = "largegroup:x:1000:user1";
  for (int i = 2; i <= 7500; ++i)
    large += ",user" + std::to_string(i);
  UserTables out;
  if (!test["passwd"].is_null())
    out.passwd = table["files"]["passwd"][test["passwd"].get<std::string>()];
  if (test["group"].is_null()) return out;
  std::string name = test["group"];
  out.group = table["files"]["group"][name].get<std::string>() + (name == "A" ? large + "\n" : "");
  return out;
}

TEST(UserTable, AnswersAsTheReference) {
  auto text = read_file(SUIT_CORPORA "/user-resolution/exec-user.json");
  if (!text) GTEST_SKIP() << "needs the table user-resolution (SUIT_CORPORA)";
  Json table = Json::parse(*text);
  int passed = 0;
  for (const Json& test : table["cases"]) {
    auto user =
        resolve_user(tables_of(table, test), test["user"].get<std::string>(), otherwise_of(test));
    bool is_right = !user && test.contains("expected_error");
    if (user && test.contains("expected")) {
      const Json& e = test["expected"];
      is_right = user->uid == e["uid"] && user->gid == e["gid"] && user->home == e["home"] &&
                 user->additional_gids == e["additional_gids"].get<std::vector<std::uint32_t>>();
    }
    EXPECT_TRUE(is_right) << test.dump() << (user ? "" : user.error().message());
    passed += is_right ? 1 : 0;
  }
  std::printf("user-resolution/exec-user: %d of %zu passed\n", passed, table["cases"].size());
}

TEST(UserTable, AnswersAdditionalGroupsAsTheReference) {
  auto text = read_file(SUIT_CORPORA "/user-resolution/additional-groups.json");
  if (!text) GTEST_SKIP() << "needs the table user-resolution (SUIT_CORPORA)";
  Json table = Json::parse(*text);
  int passed = 0;
  for (const Json& test : table["cases"]) {
    UserTables tables;
    if (!test["group_file"].is_null())
      tables.group = table["files"]["D"].get<std::string>() + "largegroup:x:1000:user1,user2\n";
    auto gids = resolve_groups(tables, test["groups"].get<std::vector<std::string>>());
    bool is_right = gids ? test.contains("expected_sorted") &&
                               *gids == test["expected_sorted"].get<std::vector<std::uint32_t>>()
                         : test.contains("expected_error");
    EXPECT_TRUE(is_right) << test.dump();
    passed += is_right ? 1 : 0;
  }
  std::printf("user-resolution/additional-groups: %d of %zu passed\n", passed,
              table["cases"].size());
}

}  // namespace
}  // namespace suit::os
