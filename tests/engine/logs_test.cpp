#include "engine/logs.h"

#include <cerrno>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "os/file.h"

namespace suit::engine {
namespace {

class Log : public ::testing::Test {
 protected:
  void SetUp() override {
    auto dir = os::TempDir::create("/tmp", "suit-logs-");
    ASSERT_TRUE(dir) << dir.error().message();
    dir_.emplace(*std::move(dir));
    path_ = dir_->path() + "/log.json";
  }

  std::vector<LogLine> lines(LogQuery query = {}) {
    std::vector<LogLine> all;
    auto done = read_log(
        path_, query, [] { return false; },
        [&](const LogLine& line) {
          all.push_back(line);
          return true;
        });
    EXPECT_TRUE(done) << done.error().message();
    return all;
  }

  std::optional<os::TempDir> dir_;
  std::string path_;
};

TEST_F(Log, GivesBackLinesWithTheirStreams) {
  LogWriter log = LogWriter::create(path_).value();
  ASSERT_TRUE(log.write(Stream::Stdout, "one\ntwo"));
  ASSERT_TRUE(log.write(Stream::Stderr, "oops\n"));
  ASSERT_TRUE(log.write(Stream::Stdout, " and a half\n"));
  auto all = lines();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].text, "one\n");
  EXPECT_EQ(all[1].text, "oops\n");
  EXPECT_EQ(all[1].stream, Stream::Stderr);
  EXPECT_EQ(all[2].text, "two and a half\n");
  EXPECT_EQ(all[2].time.size(), std::string("2026-01-01T00:00:00.000000000Z").size());
}

TEST_F(Log, KeepsALastLineWithoutItsNewline) {
  LogWriter log = LogWriter::create(path_).value();
  ASSERT_TRUE(log.write(Stream::Stdout, "prompt> "));
  EXPECT_TRUE(lines().empty());
  ASSERT_TRUE(log.flush());
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_EQ(lines()[0].text, "prompt> ");
}

TEST_F(Log, CutsALineThatNeverEnds) {
  LogWriter log = LogWriter::create(path_).value();
  std::string endless(100'000, 'x');
  ASSERT_TRUE(log.write(Stream::Stdout, endless));
  ASSERT_TRUE(log.flush());
  std::string joined;
  for (const LogLine& line : lines()) {
    EXPECT_LE(line.text.size(), 16U * 1024);
    joined += line.text;
  }
  EXPECT_EQ(joined, endless);
}

TEST_F(Log, LeavesOutARecordThatAKilledWriterLeftHalf) {
  ASSERT_TRUE(os::replace_file(path_, "{\"log\":\"half"));
  LogWriter log = LogWriter::create(path_).value();
  ASSERT_TRUE(log.write(Stream::Stdout, "lost with it\nkept\n"));
  auto all = lines();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].text, "kept\n");
}

TEST_F(Log, ReplacesBytesThatAreNotText) {
  LogWriter log = LogWriter::create(path_).value();
  ASSERT_TRUE(log.write(Stream::Stdout, "a\xff\xc3(\xe2\x82\xac\n"));
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_EQ(lines()[0].text, "a\xef\xbf\xbd\xef\xbf\xbd(\xe2\x82\xac\n");
}

TEST_F(Log, ShowsOnlyItsTail) {
  LogWriter log = LogWriter::create(path_).value();
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(log.write(Stream::Stdout, std::to_string(i) + "\n"));
  auto last = lines({.tail = 2, .follow = false});
  ASSERT_EQ(last.size(), 2U);
  EXPECT_EQ(last[0].text, "8\n");
  EXPECT_TRUE(lines({.tail = 0, .follow = false}).empty());
}

TEST_F(Log, FollowsUntilTheContainerIsGone) {
  LogWriter log = LogWriter::create(path_).value();
  ASSERT_TRUE(log.write(Stream::Stdout, "first\n"));
  int asked = 0;
  std::vector<std::string> seen;
  auto alive = [&] {
    // The last words are written just before the end, as a real container's are.
    EXPECT_TRUE(log.write(Stream::Stdout, "later " + std::to_string(asked) + "\n"));
    return ++asked < 3;
  };
  auto done =
      read_log(path_, {.tail = std::nullopt, .follow = true}, alive, [&](const LogLine& line) {
        seen.push_back(line.text);
        return true;
      });
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(seen, (std::vector<std::string>{"first\n", "later 0\n", "later 1\n", "later 2\n"}));
}

TEST_F(Log, OfAContainerThatNeverRanIsEmpty) { EXPECT_TRUE(lines().empty()); }

}  // namespace
}  // namespace suit::engine
