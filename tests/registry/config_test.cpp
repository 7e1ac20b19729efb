#include "registry/config.h"

#include <gtest/gtest.h>

namespace suit::registry {
namespace {

Config config(const char* text) { return parse_config(text).value(); }

TEST(Config, NamesInsecureHostsAndNetworks) {
  Config c = config(R"({"insecure": ["reg.lan:5000", "10.1.0.0/16"]})");
  EXPECT_TRUE(is_insecure(c, "reg.lan:5000"));
  EXPECT_FALSE(is_insecure(c, "reg.lan"));
  EXPECT_TRUE(is_insecure(c, "10.1.2.3:80"));
  EXPECT_FALSE(is_insecure(c, "10.2.2.3"));
  EXPECT_TRUE(is_insecure(c, "localhost:5000"));
  EXPECT_FALSE(is_insecure(c, "docker.io"));
}

TEST(Config, HubIsDialledUnderAnotherName) {
  Endpoint hub = endpoint_of({}, "docker.io");
  EXPECT_EQ(hub.host, "registry-1.docker.io");
  EXPECT_EQ(hub.account, "docker.io");
  EXPECT_FALSE(hub.may_be_plain);
  EXPECT_TRUE(hub.tls.verify);
}

TEST(Config, MirrorsComeFirst) {
  Config c = config(R"({"mirrors": {"docker.io": ["https://m.lan", "http://n.lan:5000"]}})");
  auto all = endpoints(c, "docker.io");
  ASSERT_TRUE(all.has_value());
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ((*all)[0].host, "m.lan");
  EXPECT_FALSE((*all)[0].may_be_plain);
  EXPECT_TRUE((*all)[1].must_be_plain);
  EXPECT_EQ((*all)[1].account, "n.lan:5000");
  EXPECT_EQ((*all)[2].host, "registry-1.docker.io");
  EXPECT_FALSE(endpoints(config(R"({"mirrors": {"a": ["m.lan"]}})"), "a").has_value());
}

TEST(Config, AliasesKeepTagAndDigest) {
  Config c = config(R"({"aliases": {"python": "reg.lan/library/python", "a/b": "c/d"}})");
  EXPECT_EQ(apply_alias(c, "python"), "reg.lan/library/python");
  EXPECT_EQ(apply_alias(c, "python:3"), "reg.lan/library/python:3");
  EXPECT_EQ(apply_alias(c, "a/b@sha256:x"), "c/d@sha256:x");
  EXPECT_EQ(apply_alias(c, "localhost:5000/python"), "localhost:5000/python");
}

TEST(Config, RefusesWhatItDoesNotKnow) {
  for (const char* text :
       {"[]", "{", R"({"mirror": {}})", R"({"insecure": "x"})", R"({"insecure": [1]})",
        R"({"mirrors": []})", R"({"aliases": {"a": 1}})"})
    EXPECT_FALSE(parse_config(text).has_value()) << text;
}

}  // namespace
}  // namespace suit::registry
