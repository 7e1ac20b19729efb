#include "oci/platform.h"

#include <gtest/gtest.h>

#include "../support/corpora.h"

namespace suit::oci {
namespace {

using nlohmann::json;

TEST(Platform, IsReadAndWritten) {
  EXPECT_EQ(to_text(parse_platform("Linux/x86_64").value()), "linux/amd64");
  EXPECT_EQ(to_text(parse_platform("aarch64").value()), "linux/arm64");
  EXPECT_EQ(to_text(parse_platform("linux/arm/v6").value()), "linux/arm/v6");
}

TEST(Platform, SaysWhatIsWrong) {
  EXPECT_EQ(parse_platform("linux/a b").error().message(),
            "invalid platform \"linux/a b\": \"a b\" is not a name");
  EXPECT_EQ(
      parse_platform("amd46").error().message(),
      "invalid platform \"amd46\": \"amd46\" is neither an operating system nor an architecture "
      "(did you mean \"amd64\"?)");
  EXPECT_EQ(parse_platform("a/b/c/d").error().message(),
            "invalid platform \"a/b/c/d\": more than three parts");
}

TEST(PlatformCorpora, ParsesAsContainerdDoes) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("platforms/parse.json");
  for (const json& row : corpora::cases("platforms/parse.json")) {
    if (row.value("skip", false)) {  // wildcards, which upstream does not implement either
      tally.deviate();
      continue;
    }
    const Result<Platform> platform = parse_platform(row["input"].get<std::string>());
    bool ok = !platform;
    if (row.contains("expected")) {
      const json& expected = row["expected"];
      ok = platform && platform->os == expected["os"].get<std::string>() &&
           platform->architecture == expected["architecture"].get<std::string>() &&
           platform->variant == expected["variant"].get<std::string>() &&
           platform->os_version == expected.value("os_version", "") &&
           platform->os_features == expected.value("os_features", std::vector<std::string>()) &&
           to_text(*platform) == row["formatted"].get<std::string>();
    }
    EXPECT_TRUE(ok) << row.dump() << (platform ? to_text(*platform) : platform.error().message());
    tally.count(ok);
  }
}

TEST(PlatformCorpora, MatchesAsContainerdDoes) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("platforms/match.json");
  for (const json& row : corpora::cases("platforms/match.json")) {
    const Platform host = parse_platform(row["platform"].get<std::string>()).value();
    bool (*judge)(const Platform&, const Platform&) = row["mode"] == "only" ? can_run : is_same;
    bool ok = true;
    for (const auto& [key, wanted] : {std::pair("matches", true), {"does_not_match", false}}) {
      for (const auto& text : row[key]) {
        const Platform image = parse_platform(text.get<std::string>()).value();
        if (judge(host, image) == wanted) continue;
        ok = false;
        ADD_FAILURE() << row["name"] << ": " << row["platform"] << " " << key << " " << text;
      }
    }
    tally.count(ok);
  }
}

}  // namespace
}  // namespace suit::oci
