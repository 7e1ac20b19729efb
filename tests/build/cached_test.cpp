// What is done again, and what is not.

#include <sys/stat.h>

#include <thread>

#include <gmock/gmock.h>

#include "fixture.h"

namespace suit::build {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = Event::Kind;

constexpr const char* kDockerfile =
    "FROM busybox\nWORKDIR /app\nCOPY . .\nRUN date +%s%N > /stamp\nENV A=b\nCMD [\"x\"]\n";

TEST_F(Builds, SecondBuildIsTheSameImage) {
  file("main.py", "1");
  const Report first = must_build(kDockerfile);
  EXPECT_EQ(first.executed, 3U);
  const Report second = must_build(kDockerfile);
  EXPECT_EQ(second.executed, 0U);
  EXPECT_EQ(second.image.id, first.image.id);
}

TEST_F(Builds, TouchingAFileKeepsTheCache) {
  file("main.py", "1");
  const Report first = must_build(kDockerfile);
  file("main.py", "1");  // another inode, another time
  const Report second = must_build(kDockerfile);
  EXPECT_EQ(second.image.id, first.image.id);
}

TEST_F(Builds, ChangedFilesAreNamed) {
  file("src/main.py", "1");
  file("src/keep.py", "1");
  must_build(kDockerfile);
  file("src/main.py", "2");
  file("src/util.py", "3");
  const Report second = must_build(kDockerfile);
  EXPECT_EQ(second.executed, 2U);
  EXPECT_THAT(recorder_.texts(Kind::Miss),
              ElementsAre("MISS COPY . .: 2 of 5 files changed: M src/main.py, A src/util.py",
                          "MISS RUN date +%s%N > /stamp: what it builds on changed"));
}

TEST_F(Builds, FirstBuildHasNothingToExplain) {
  must_build("FROM busybox\nRUN true\n");
  EXPECT_THAT(recorder_.texts(Kind::Miss), IsEmpty());
}

TEST_F(Builds, SameContentBelowIsAHitHoweverItWasMade) {
  const std::string tail = "RUN date +%s%N > /stamp\n";
  must_build("FROM busybox\nRUN true\n" + tail);
  const std::string stamp = read("/stamp");
  must_build("FROM busybox\nRUN echo nothing that stays\n" + tail);
  EXPECT_EQ(read("/stamp"), stamp);
}

TEST_F(Builds, NoCacheDoesAllAgain) {
  must_build(kDockerfile);
  options_.no_cache = true;
  EXPECT_EQ(must_build(kDockerfile).executed, 3U);
}

TEST_F(Builds, BuildArgumentsMatterOnlyWhereDeclared) {
  const std::string text = "FROM busybox\nRUN date > /early\nARG V\nRUN echo $V > /v\n";
  options_.build_args["V"] = "1";
  must_build(text);
  options_.build_args["V"] = "2";
  EXPECT_EQ(must_build(text).executed, 1U);
  EXPECT_THAT(recorder_.texts(Kind::Miss), ElementsAre(HasSubstr("env V: \"1\" -> \"2\"")));
  EXPECT_EQ(read("/v"), "2\n");
}

TEST_F(Builds, UnusedStagesAreNotBuilt) {
  must_build("FROM busybox AS broken\nRUN exit 1\nFROM busybox\nRUN true\n");
}

TEST_F(Builds, EpochMakesTwoStoresAgree) {
  file("f", "x");
  options_.source_date_epoch_s = 1'000'000'000;
  const std::string text = "FROM scratch\nCOPY f /a/f\nLABEL x=y\n";
  const Report first = must_build(text);
  store_.emplace(store::Store::open(dir_->path() + "/other").value());
  EXPECT_EQ(must_build(text).image.id, first.image.id);
  EXPECT_EQ(first.image.config.created, "2001-09-09T01:46:40Z");
}

TEST_F(Builds, SurviveGarbageCollectionWithTheirCache) {
  file("f", "x");
  options_.tags = {naming::parse_reference("app").value()};
  const Report first = must_build("FROM busybox\nCOPY f /f\nRUN echo x > /y\n");
  ASSERT_TRUE(store_->collect_garbage(std::chrono::seconds(0)));
  const Report second = must_build("FROM busybox\nCOPY f /f\nRUN echo x > /y\n");
  EXPECT_EQ(second.image.id, first.image.id);
  EXPECT_EQ(second.executed, 0U);
}

TEST_F(Builds, SeveralAtOnceAgree) {
  file("f", "x");
  ASSERT_TRUE(os::replace_file(context() + "/Dockerfile",
                               "FROM busybox\nCOPY f /f\nRUN sleep 0.1; echo x > /y\n"));
  std::vector<std::string> errors(4);
  {
    std::vector<std::jthread> threads;
    for (std::string& error : errors) {
      threads.emplace_back([&] {
        store::Store store = store::Store::open(dir_->path() + "/store").value();
        NoProgress quiet;
        const Result<Report> report = suit::build::build(store, options_, quiet);
        if (!report) error = report.error().message();
      });
    }
  }
  EXPECT_THAT(errors, testing::Each(""));
  EXPECT_EQ(must_build("FROM busybox\nCOPY f /f\nRUN sleep 0.1; echo x > /y\n").executed, 0U);
}

}  // namespace
}  // namespace suit::build
