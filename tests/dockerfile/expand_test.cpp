#include "dockerfile/expand.h"

#include <chrono>

#include <gtest/gtest.h>

namespace suit::dockerfile {
namespace {

std::optional<std::string> lookup(std::string_view name) {
  if (name == "NAME") return "value";
  if (name == "BIG") return std::string(1 << 20, 'a');
  return std::nullopt;
}

std::string message(const Result<std::string>& result) {
  return result ? "accepted: " + result->substr(0, 100) : result.error().message();
}

TEST(Expand, ReplacesAndUnquotes) {
  EXPECT_EQ(expand("a $NAME \"${NAME}\" '$NAME' \\$NAME", '\\', lookup).value(),
            "a value value $NAME $NAME");
}

TEST(Expand, TakesTheEscapeCharacterOfTheFile) {
  EXPECT_EQ(expand("C:\\dir\\`$NAME", '`', lookup).value(), "C:\\dir\\$NAME");
}

TEST(Expand, ListsUnsetVariables) {
  auto result = expand_with_names("$NAME $MISSING ${OTHER:-x}", '\\', lookup);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->matched, std::vector<std::string>{"NAME"});
  EXPECT_EQ(result->unmatched, (std::vector<std::string>{"MISSING", "OTHER"}));
}

TEST(Expand, NamesTheWordThatIsWrong) {
  EXPECT_EQ(message(expand("${NAME", '\\', lookup)),
            "failed to process \"${NAME\": syntax error: missing '}'");
  EXPECT_EQ(message(expand("${UNSET:?set it}", '\\', lookup)),
            "failed to process \"${UNSET:?set it}\": UNSET: set it");
  EXPECT_EQ(message(expand("${NAME#\\x}", '\\', lookup)),
            "failed to process \"${NAME#\\\\x}\": invalid pattern (\\x) in substitution: invalid "
            "escape '\\x'");
}

TEST(Expand, BoundsTheResult) {
  EXPECT_EQ(message(expand("$BIG$BIG$BIG$BIG$BIG", '\\', lookup)),
            "failed to process \"$BIG$BIG$BIG$BIG$BIG\": expands to more than 4194304 bytes");
}

TEST(Expand, BoundsTheDepth) {
  std::string word;
  for (int i = 0; i < 20000; ++i)
    word += "${a-";
  EXPECT_NE(message(expand(word, '\\', lookup)).find("nested more than 100 deep"),
            std::string::npos);
}

TEST(Expand, BoundsTheWork) {
  std::string word;
  for (int i = 0; i < 2000; ++i)
    word += "${BIG##*a*a*a*a*a}";
  auto start = std::chrono::steady_clock::now();
  EXPECT_NE(message(expand(word, '\\', lookup)).find("takes too much work"), std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(Expand, ReplacesLongestFromEachPlace) {
  auto value = [](std::string_view) { return std::optional<std::string>("xaxbxax"); };
  EXPECT_EQ(expand("${v//a*x/-}", '\\', value).value(), "x-");
  EXPECT_EQ(expand("${v//x?/-}", '\\', value).value(), "---x");
  EXPECT_EQ(expand("${v##*x}|${v#*x}|${v%x*}|${v%%x*}", '\\', value).value(), "|axbxax|xaxbxa|");
}

TEST(Expand, KeepsQuotesInHeredocs) {
  auto result =
      expand_with_names("say \"$NAME\" it's \\$x", '\\', lookup, {.literal_quotes = true});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->text, "say \"value\" it's $x");
}

}  // namespace
}  // namespace suit::dockerfile
