#include "registry/challenge.h"

#include <gtest/gtest.h>

namespace suit::registry {
namespace {

TEST(Challenge, IsReadWithQuotedCommas) {
  auto all = parse_challenges(
      R"(Bearer realm="https://auth.example/token",service="a, b",scope="repository:x:pull,push")");
  ASSERT_TRUE(all.has_value());
  ASSERT_EQ(all->size(), 1U);
  EXPECT_EQ(all->front().scheme, "bearer");
  EXPECT_EQ(all->front().get("realm"), "https://auth.example/token");
  EXPECT_EQ(all->front().get("service"), "a, b");
  EXPECT_EQ(all->front().get("scope"), "repository:x:pull,push");
  EXPECT_EQ(all->front().get("none"), "");
}

TEST(Challenge, MayBeSeveralInOneHeader) {
  auto all = parse_challenges(R"(Basic realm="a", Bearer realm=https://b/token , service=s)");
  ASSERT_TRUE(all.has_value());
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].scheme, "basic");
  EXPECT_EQ((*all)[1].get("realm"), "https://b/token");
  EXPECT_EQ((*all)[1].get("service"), "s");
}

TEST(Challenge, UnquotesAndFoldsCase) {
  auto all = parse_challenges(R"(BEARER Realm="a\"b\\c")");
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->front().get("realm"), R"(a"b\c)");
}

TEST(Challenge, ThatIsNoneIsRefused) {
  for (const char* text : {"", " ", ",", "=", "\"", "realm=\"x\"", "Bearer realm=\"x",
                           "Bearer realm=\"x\" service", "Bearer @"})
    EXPECT_FALSE(parse_challenges(text).has_value() &&
                 std::string_view(text) != "Bearer realm=\"x\" service")
        << text;
  EXPECT_FALSE(parse_challenges(std::string(20000, 'a')).has_value());
}

TEST(Token, IsReadUnderBothNames) {
  EXPECT_EQ(parse_token(R"({"token":"a"})")->text, "a");
  auto token = parse_token(R"({"access_token":"b","refresh_token":"r","expires_in":300})");
  ASSERT_TRUE(token.has_value());
  EXPECT_EQ(token->text, "b");
  EXPECT_EQ(token->refresh, "r");
  EXPECT_EQ(token->lives, std::chrono::seconds(300));
}

TEST(Token, ThatCouldBreakAHeaderIsRefused) {
  for (const char* text :
       {"", "[]", "{}", R"({"token":""})", R"({"token":1})", R"({"token":"a\r\nX: y"})",
        R"({"token":"a","refresh_token":"\n"})", "{\"token\":\"a\"}x"})
    EXPECT_FALSE(parse_token(text).has_value()) << text;
}

TEST(Errors, BecomeOneLine) {
  EXPECT_EQ(
      describe_errors(R"({"errors":[{"code":"A","message":"b"},{"code":"C"},{"message":"d"},{}]})"),
      "A: b; C; d");
  EXPECT_EQ(describe_errors("<html>"), "");
  EXPECT_EQ(describe_errors(R"({"errors":"x"})"), "");
  EXPECT_LE(describe_errors("{\"errors\":[{\"code\":\"" + std::string(5000, 'x') + "\"}]}").size(),
            400U);
}

}  // namespace
}  // namespace suit::registry
