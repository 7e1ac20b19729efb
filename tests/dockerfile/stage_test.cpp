#include "dockerfile/stage.h"

#include <gtest/gtest.h>

#include "dockerfile/parse.h"
#include "dockerfile/scope.h"

namespace suit::dockerfile {
namespace {

Dockerfile read(std::string_view text) {
  ParseResult result = parse("Dockerfile", text);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.diagnostics.front().message);
  return std::move(result.file);
}

ResolveOptions target(std::string name) {
  ResolveOptions options;
  options.target = std::move(name);
  return options;
}

std::string first_message(const ResolveResult& result) {
  return result.diagnostics.empty() ? "resolved" : result.diagnostics.front().message;
}

TEST(Resolve, ReachesOnlyWhatTheTargetNeeds) {
  Dockerfile file = read(
      "FROM debian AS base\nFROM base AS unused\nFROM golang AS build\nFROM base\n"
      "COPY --from=build /a /a\n");
  ResolveResult result = resolve(file, {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.resolution.target, 3U);
  EXPECT_EQ(result.resolution.order, (std::vector<std::size_t>{0, 2, 3}));
  EXPECT_EQ(result.resolution.stages[3].base_stage, 0U);
  EXPECT_FALSE(result.resolution.stages[1].reachable);
}

TEST(Resolve, FollowsMountsToo) {
  Dockerfile file = read("FROM a AS tools\nFROM b\nRUN --mount=from=tools,target=/t x\n");
  EXPECT_EQ(resolve(file, {}).resolution.order, (std::vector<std::size_t>{0, 1}));
}

TEST(Resolve, SuggestsATarget) {
  Dockerfile file = read("FROM a AS build\nFROM b AS run\n");
  ResolveResult result = resolve(file, target("bulid"));
  EXPECT_EQ(first_message(result),
            "target stage \"bulid\" could not be found (did you mean build?)");
  EXPECT_EQ(result.diagnostics.front().help, "the file's stages: build, run");
  EXPECT_EQ(resolve(file, target("BUILD")).resolution.target, 0U);
  EXPECT_EQ(resolve(file, target("0")).resolution.target, 0U);
}

TEST(Resolve, TakesGlobalArgsInOrderAndBuildArgsFirst) {
  Dockerfile file =
      read("ARG V=1\nARG IMAGE=debian:${V}\nFROM --platform=$BUILDPLATFORM ${IMAGE}\n");
  ResolveResult plain = resolve(file, {});
  EXPECT_EQ(plain.resolution.stages[0].base, "debian:1");
  EXPECT_EQ(plain.resolution.stages[0].platform, "linux/amd64");
  ResolveOptions options;
  options.build_args["V"] = "2";
  EXPECT_EQ(resolve(file, options).resolution.stages[0].base, "debian:2");
}

TEST(Resolve, RefusesLaterStages) {
  Dockerfile file = read("FROM a AS one\nCOPY --from=two / /\nFROM b AS two\n");
  EXPECT_EQ(first_message(resolve(file, {})),
            "cannot copy from stage \"two\", it needs to be defined before current stage \"one\"");
  Dockerfile mounted = read("FROM a AS one\nRUN --mount=from=two,target=/x y\nFROM b AS two\n");
  EXPECT_EQ(first_message(resolve(mounted, {})),
            "cannot mount from stage \"two\", stage needs to be defined before current command");
}

TEST(Resolve, ExplainsACircleHopByHop) {
  Dockerfile file = read(
      "FROM a AS s0\nCOPY --from=s2 / /\nFROM a AS s1\nCOPY --from=s0 / /\nFROM a AS s2\n"
      "COPY --from=s1 / /\n");
  ResolveResult result = resolve(file, {});
  EXPECT_EQ(first_message(result), "circular dependency detected on stage: s0");
  EXPECT_EQ(result.diagnostics.front().notes,
            (std::vector<std::string>{"s0 needs s2", "s2 needs s1", "s1 needs s0"}));
}

TEST(Resolve, RefusesAnIndexThatIsNot) {
  EXPECT_EQ(first_message(resolve(read("FROM a\nCOPY --from=7 / /\n"), {})),
            "invalid stage index 7");
}

TEST(Resolve, LetsANamedContextReplaceAStage) {
  Dockerfile file = read("FROM golang AS tools\nRUN make\nFROM a\nCOPY --from=tools / /\n");
  ResolveOptions options;
  options.contexts = {"tools"};
  ResolveResult result = resolve(file, options);
  EXPECT_EQ(result.resolution.order, std::vector<std::size_t>{1});
  EXPECT_EQ(result.resolution.stages[1].dependencies.back().external, "tools");
}

TEST(Resolve, BoundsDoublingArgs) {
  std::string text = "ARG a=0123456789\n";
  for (int i = 0; i < 60; ++i)
    text += "ARG a=$a$a\n";
  ResolveResult result = resolve(read(text + "FROM x\n"), {});
  EXPECT_FALSE(result.ok());
}

TEST(Scope, TheLaterOfArgAndEnvWins) {
  Dockerfile file = read("ARG G=global\nFROM a\nARG G\nARG X=${G}-x Y\nENV X=env\n");
  ResolveResult resolved = resolve(file, {});
  Scope scope;
  const auto& instructions = file.stages[0].instructions;
  ASSERT_TRUE(apply_arg(scope, std::get<Arg>(instructions[0].body), '\\', resolved.resolution, {}));
  ASSERT_TRUE(apply_arg(scope, std::get<Arg>(instructions[1].body), '\\', resolved.resolution, {}));
  EXPECT_EQ(scope.find("X"), "global-x");
  EXPECT_EQ(scope.find("Y"), std::nullopt);
  ASSERT_TRUE(apply_env(scope, std::get<Env>(instructions[2].body), '\\'));
  EXPECT_EQ(scope.find("X"), "env");
  EXPECT_EQ(scope.run_environment(), (std::vector<Variable>{{"X", "env"}, {"G", "global"}}));
  // And back: docker build does the same, though its documentation says that ENV always wins.
  ASSERT_TRUE(apply_arg(scope, std::get<Arg>(instructions[1].body), '\\', resolved.resolution, {}));
  EXPECT_EQ(scope.find("X"), "global-x");
  EXPECT_EQ(scope.env, (std::vector<Variable>{{"X", "env"}}));
  EXPECT_EQ(scope.run_environment(), (std::vector<Variable>{{"X", "global-x"}, {"G", "global"}}));
}

TEST(Scope, OneLineSeesOneSnapshot) {
  Dockerfile file = read("FROM a\nENV a=1\nENV a=2 b=$a\n");
  Scope scope;
  for (const Instruction& one : file.stages[0].instructions)
    ASSERT_TRUE(apply_env(scope, std::get<Env>(one.body), '\\'));
  EXPECT_EQ(scope.find("b"), "1");
}

TEST(ExpandInstruction, ReplacesTheWordsThatExpand) {
  Dockerfile file = read(
      "FROM a\nCOPY --chown=$U [\"a b\", \"$D/\"]\nRUN echo $D\nEXPOSE $P\nCOPY <<EOF "
      "/x\n\"$D\"\nEOF\n");
  Lookup lookup = [](std::string_view name) -> std::optional<std::string> {
    return name == "P" ? "80 443" : "/" + std::string(name);
  };
  auto expanded = [&](std::size_t i) {
    return expand_instruction(file.stages[0].instructions[i], '\\', lookup).value();
  };
  Copy copy = std::get<Copy>(expanded(0).body);
  EXPECT_EQ(copy.chown, "/U");
  EXPECT_EQ(copy.sources.at(0).text, "a b");
  EXPECT_EQ(copy.destination.text, "/D/");
  EXPECT_EQ(std::get<Expose>(expanded(2).body).ports.size(), 2U);
  EXPECT_EQ(std::get<Copy>(expanded(3).body).inline_files.at(0).content, "\"/D\"\n");
}

}  // namespace
}  // namespace suit::dockerfile
