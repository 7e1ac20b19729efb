// What builds make, seen in the image.

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "fixture.h"

namespace suit::build {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Kind = Event::Kind;

TEST_F(Builds, RunsCommandsAndKeepsWhatTheyWrite) {
  must_build("FROM busybox\nENV WHO=world\nRUN echo hello $WHO > /greeting && echo seen\n");
  EXPECT_EQ(read("/greeting"), "hello world\n");
  EXPECT_THAT(recorder_.texts(Kind::Log), Contains("seen"));
}

TEST_F(Builds, ScratchAndCopyNeedNoContainer) {
  file("app/main.py", "print()");
  const Report report = must_build("FROM scratch\nCOPY app /app\nCMD [\"/app/main.py\"]\n");
  EXPECT_EQ(read("/app/main.py"), "print()");
  EXPECT_EQ(report.image.config.diff_ids.size(), 1U);
  ASSERT_EQ(report.image.config.history.size(), 2U);
  EXPECT_EQ(report.image.config.history[0].created_by, "COPY app /app # buildkit");
  EXPECT_EQ(report.image.config.history[0].comment, "suit.dockerfile.v1");
  EXPECT_FALSE(report.image.config.history[0].empty_layer);
  EXPECT_TRUE(report.image.config.history[1].empty_layer);
}

TEST_F(Builds, ConfigOnlyImageHasNoLayers) {
  const Report report = must_build("FROM scratch\nENV foo=bar\n");
  EXPECT_TRUE(report.image.config.diff_ids.empty());
  EXPECT_EQ(report.image.config.config.working_dir, "/");
}

TEST_F(Builds, HistoryHasOneLineForEachLayer) {
  const Report report =
      must_build("FROM busybox\nRUN true\nWORKDIR /tmp\nRUN echo x > /x\nLABEL a=b\n");
  std::size_t layers = 0;
  for (const oci::History& line : report.image.config.history)
    layers += line.empty_layer ? 0 : 1;
  EXPECT_EQ(layers, report.image.config.diff_ids.size());
  EXPECT_EQ(layers, 2U) << "the base image's and that of the second RUN";
}

TEST_F(Builds, StagesPassFilesOn) {
  must_build(
      "FROM busybox AS build\nWORKDIR /out\nRUN echo built > app && ln -s app link\n"
      "FROM scratch\nCOPY --from=build /out/app /out/link /bin/\nCOPY --from=0 /out /all\n");
  EXPECT_EQ(read("/bin/app"), "built\n");
  EXPECT_EQ(read("/bin/link"), "built\n");
  EXPECT_EQ(read("/all/app"), "built\n");
}

TEST_F(Builds, UserWorkdirAndOwnership) {
  file("f", "x");
  must_build(
      "FROM busybox\nRUN adduser -D app\nUSER app\nWORKDIR /home/work\n"
      "RUN [ \"$(id -un)\" = app ] && [ \"$(stat -c %U /home/work)\" = app ] && touch mine\n"
      "COPY f .\nRUN [ \"$(stat -c %u f)\" = 0 ]\nCOPY --chown=app f other\n"
      "RUN [ \"$(stat -c %U:%G other)\" = app:app ] && echo $HOME > /home/work/home\n");
  EXPECT_EQ(read("/home/work/home"), "/home/app\n");
}

TEST_F(Builds, UnknownOwnerIsAnErrorWithTheNearestName) {
  file("f", "x");
  const Result<Report> report = build("FROM busybox\nCOPY --chown=nobdy f /f\n");
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message(), HasSubstr("nobdy"));
  EXPECT_THAT(report.error().message() + report.error().hint(), HasSubstr("nobody"));
  EXPECT_THAT(report.error().excerpt(), HasSubstr("COPY --chown=nobdy"));
}

TEST_F(Builds, FailingRunTellsCodeLinesAndLastOutput) {
  const Result<Report> report = build("FROM busybox\nRUN echo before; exit 7\n");
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message(),
              HasSubstr("process \"/bin/sh -c echo before; exit 7\" did not complete successfully: "
                        "exit code: 7"));
  EXPECT_THAT(report.error().excerpt(),
              StartsWith("------\n > [2/2] RUN echo before; exit 7:\nbefore\n"));
  EXPECT_THAT(report.error().excerpt(), HasSubstr(">>> RUN echo before"));
}

TEST_F(Builds, MissingProgramIsNamed) {
  const Result<Report> report = build("FROM busybox\nRUN [\"/no/such\"]\n");
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message(), HasSubstr("/no/such"));
  EXPECT_THAT(report.error().excerpt(), HasSubstr("/no/such"));
}

TEST_F(Builds, MissingSourceTellsWhichIgnoreLineHidesIt) {
  file("secret.txt", "x");
  file(".dockerignore", "*.md\n*.txt\n");
  const Result<Report> report = build("FROM scratch\nCOPY secret.txt /\n");
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message(), HasSubstr("COPY source \"secret.txt\": not found"));
  EXPECT_THAT(report.error().hint(), HasSubstr("line 2 of .dockerignore leaves it out: *.txt"));
  EXPECT_THAT(report.error().excerpt(), HasSubstr("^^^"));
}

