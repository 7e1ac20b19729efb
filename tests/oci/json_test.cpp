#include "oci/json.h"

#include <gtest/gtest.h>

namespace suit::oci {
namespace {

std::string error_of(std::string_view text, JsonLimits limits = {}) {
  const Result<Json> json = parse_json(text, limits);
  return json ? "accepted " + json->dump() : json.error().message();
}

TEST(Json, ReadsAndWritesTheSameDocument) {
  const std::string text =
      R"({"z":[1,-2,18446744073709551615,1.5,true,false,null,"a\"\\\n\t é"],"a":{},"b":[]})";
  EXPECT_EQ(parse_json(text).value().dump(), text);
}

TEST(Json, KeepsTheOrderOfMembers) {
  Json json;
  json.set("z", 1).set("a", 2).set("z", 3);
  EXPECT_EQ(json.dump(), R"({"z":3,"a":2})");
}

TEST(Json, IndentsOnRequest) {
  EXPECT_EQ(parse_json(R"({"a":[1,{}],"b":[]})").value().dump(2),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
}

TEST(Json, HasTypedViews) {
  const Json json =
      parse_json(R"({"s":"x","n":7,"m":-1,"u":18446744073709551615,"d":0.5})").value();
  EXPECT_EQ(json.string_or("s"), "x");
  EXPECT_EQ(json.string_or("n", "none"), "none");
  EXPECT_EQ(json.find("n")->as_uint(), 7U);
  EXPECT_EQ(json.find("m")->as_uint(), std::nullopt);
  EXPECT_EQ(json.find("m")->as_int(), -1);
  EXPECT_EQ(json.find("u")->as_int(), std::nullopt);
  EXPECT_EQ(json.find("u")->as_uint(), UINT64_MAX);
  EXPECT_EQ(json.find("d")->as_double(), 0.5);
  EXPECT_EQ(json.find("absent"), nullptr);
  EXPECT_EQ(json.find("s")->find("x"), nullptr);
  EXPECT_EQ(Json(std::uint64_t{7}), Json(7));
}

TEST(Json, RefusesDuplicateKeysWithTheirPlace) {
  EXPECT_EQ(error_of("{\n  \"a\": 1,\n  \"a\": 2\n}"), "invalid JSON at 3:5: duplicate key \"a\"");
  EXPECT_EQ(error_of(R"([{"x":1},{"x":1}])"), R"(accepted [{"x":1},{"x":1}])");
}

TEST(Json, RefusesWhatIsNoJson) {
  for (std::string_view bad :
       {"",    " ",       "{",        "[1,]",    "{\"a\":1,}", "NaN",  "Infinity",
        "01",  "+1",      "'a'",      "// x\n1", "1 2",        "{} x", "nul",
        "\"a", "\"\\x\"", "\"\x01\"", "1e999",   "{\"a\" 1}",  "{a:1}"})
    EXPECT_TRUE(error_of(bad).starts_with("invalid JSON at ")) << bad << "\n" << error_of(bad);
}

TEST(Json, RefusesTextThatIsNotUtf8) {
  for (std::string_view bad : {"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
                               "\"\xf5\x80\x80\x80\"", "\"\\ud800\"", "\xef\xbb\xbf{}"})
    EXPECT_TRUE(error_of(bad).starts_with("invalid JSON at ")) << error_of(bad);
}

TEST(Json, BoundsDepthAndSize) {
  const std::string deep = std::string(65, '[') + std::string(65, ']');
  EXPECT_EQ(error_of(deep), "invalid JSON at 1:65: nested deeper than 64 levels");
  EXPECT_TRUE(error_of(std::string(64, '[') + std::string(64, ']')).starts_with("accepted"));
  EXPECT_EQ(error_of("[1,2,3]", {.size_bytes = 6}), "JSON document of 7 bytes is larger than 6");
  // Half a million opening brackets must not reach anybody's stack.
  EXPECT_EQ(error_of(std::string(500'000, '[')),
            "invalid JSON at 1:65: nested deeper than 64 levels");
}

TEST(Json, TakesAMillionKeysInLinearTime) {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i)
    text += "\"" + std::to_string(i) + "\":1,";
  text += "\"end\":1}";
  EXPECT_EQ(parse_json(text).value().as_object()->size(), 200'001U);
}

TEST(Json, WritesBytesThatAreNoTextAsGoDoes) {
  EXPECT_EQ(Json("a\xff\x01z").dump(), R"("a\ufffd\u0001z")");
  EXPECT_EQ(Json("\xe2\x82\xac").dump(), "\"\xe2\x82\xac\"");
}

}  // namespace
}  // namespace suit::oci
