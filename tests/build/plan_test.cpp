// Config semantics and history, instruction by instruction.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "build/graph.h"

namespace suit::build {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Words = std::vector<std::string>;

Result<Graph> try_plan(const std::string& text, const PlanOptions& options = {}) {
  const FindImage find = [](const std::string& name) -> Result<BaseImage> {
    BaseImage image;
    image.name = name;
    image.id = digest::Digest::sha256(std::string(64, 'a'));
    image.config.config.env = {"PATH=/bin", "FROM_BASE=1"};
    image.config.config.cmd = Words{"base-cmd"};
    image.config.config.entrypoint = Words{"base-entry"};
    return image;
  };
  return plan({.name = "Dockerfile", .text = text}, options, find);
}

oci::ContainerConfig config(const std::string& text, const PlanOptions& options = {}) {
  const Result<Graph> graph = try_plan(text, options);
  EXPECT_TRUE(graph) << graph.error().message();
  return graph ? graph->config.config : oci::ContainerConfig{};
}

Words history(const std::string& text, const PlanOptions& options = {}) {
  const Result<Graph> graph = try_plan(text, options);
  EXPECT_TRUE(graph) << graph.error().message();
  Words lines;
  if (graph) {
    for (const HistoryItem& item : graph->history)
      lines.push_back(item.created_by);
  }
  return lines;
}

TEST(Config, EntrypointDropsTheInheritedCommand) {
  EXPECT_FALSE(config("FROM b\nENTRYPOINT [\"x\"]\n").cmd);
  EXPECT_EQ(config("FROM b\nCMD [\"y\"]\nENTRYPOINT [\"x\"]\n").cmd, Words{"y"});
  EXPECT_EQ(config("FROM b\nENTRYPOINT [\"x\"]\nCMD [\"y\"]\n").cmd, Words{"y"});
  EXPECT_EQ(config("FROM b\nCMD z\n").entrypoint, Words{"base-entry"});
}

TEST(Config, ShellFormUsesTheShell) {
  EXPECT_EQ(*config("FROM b\nCMD echo hi\n").cmd, (Words{"/bin/sh", "-c", "echo hi"}));
  EXPECT_EQ(*config("FROM b\nSHELL [\"/bin/bash\", \"-ec\"]\nCMD echo hi\n").cmd,
            (Words{"/bin/bash", "-ec", "echo hi"}));
}

TEST(Config, EnvOfOneLineSeesTheValuesFromBefore) {
  EXPECT_THAT(config("FROM b\nENV a=1\nENV a=2 b=$a\n").env,
              ElementsAre("PATH=/bin", "FROM_BASE=1", "a=2", "b=1"));
}

TEST(Config, ScratchGetsPathAndWorkingDirectory) {
  const oci::ContainerConfig got = config("FROM scratch\nENV foo=bar\n");
  EXPECT_THAT(
      got.env,
      ElementsAre("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "foo=bar"));
  EXPECT_EQ(got.working_dir, "/");
}

TEST(Config, WorkdirIsRelativeToThePreviousOne) {
  EXPECT_EQ(config("FROM b\nWORKDIR /a\nWORKDIR b/../c\n").working_dir, "/a/c");
  EXPECT_EQ(config("FROM b\nENV d=/x\nWORKDIR $d/y\n").working_dir, "/x/y");
}

TEST(Config, ExposeExpandsRanges) {
  EXPECT_THAT(config("FROM b\nEXPOSE 8000-8001 53/udp\n").exposed_ports,
              ElementsAre("53/udp", "8000/tcp", "8001/tcp"));
}

TEST(Config, HealthcheckIsDockersObject) {
  EXPECT_EQ(config("FROM b\nHEALTHCHECK --interval=5s --retries=3 CMD curl localhost\n")
                .healthcheck->dump(),
            R"({"Test":["CMD-SHELL","curl localhost"],"Interval":5000000000,"Retries":3})");
  EXPECT_EQ(config("FROM b\nHEALTHCHECK NONE\n").healthcheck->dump(), R"({"Test":["NONE"]})");
}

TEST(Config, RestOfTheInstructions) {
  const oci::ContainerConfig got = config(
      "FROM b\nLABEL a=1 b=\"x y\"\nUSER app:staff\nVOLUME /data [\"/x\"]\nSTOPSIGNAL SIGQUIT\n"
      "ONBUILD RUN make\n");
  EXPECT_EQ(got.labels.at("b"), "x y");
  EXPECT_EQ(got.user, "app:staff");
  EXPECT_EQ(got.stop_signal, "SIGQUIT");
  EXPECT_THAT(got.on_build, ElementsAre("RUN make"));
  EXPECT_TRUE(got.volumes.contains("/data"));
}

TEST(Config, LabelsOfTheCommandLineWin) {
  PlanOptions options;
  options.labels["a"] = "cli";
  EXPECT_EQ(config("FROM b\nLABEL a=file\n", options).labels.at("a"), "cli");
}

TEST(History, ReadsLikeDockers) {
  PlanOptions options;
  options.resolve.build_args["V"] = "3";
  EXPECT_THAT(
      history("FROM b\nARG V\nENV X=1 Y=2\nWORKDIR /app\nCOPY --chown=1:2 a b /dst/\nRUN make $V\n"
              "RUN [\"make\", \"it\"]\nEXPOSE 80\nCMD [\"a\", \"b c\"]\nVOLUME /data\nUSER u\n"
              "HEALTHCHECK --timeout=3s CMD true\nSHELL [\"/bin/bash\", \"-c\"]\n",
              options),
      ElementsAre("ARG V=3", "ENV X=1 Y=2", "WORKDIR /app", "COPY --chown=1:2 a b /dst/ # buildkit",
                  "RUN |1 V=3 /bin/sh -c make $V # buildkit", "RUN |1 V=3 make it # buildkit",
                  "EXPOSE map[80/tcp:{}]", "CMD [\"a\" \"b c\"]", "VOLUME [/data]", "USER u",
                  "HEALTHCHECK &{[\"CMD-SHELL\" \"true\"] \"0s\" \"3s\" \"0s\" \"0s\" '\\x00'}",
                  "SHELL [/bin/bash -c]"));
}

RunOp run_of(const std::string& text, const PlanOptions& options = {}) {
  const Result<Graph> graph = try_plan(text, options);
  EXPECT_TRUE(graph) << graph.error().message();
  return std::get<RunOp>(graph->steps.back().op);
}

TEST(Run, LoneHeredocIsTheScript) {
  EXPECT_EQ(run_of("FROM b\nRUN <<EOF\necho a\necho b\nEOF\n").args,
            (Words{"/bin/sh", "-c", "echo a\necho b\n"}));
  EXPECT_EQ(run_of("FROM b\nRUN <<-EOF\n\techo a\n\tEOF\n").args,
            (Words{"/bin/sh", "-c", "echo a\n"}));
}

TEST(Run, HeredocWithAShebangIsAProgram) {
  const RunOp op = run_of("FROM b\nRUN <<EOF\n#!/bin/awk -f\nBEGIN {}\nEOF\n");
  EXPECT_EQ(op.args.back(), "/dev/pipes/EOF");
  ASSERT_EQ(op.scripts.size(), 1U);
  EXPECT_EQ(op.scripts[0].content, "#!/bin/awk -f\nBEGIN {}\n");
}

TEST(Run, OtherHeredocsAreGivenToTheShell) {
  EXPECT_EQ(run_of("FROM b\nRUN cat <<A - <<B\na\nA\nb\nB\n").args.back(),
            "cat <<A - <<B\na\nA\nb\nB");
}

TEST(Run, EnvironmentIsEnvAndArgsAndProxies) {
  PlanOptions options;
  options.resolve.build_args["http_proxy"] = "p";
  const RunOp op = run_of("FROM b\nARG A=1\nARG FROM_BASE=2\nARG UNSET\nRUN x\n", options);
  EXPECT_THAT(op.env, testing::UnorderedElementsAre("PATH=/bin", "FROM_BASE=2", "A=1"));
  EXPECT_THAT(op.proxy_env, testing::UnorderedElementsAre("http_proxy=p", "HTTP_PROXY=p"));
}

TEST(Copy, DestinationIsRelativeToWorkdirAndKeepsItsSlash) {
  const auto destination = [](const std::string& written) {
    const Graph graph =
        try_plan("FROM b\nWORKDIR /w\nENV empty=\nCOPY a " + written + "\n").value();
    return std::get<CopyOp>(graph.steps.back().op).destination;
  };
  EXPECT_EQ(destination("x"), "/w/x");
  EXPECT_EQ(destination("."), "/w/");
  EXPECT_EQ(destination("x/"), "/w/x/");
  EXPECT_EQ(destination("/"), "/");
  EXPECT_EQ(destination("../y"), "/y");
  EXPECT_EQ(destination("$empty"), "/w/");
}

TEST(Refusals, NameWhatIsNotSupported) {
  const auto message = [](const std::string& line) {
    const Result<Graph> graph = try_plan("FROM b\n" + line + "\n");
    return graph ? "no error" : graph.error().message();
  };
  EXPECT_THAT(message("COPY --parents a /x/"), HasSubstr("COPY --parents is not supported yet"));
  EXPECT_THAT(message("RUN --security=insecure x"),
              HasSubstr("--security=insecure is not supported"));
  EXPECT_THAT(message("RUN --mount=type=ssh x"),
              HasSubstr("RUN --mount=type=ssh is not supported yet"));
  EXPECT_THAT(message("ADD https://example.com/x /"),
              HasSubstr("remote sources are not supported yet"));
  EXPECT_THAT(message("COPY --chmod=10000 a /"), HasSubstr("invalid chmod parameter: '10000'"));
}

TEST(Refusals, SyntaxOfAnotherReader) {
  EXPECT_TRUE(try_plan("# syntax=docker/dockerfile:1.4\nFROM b\n"));
  const Result<Graph> graph = try_plan("# syntax=acme/reader:2\nFROM b\n");
  ASSERT_FALSE(graph);
  EXPECT_THAT(graph.error().message(), HasSubstr("syntax \"acme/reader:2\" is not supported"));
}

TEST(BuildArgs, UndeclaredIsAWarningWithTheNearestName) {
  PlanOptions options;
  options.resolve.build_args["VERSON"] = "1";
  options.resolve.build_args["HTTP_PROXY"] = "p";
  const Graph graph = try_plan("ARG VERSION\nFROM b\n", options).value();
  ASSERT_EQ(graph.warnings.size(), 1U);
  EXPECT_EQ(graph.warnings[0].message,
            "build-arg \"VERSON\" is not declared by any ARG (did you mean \"VERSION\"?)");
}

}  // namespace
}  // namespace suit::build