TEST_F(Builds, IgnoredFilesAreNotCopied) {
  file("a.txt", "a");
  file("b.log", "b");
  file(".dockerignore", "*.log\nDockerfile\n.dockerignore\n");
  must_build("FROM scratch\nCOPY . /c/\n");
  EXPECT_EQ(read("/c/a.txt"), "a");
  EXPECT_EQ(read("/c/b.log"), "(nothing)");
  EXPECT_EQ(read("/c/Dockerfile"), "(nothing)");
}

TEST_F(Builds, ExistingDirectoriesKeepTheirAttributes) {
  file("x/f", "x");
  must_build(
      "FROM busybox\nRUN chmod 1777 /var && chown 5:6 /var\nCOPY x /var/\n"
      "RUN [ \"$(stat -c %a:%u:%g /var)\" = 1777:5:6 ] && [ \"$(stat -c %a /)\" = 755 ]\n");
}

TEST_F(Builds, DeletionsReachTheImage) {
  must_build("FROM busybox\nRUN mkdir /d && echo 1 > /d/a && echo 2 > /d/b\nRUN rm /d/a\n");
  EXPECT_EQ(read("/d/a"), "(nothing)");
  EXPECT_EQ(read("/d/b"), "2\n");
}

TEST_F(Builds, NetworkNoneHasNoDevicesButLoopback) {
  must_build("FROM busybox\nRUN --network=none [ \"$(ls /sys/class/net)\" = lo ]\n");
}

TEST_F(Builds, BackgroundProcessesDoNotHoldTheBuild) {
  must_build("FROM busybox\nRUN sleep 1000 & echo started\n");
}

TEST_F(Builds, ScriptHeredocLeavesNothingInTheImage) {
  must_build("FROM busybox\nRUN <<EOF\n#!/bin/sh\necho from $0 > /made\nEOF\n");
  EXPECT_EQ(read("/made"), "from /dev/pipes/EOF\n");
  EXPECT_EQ(last_->image.config.diff_ids.size(), 2U);
}

TEST_F(Builds, MountsShowFilesAndLeaveNoTrace) {
  file("req.txt", "deps");
  must_build(
      "FROM busybox AS tools\nRUN mkdir /t && echo tool > /t/x\nFROM busybox\n"
      "RUN --mount=target=/ctx --mount=from=tools,source=/t,target=/t "
      "--mount=type=tmpfs,target=/scratch --mount=type=cache,target=/cache,id=c "
      "cat /ctx/req.txt /t/x > /out && echo kept >> /cache/log && touch /scratch/f\n"
      "RUN [ ! -e /ctx ] && [ ! -e /t ] && [ ! -e /scratch ] && [ ! -e /cache ]\n"
      "RUN --mount=type=cache,target=/again,id=c cat /again/log > /second\n");
  EXPECT_EQ(read("/out"), "depstool\n");
  EXPECT_EQ(read("/second"), "kept\n");
}

TEST_F(Builds, AddUnpacksArchives) {
  file("in/one.txt", "1");
  ASSERT_EQ(std::system(("cd " + context() + " && tar czf a.tar.gz in").c_str()), 0);
  must_build(
      "FROM scratch\nADD a.tar.gz /x\nADD --unpack=false a.tar.gz /kept/\nADD in/one.txt /y/\n");
  EXPECT_EQ(read("/x/in/one.txt"), "1");
  EXPECT_EQ(read("/y/one.txt"), "1");
  EXPECT_NE(read("/kept/a.tar.gz"), "(nothing)");
}

TEST_F(Builds, HostileContextShowsNothingOfTheHost) {
  ASSERT_EQ(::symlink("/etc/passwd", (context() + "/leak").c_str()), 0);
  ASSERT_EQ(::symlink("../../../../../etc", (context() + "/up").c_str()), 0);
  for (const std::string line :
       {"COPY leak /", "COPY up/passwd /", "RUN --mount=source=up,target=/m ls /m"}) {
    const Result<Report> report = build("FROM busybox\n" + line + "\n");
    ASSERT_FALSE(report) << line;
    EXPECT_THAT(report.error().message(), HasSubstr("not found")) << line;
  }
  must_build("FROM scratch\nCOPY . /all\n");
  EXPECT_EQ(read("/all/leak"), "(nothing)") << "a dangling link in the image";
}

TEST_F(Builds, UnknownImageSaysWhereItWasNamed) {
  const Result<Report> report = build("# syntax\nFROM busybocks\n");
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().excerpt(), HasSubstr(">>> FROM busybocks"));
  EXPECT_FALSE(report.error().hint().empty());
}

TEST_F(Builds, TagsPointToTheImage) {
  options_.tags = {naming::parse_reference("app:1").value()};
  const Report report = must_build("FROM scratch\nLABEL a=b\n");
  EXPECT_EQ(store_->find_image("app:1").value().id, report.image.id);
}

}  // namespace
}  // namespace suit::build
