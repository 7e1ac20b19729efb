#include "cli/text.h"

#include "../support/corpora.h"

namespace suit::cli {
namespace {

TEST(SafeText, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(safe("plain\ttext\n"), "plain\ttext\n");
  EXPECT_EQ(safe("\x1b]0;owned\x07"), "\\x1b]0;owned\\x07");
  EXPECT_EQ(safe("a\rb"), "a\\x0db");
  EXPECT_EQ(safe("\x7f"), "\\x7f");
  EXPECT_EQ(safe("\xc2\x9bzm"), "\\xc2\\x9bzm");  // U+009B, a one-character escape sequence
  EXPECT_EQ(safe("\xff\xc0\x80"), "\\xff\\xc0\\x80");
  EXPECT_EQ(safe("a\xe2\x80\xae"
                 "b"),
            "a\\xe2\\x80\\xaeb");  // U+202E writes backwards
  EXPECT_EQ(safe("grün 你好 🐳"), "grün 你好 🐳");
}

TEST(SafeText, TellsUtf8FromOtherBytes) {
  EXPECT_TRUE(is_utf8("grün 🐳"));
  EXPECT_FALSE(is_utf8("\xe2\x82"));
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));
}

TEST(Wrap, BreaksAtSpaces) {
  EXPECT_EQ(wrap_text("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrap_text("unbreakable", 3), std::vector<std::string>{"unbreakable"});
}

TEST(Table, AlignsAsDockerDoes) {
  Table table({"IMAGE", "CREATED AT", "SIZE"});
  table.add({"abcdef", "2017-01-01T12:00:03Z", ""});
  EXPECT_EQ(table.text(),
            "IMAGE     CREATED AT             SIZE\nabcdef    2017-01-01T12:00:03Z   \n");
}

TEST(Table, CannotBeMisalignedByItsCells) {
  Table table({"NAME", "X"});
  table.add({"a\x1b[1m", "1"});
  table.add({"你好世界你好世界", "2"});
  EXPECT_EQ(table.text(), "NAME               X\na\\x1b[1m           1\n你好世界你好世界   2\n");
}

TEST(TextCorpora, EllipsisIsDockers) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/ellipsis.json");
  for (const auto& row : corpora::cases("docker-cli/ellipsis.json")) {
    const std::string cut =
        ellipsis(row["input"].get<std::string>(), row["width"].get<std::size_t>());
    EXPECT_EQ(cut, row["expected"].get<std::string>()) << row.dump();
    tally.count(cut == row["expected"].get<std::string>());
  }
}

TEST(TextCorpora, IdsAreCutAsDockerCutsThem) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/truncate-id.json");
  for (const auto& row : corpora::cases("docker-cli/truncate-id.json")) {
    const std::string cut = short_id(row["input"].get<std::string>());
    EXPECT_EQ(cut, row["expected"].get<std::string>()) << row.dump();
    tally.count(cut == row["expected"].get<std::string>());
  }
}

}  // namespace
}  // namespace suit::cli
