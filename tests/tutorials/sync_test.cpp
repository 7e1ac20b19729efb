#include "runner/sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/steps.h"
#include "os/file.h"

namespace suit::lesson {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kSource = "//> start\nint a;\nint b;\n//< start\n//> end\nint c;\n//< end\n";

/// A repository with one chapter and one lesson.
class Sync : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = os::TempDir::create("/tmp", "suit-sync-test-");
    ASSERT_TRUE(created) << created.error().message();
    directory_ = std::make_unique<os::TempDir>(std::move(*created));
    write("chapters/01-suit/main.cpp", kSource);
  }
  std::string root() const { return directory_->path(); }
  void write(const std::string& path, std::string_view text) const {
    std::string full = root() + "/" + path;
    ASSERT_TRUE(os::make_dirs(full.substr(0, full.rfind('/'))));
    ASSERT_TRUE(os::replace_file(full, text));
  }
  Lesson lesson(std::string_view text) const {
    write("tutorials/01-suit.md", text);
    auto parsed = parse_lesson(root() + "/tutorials/01-suit.md", text);
    EXPECT_TRUE(parsed) << parsed.error().message();
    return parsed ? *parsed : Lesson{};
  }
  std::vector<std::string> problems(std::string_view text) const {
    auto result = stale_blocks(lesson(text), root());
    return result ? *result : std::vector{result.error().message()};
  }

 private:
  std::unique_ptr<os::TempDir> directory_;
};

TEST_F(Sync, RewritesListings) {
  auto text = synced_text(
      lesson("# T\n```cpp src=chapters/01-suit/main.cpp#start\nold\n```\nend\n"), root());
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(*text, "# T\n```cpp src=chapters/01-suit/main.cpp#start\nint a;\nint b;\n```\nend\n");
  EXPECT_THAT(problems(*text), IsEmpty());
}

TEST_F(Sync, AStaleRegionFailsWithADiff) {
  auto found = problems("# T\n```cpp src=chapters/01-suit/main.cpp#start\nint a;\nint x;\n```\n");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0],
              HasSubstr("tutorials/01-suit.md:2: stale: chapters/01-suit/main.cpp#start"));
  EXPECT_THAT(found[0], HasSubstr("   int a;\n  -int x;\n  +int b;\n"));
}

TEST_F(Sync, AnUnknownRegionFailsAndNamesTheNearest) {
  auto found = problems("```cpp src=chapters/01-suit/main.cpp#strat\n```\n");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(
      found[0],
      HasSubstr("chapters/01-suit/main.cpp has no region \"strat\" (did you mean \"start\"?)"));
}

TEST_F(Sync, AMissingSourceFails) {
  auto found = problems("```cpp src=chapters/01-suit/gone.cpp#start\n```\n");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0], HasSubstr("tutorials/01-suit.md:1: "));
  EXPECT_THAT(found[0], HasSubstr("gone.cpp"));
}

TEST_F(Sync, ARegionThatNoLessonShowsFails) {
  auto unused =
      unused_regions({lesson("```cpp src=chapters/01-suit/main.cpp#start\n```\n")}, root());
  ASSERT_TRUE(unused) << unused.error().message();
  EXPECT_THAT(*unused, ElementsAre("chapters/01-suit/main.cpp:5: no lesson shows region \"end\""));
}

TEST_F(Sync, LinksMustLeadSomewhere) {
  EXPECT_THAT(
      problems("# A root of its own\n[x](#a-root-of-its-own) [y](../chapters/01-suit/main.cpp)\n"),
      IsEmpty());
  EXPECT_THAT(problems("[x](#gone)\n"), ElementsAre(HasSubstr("01-suit.md:1: ")));
  EXPECT_THAT(problems("![x](pictures/gone.svg)\n"),
              ElementsAre(HasSubstr("the link to pictures/gone.svg leads nowhere")));
}

std::string parse_error(std::string_view text) {
  auto parsed = parse_lesson("a.md", text);
  return parsed ? "no error" : parsed.error().message();
}

TEST(Lesson, ABlockThatNothingChecksIsAnError) {
  EXPECT_EQ(parse_error("x\n```cpp\nint a;\n```\n"), "a.md:2: nothing checks this `cpp` block");
  EXPECT_EQ(parse_error("```sh\nls\n```\n"), "a.md:1: nothing checks this `sh` block");
  EXPECT_EQ(parse_error("```text\nls\n```\n"), "no error");
}

TEST(Lesson, WrongBlocksNameTheirLine) {
  EXPECT_EQ(parse_error("x\n```console\n$ ls\n"), "a.md:2: this block is never closed");
  EXPECT_EQ(parse_error("```console\nls\n```\n"),
            "a.md:2: a console block begins with a prompt, `$ ` or `# `");
  EXPECT_EQ(parse_error("```console\n```\n"), "a.md:1: a console block without a command");
  EXPECT_EQ(parse_error("```console lab=moon\n$ ls\n```\n"),
            "a.md:1: unknown block attribute \"lab=moon\"");
  EXPECT_EQ(parse_error("```console\n$ ls\n[exit x]\n```\n"), "a.md:3: [exit N] takes a number");
  EXPECT_EQ(parse_error("```text file=../x\n```\n"),
            "a.md:1: file= must stay in the scratch directory");
}

TEST(Lesson, ConsoleBlocksAreCutAtTheirPrompts) {
  auto parsed = parse_lesson(
      "a.md", "```console timeout=5\n$ cat <<E\n> x\n> E\nx\n# false\n[exit 1]\n```\n");
  ASSERT_TRUE(parsed) << parsed.error().message();
  const Block& block = parsed->blocks.at(0);
  EXPECT_TRUE(block.needs_root);
  EXPECT_EQ(block.timeout, std::chrono::seconds(5));
  ASSERT_EQ(block.commands.size(), 2U);
  EXPECT_EQ(block.commands[0].text, "cat <<E\nx\nE");
  EXPECT_THAT(block.commands[0].expected, ElementsAre("x"));
  EXPECT_EQ(block.commands[1].exit_code, 1);
}

/// The heading that a step of the registry points to must exist: `--explain` and error hints print
/// it.
TEST(Steps, PointToHeadingsThatExist) {
  std::string folder = std::string(SUIT_SOURCE_DIR) + "/tutorials/";
  for (const Step& step : all_steps()) {
    std::size_t hash = step.tutorial.find('#');
    ASSERT_NE(hash, std::string_view::npos) << step.id << ": " << step.tutorial;
    std::string name(step.tutorial.substr(0, hash));
    auto text = os::read_file(folder + name + ".md");
    ASSERT_TRUE(text) << "step " << step.id << ": " << text.error().message();
    auto parsed = parse_lesson(name + ".md", *text);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_THAT(heading_anchors(*parsed),
                ::testing::Contains(std::string(step.tutorial.substr(hash + 1))))
        << "step " << step.id;
  }
}

}  // namespace
}  // namespace suit::lesson
