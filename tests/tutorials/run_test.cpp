#include "runner/run.h"

#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace suit::lesson {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RunReport report_of(const std::string& text) {
  auto lesson = parse_lesson("a.md", text);
  EXPECT_TRUE(lesson) << lesson.error().message();
  if (!lesson) return {};
  auto report = run_lesson(*lesson, {.root = "/", .path = {}});
  EXPECT_TRUE(report) << report.error().message();
  return report ? *report : RunReport{};
}

TEST(Run, ATrueLessonHasNoProblems) {
  RunReport report = report_of(
      "```console\n$ cd /tmp; there=yes\n$ echo $there $TZ $COLUMNS; pwd\nyes UTC 80\n/tmp\n$ "
      "false\n[exit 1]\n```\n");
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.commands, 3U);
  EXPECT_EQ(report.executed, 3U);
}

TEST(Run, WrongOutputFailsAtItsLine) {
  RunReport report = report_of("text\n```console\n$ echo a\na\n$ echo b\nc\n```\n");
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(report.problems[0],
              HasSubstr("a.md:5: `echo b`: output line 1: expected \"c\", got \"b\""));
}

TEST(Run, AnUnexpectedExitCodeFails) {
  EXPECT_THAT(report_of("```console\n$ (exit 3)\n```\n").problems,
              ElementsAre(HasSubstr("expected exit code 0, got 3")));
  EXPECT_THAT(report_of("```console\n$ true\n[exit 3]\n```\n").problems,
              ElementsAre(HasSubstr("expected exit code 3, got 0")));
}

TEST(Run, AHangFailsAtItsLineAndEndsTheLesson) {
  auto begin = std::chrono::steady_clock::now();
  RunReport report =
      report_of("```console timeout=1\n$ echo a; sleep 600\n$ echo never\nnever\n```\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  ASSERT_FALSE(report.problems.empty());
  EXPECT_THAT(report.problems[0], HasSubstr("a.md:2: `echo a; sleep 600` did not end within 1 s"));
  EXPECT_EQ(report.executed, 1U);
}

TEST(Run, ACommandThatReadsGetsNothing) {
  EXPECT_THAT(report_of("```console\n$ cat\n$ echo next\nnext\n```\n").problems, IsEmpty());
}

TEST(Run, ACommandThatEndsTheShellFails) {
  EXPECT_THAT(report_of("```console\n$ exit 0\n```\n").problems,
              ElementsAre(HasSubstr("a.md:2: `exit 0` ended the lesson's shell")));
}

TEST(Run, AProcessLeftBehindFailsAndIsKilled) {
  RunReport report =
      report_of("```console\n$ setsid sleep 4711 >/dev/null & echo $!\n{{pid:\\d+}}\n```\n");
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(report.problems[0], HasSubstr("(sleep 4711) is still there after the lesson"));
  int pid = std::atoi(report.problems[0].c_str() + report.problems[0].find("process ") + 8);
  ASSERT_GT(pid, 1);
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(Run, AMountLeftBehindFailsAndIsUnmounted) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to mount";
  RunReport report = report_of("```console\n# mkdir m && mount -t tmpfs leak m\n```\n");
  EXPECT_THAT(report.problems,
              ElementsAre(testing::AllOf(HasSubstr("the mount on /tmp/suit-lesson-"),
                                         HasSubstr("/m is still there after the lesson"))));
}

TEST(Run, FilesOfTheLessonAreThere) {
  RunReport report = report_of(
      "```dockerfile file=app/Dockerfile\nFROM scratch\n```\n```console\n$ cat "
      "app/Dockerfile\nFROM scratch\n```\n");
  EXPECT_THAT(report.problems, IsEmpty());
}

TEST(Run, PromoteKeepsWhatIsTrueAndMendsTheRest) {
  RunReport report =
      report_of("a\n```console\n$ echo a\n{{x:a|b}}\n$ echo b; false\nc\n$ echo d\nd\n```\nz\n");
  EXPECT_EQ(
      report.promoted,
      "a\n```console\n$ echo a\n{{x:a|b}}\n$ echo b; false\nb\n[exit 1]\n$ echo d\nd\n```\nz\n");
}

}  // namespace
}  // namespace suit::lesson
