#include "engine/line_file.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/logs.h"
#include "os/file.h"

namespace suit::engine {
namespace {

class LineFile : public ::testing::Test {
 protected:
  void SetUp() override {
    auto dir = os::TempDir::create("/tmp", "suit-lines-");
    ASSERT_TRUE(dir) << dir.error().message();
    dir_.emplace(*std::move(dir));
    path_ = dir_->path() + "/log";
  }

  std::vector<std::string> rest_of(LineReader& reader) {
    std::vector<std::string> lines;
    while (true) {
      auto line = reader.next();
      EXPECT_TRUE(line) << line.error().message();
      if (!line || !*line) return lines;
      lines.push_back(**line);
    }
  }

  std::optional<os::TempDir> dir_;
  std::string path_;
};

TEST_F(LineFile, KeepsNoMoreThanItsLimits) {
  LineWriter writer = LineWriter::create(path_, {100, 3}).value();
  for (int i = 0; i < 1000; ++i)
    ASSERT_TRUE(writer.append(fmt::format("{:09}\n", i)));
  auto names = os::list_dir(dir_->path()).value();
  EXPECT_EQ(names, (std::vector<std::string>{"log", "log.1", "log.2"}));
  for (const std::string& name : names)
    EXPECT_LE(os::read_file(dir_->path() + "/" + name).value().size(), 100U) << name;
}

TEST_F(LineFile, ReadsFromTheOldestToTheNewest) {
  LineWriter writer = LineWriter::create(path_, {50, 4}).value();
  for (int i = 0; i < 18; ++i)
    ASSERT_TRUE(writer.append(fmt::format("{:09}\n", i)));
  LineReader reader = LineReader::open(path_, 100).value();
  std::vector<std::string> wanted;
  for (int i = 0; i < 18; ++i)
    wanted.push_back(fmt::format("{:09}", i));
  EXPECT_EQ(rest_of(reader), wanted);
}

TEST_F(LineFile, FollowsOverTurningOver) {
  LineWriter writer = LineWriter::create(path_, {50, 3}).value();
  ASSERT_TRUE(writer.append("first\n"));
  LineReader reader = LineReader::open(path_, 100).value();
  EXPECT_EQ(rest_of(reader), std::vector<std::string>{"first"});
  // Eleven lines of ten bytes: it turns over twice while the reader stands in the oldest file.
  std::vector<std::string> wanted;
  for (int i = 0; i < 11; ++i) {
    wanted.push_back(fmt::format("{:09}", i));
    ASSERT_TRUE(writer.append(wanted.back() + "\n"));
  }
  EXPECT_EQ(rest_of(reader), wanted);
  ASSERT_TRUE(writer.append("last\n"));
  EXPECT_EQ(rest_of(reader), std::vector<std::string>{"last"});
}

TEST_F(LineFile, HoldsTheOnlyFileItReadsWhenThatGoes) {
  LineWriter writer = LineWriter::create(path_, {20, 1}).value();
  ASSERT_TRUE(writer.append("before\n"));
  LineReader reader = LineReader::open(path_, 100).value();
  ASSERT_TRUE(writer.append("still\n"));
  ASSERT_TRUE(writer.append("a new file\n"));
  EXPECT_EQ(rest_of(reader), (std::vector<std::string>{"before", "still", "a new file"}));
}

TEST_F(LineFile, RefusesALineWithoutEnd) {
  ASSERT_TRUE(os::replace_file(path_, std::string(1000, 'x')));
  LineReader reader = LineReader::open(path_, 100).value();
  auto line = reader.next();
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code(), EFBIG);
}

TEST_F(LineFile, IsNotThereBeforeTheFirstLine) {
  auto reader = LineReader::open(path_, 100);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code(), ENOENT);
}

TEST_F(LineFile, LogsKeepAttributesAndTimeBounds) {
  LogWriter log = LogWriter::create(path_, {1000, 2}, {{"team", "data"}}).value();
  ASSERT_TRUE(log.write(Stream::Stdout, "one\n"));
  std::vector<LogLine> lines;
  auto collect = [&](const LogLine& line) {
    lines.push_back(line);
    return true;
  };
  auto never = [] { return false; };
  ASSERT_TRUE(read_log(path_, {}, never, collect));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].attributes.at("team"), "data");
  LogQuery later;
  later.since_ns = INT64_MAX;
  ASSERT_TRUE(read_log(path_, later, never, collect));
  LogQuery earlier;
  earlier.until_ns = 0;
  ASSERT_TRUE(read_log(path_, earlier, never, collect));
  EXPECT_EQ(lines.size(), 1U);
}

}  // namespace
}  // namespace suit::engine
