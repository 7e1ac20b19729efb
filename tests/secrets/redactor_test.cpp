#include "secrets/redactor.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace suit::secrets {
namespace {

constexpr std::string_view kValue = "hunter2-correct";

Redactor redactor_of(std::string_view value, Redactor::Mask mask = Redactor::Mask::Yes) {
  Redactor redactor(mask);
  EXPECT_TRUE(redactor.add("id", SecretBytes::copy_of(value).value()));
  return redactor;
}

std::string masked(std::string_view value, std::string_view text, std::size_t piece) {
  Redactor redactor = redactor_of(value);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece)
    out += redactor.feed(text.substr(at, piece));
  return out + redactor.finish();
}

TEST(Redactor, MasksTheValueHoweverItIsCut) {
  const std::string text = "a hunter2-correct b hunter2-correcthunter2-correct hunter2-corr";
  for (std::size_t piece = 1; piece <= text.size(); ++piece)
    EXPECT_EQ(masked(kValue, text, piece), "a [secret id] b [secret id][secret id] hunter2-corr")
        << "pieces of " << piece;
}

TEST(Redactor, FindsEncodings) {
  const std::vector<std::string> encodings = {
      "68756e746572322d636f7272656374",  // hex
      "68756E746572322D636F7272656374",
      "aHVudGVyMi1jb3JyZWN0",      // base64, alone
      "eGh1bnRlcjItY29ycmVjdA==",  // behind one byte
      "eHhodW50ZXIyLWNvcnJlY3Q=",  // behind two
  };
  for (const std::string& text : encodings) {
    Redactor redactor = redactor_of(kValue);
    const std::string out = redactor.feed(text) + redactor.finish();
    EXPECT_NE(out.find("[secret id]"), std::string::npos) << text;
    EXPECT_EQ(redactor.printed(), std::vector<std::string>{"id"}) << text;
  }
  EXPECT_EQ(masked("pass word/é", "pass%20word%2F%C3%A9", 100), "[secret id]");
}

TEST(Redactor, FindsALineOfALongValue) {
  EXPECT_EQ(masked("-----BEGIN-----\nMIIEvQIBADANBg\n", "x MIIEvQIBADANBg y", 3),
            "x [secret id] y");
}

TEST(Redactor, OnlyTellsWhenNotAskedToMask) {
  Redactor redactor = redactor_of(kValue, Redactor::Mask::No);
  const std::string text = "say hunter2-correct\n";
  EXPECT_EQ(redactor.feed(text) + redactor.finish(), text);
  EXPECT_EQ(redactor.printed(), std::vector<std::string>{"id"});
}

TEST(Redactor, LeavesInnocentTextAlone) {
  const std::string text = "hunter hunter2 -correct aHVudGVy 68756e";
  EXPECT_EQ(masked(kValue, text, 1), text);
}

TEST(Redactor, RefusesWhatIsTooShort) {
  Redactor redactor(Redactor::Mask::Yes);
  EXPECT_FALSE(redactor.add("id", SecretBytes::copy_of("12345\n").value()));
  EXPECT_TRUE(redactor.empty());
}

}  // namespace
}  // namespace suit::secrets
