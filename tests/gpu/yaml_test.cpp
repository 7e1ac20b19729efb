#include "gpu/yaml.h"

#include <gtest/gtest.h>

namespace suit::gpu {
namespace {

struct Row {
  const char* yaml;
  const char* expected;  // JSON, or the end of the error
};

TEST(Yaml, ReadsWhatJsonHasWordsFor) {
  const Row rows[] = {
      {"a: b\n", R"({"a":"b"})"},
      {"---\na: 1\nb: 0o666\nc: 0x10\nd: -3\ne: 1.5\n", R"({"a":1,"b":438,"c":16,"d":-3,"e":1.5})"},
      {"a: 0.5.0\n", R"({"a":"0.5.0"})"},
      {"a: \"1\"\nb: '2'\n", R"({"a":"1","b":"2"})"},
      {"a: yes\nb: true\nc: null\nd:\n", R"({"a":"yes","b":true,"c":null,"d":null})"},
      {"- a\n- [b, {c: d}]\n", R"(["a",["b",{"c":"d"}]])"},
      {"a: |\n  x\n  y\n", R"({"a":"x\ny\n"})"},
      {"{\"a\": [1, true]}", R"({"a":[1,true]})"},
      {"# nothing but\nx # a comment\n", R"("x")"},
      {"a: 18446744073709551615\n", R"({"a":18446744073709551615})"},
  };
  for (const Row& row : rows) {
    const auto value = parse_yaml(row.yaml);
    ASSERT_TRUE(value) << row.yaml << value.error().message();
    EXPECT_EQ(value->dump(), row.expected);
  }
}

TEST(Yaml, RefusesTheRestByPlace) {
  const Row rows[] = {
      {"a: &x 1\n", "invalid YAML at 1:4: an anchor"},
      {"a: *x\n", "invalid YAML at 1:4: an alias"},
      {"a: 1\na: 2\n", "invalid YAML at 2:1: duplicate key \"a\""},
      {"a: !!str 1\n", "invalid YAML at 1:4: a tag"},
      {"a: 1\n---\nb: 2\n", "invalid YAML at 2:1: a second document"},
      {"? [a]\n: b\n", "invalid YAML at 1:3: a key that is not a scalar"},
      {"", "invalid YAML at 1:1: no document"},
      {"a: [1, 2\n", "invalid YAML at 2:1: "},
      {"a: \"\xff\"\n", "invalid YAML at "},
      {"a:\n\t- b\n", "invalid YAML at 2:"},
  };
  for (const Row& row : rows) {
    const auto value = parse_yaml(row.yaml);
    ASSERT_FALSE(value) << row.yaml << value->dump();
    EXPECT_TRUE(value.error().message().starts_with(row.expected))
        << row.yaml << value.error().message();
  }
}

TEST(Yaml, IsBounded) {
  EXPECT_FALSE(parse_yaml(std::string(100, '[')));
  const auto deep = parse_yaml(std::string(80, '[') + std::string(80, ']'));
  ASSERT_FALSE(deep);
  EXPECT_NE(deep.error().message().find("nested deeper than 64 levels"), std::string::npos);
  EXPECT_FALSE(parse_yaml(std::string(5U << 20, 'a')));
}

TEST(Yaml, WritesWhatItReads) {
  const char* const documents[] = {
      R"({"a":"b","list":["x",{"k":"v","l":[1,2]},[],{}],"empty":{},"n":438,"t":true})",
      R"({"version":"0.5.0","yes":"yes","colon":"a: b","hash":"# no","zero":"0","blank":""})",
      R"({"deep":{"er":{"list":[["a"],["b","c"]]}},"path":"/dev/nvidia0","minus":"- x","nl":"a\nb"})",
      R"([{"a":[{"b":null}]}])",
      R"("one")",
      "[]"};
  for (const char* document : documents) {
    const auto value = oci::parse_json(document);
    ASSERT_TRUE(value);
    const auto again = parse_yaml(to_yaml(*value));
    ASSERT_TRUE(again) << to_yaml(*value) << again.error().message();
    EXPECT_EQ(again->dump(), value->dump()) << to_yaml(*value);
  }
}

}  // namespace
}  // namespace suit::gpu
