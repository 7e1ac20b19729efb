#include "dockerfile/instruction.h"

#include <gtest/gtest.h>

#include "dockerfile/parse.h"

namespace suit::dockerfile {
namespace {

using RunBody = Run;  // inside a TEST, Run is a member of testing::Test

template <typename T>
T read(std::string_view text) {
  TriggerResult result = parse_trigger(text);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.diagnostics.front().message);
  return result.ok() ? std::get<T>(result.instructions.front().body) : T();
}

std::string message(std::string_view text) {
  TriggerResult result = parse_trigger(text);
  return result.diagnostics.empty() ? "accepted" : result.diagnostics.front().message;
}

TEST(Instruction, ReadsEveryFlagOfCopy) {
  Copy copy = read<Copy>(
      "COPY --from=build --chown=1:2 --chmod=u=rwX --link --parents --exclude=*.o --exclude=.git "
      "a b /dir/");
  EXPECT_EQ(copy.from.text, "build");
  EXPECT_EQ(copy.chown, "1:2");
  EXPECT_EQ(copy.chmod, "u=rwX");
  EXPECT_TRUE(copy.link && copy.parents);
  EXPECT_EQ(copy.excludes, (std::vector<std::string>{"*.o", ".git"}));
  EXPECT_EQ(copy.sources.size(), 2U);
}

TEST(Instruction, ReadsEveryFlagOfAdd) {
  Add add = read<Add>(
      "ADD --checksum=sha256:00 --keep-git-dir=false --unpack --chmod=0644 https://x/y /z");
  EXPECT_EQ(add.checksum, "sha256:00");
  EXPECT_EQ(add.keep_git_dir, false);
  EXPECT_EQ(add.unpack, true);
}

TEST(Instruction, ReadsEveryFlagOfRun) {
  RunBody run = read<RunBody>(
      "RUN --network=none --security=insecure --device=nvidia.com/gpu=all,required "
      "--mount=type=cache,target=/c --mount=from=base,target=/b make");
  EXPECT_EQ(run.network, RunNetwork::None);
  EXPECT_EQ(run.security, RunSecurity::Insecure);
  EXPECT_EQ(run.devices.at(0).name, "nvidia.com/gpu=all");
  EXPECT_EQ(run.mounts.at(1).from, "base");
  EXPECT_EQ(run.command.words, std::vector<std::string>{"make"});
}

TEST(Instruction, ReadsHealthchecks) {
  auto check = read<Healthcheck>(
      "HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=5s --start-interval=500ms "
      "--retries=3 CMD [\"true\"]");
  EXPECT_EQ(check.interval, std::chrono::seconds(90));
  EXPECT_EQ(check.timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(check.start_interval, std::chrono::milliseconds(500));
  EXPECT_EQ(check.retries, 3);
  EXPECT_EQ(check.test, (std::vector<std::string>{"CMD", "true"}));
  EXPECT_EQ(message("HEALTHCHECK --interval=5 CMD x"), "time: missing unit in duration \"5\"");
  EXPECT_EQ(message("HEALTHCHECK --interval=1us CMD x"),
            "Interval \"interval\" cannot be less than 1ms");
  EXPECT_EQ(message("HEALTHCHECK --retries=-1 CMD x"), "--retries cannot be negative (-1)");
  EXPECT_EQ(message("HEALTHCHECK TCP x"), "Unknown type \"TCP\" in HEALTHCHECK (try CMD)");
  EXPECT_EQ(message("HEALTHCHECK NONE x"), "HEALTHCHECK NONE takes no arguments");
  EXPECT_EQ(message("HEALTHCHECK CMD"), "Missing command after HEALTHCHECK CMD");
}

TEST(Instruction, SaysWhatIsWrong) {
  EXPECT_EQ(message("COPPY a b"), "unknown instruction: COPPY (did you mean COPY?)");
  EXPECT_EQ(message("RUN --mont=x y"), "unknown flag: --mont (did you mean mount?)");
  EXPECT_EQ(message("COPY --link --link a b"), "duplicate flag specified: --link");
  EXPECT_EQ(message("COPY --chown a b"), "missing a value on flag: --chown");
  EXPECT_EQ(message("COPY --link=y a b"), "expecting boolean value for flag --link, not: y");
  EXPECT_EQ(message("RUN --network=hots x"), "invalid network mode \"hots\" (did you mean host?)");
  EXPECT_EQ(message("COPY --chmod=10000 a b"),
            "invalid chmod parameter: '10000'. it should be octal string and between 0 and 07777");
  EXPECT_EQ(message("ADD --checksum=sha256:0 a b"), "checksum requires HTTP(S) or Git sources");
  EXPECT_EQ(message("ENV =x"), "ENV names can not be blank");
  EXPECT_EQ(message("EXPOSE 99999"), "invalid containerPort: 99999");
  EXPECT_EQ(message("EXPOSE 80/tpc"), "invalid proto: tpc (did you mean tcp?)");
  EXPECT_EQ(message("STOPSIGNAL SIGTREM"), "invalid signal: SIGTREM");
  EXPECT_EQ(message("VOLUME [\" \"]"), "VOLUME specified can not be an empty string");
  EXPECT_EQ(message("SHELL /bin/sh -c"), "SHELL requires the arguments to be in JSON form");
}

TEST(Instruction, ReportsAllErrorsOfAFile) {
  ParseResult result =
      parse("Dockerfile", "FROM a\nCOPPY x y\nRUN --mont=x y\nEXPOSE 99999\nRUN ok\n");
  ASSERT_EQ(result.diagnostics.size(), 3U);
  EXPECT_EQ(result.diagnostics[1].span.line, 3U);
  EXPECT_EQ(result.diagnostics[1].span.column, 5U);
  EXPECT_EQ(result.file.stages.at(0).instructions.size(), 1U);
}

TEST(Instruction, PointsIntoContinuedLines) {
  ParseResult result =
      parse("Dockerfile", "FROM a\nCOPY --link \\\n  # why\n  --from=b \\\n  src dst\n");
  ASSERT_TRUE(result.ok());
  const Copy& copy = std::get<Copy>(result.file.stages[0].instructions[0].body);
  EXPECT_EQ(copy.from.span.line, 4U);
  EXPECT_EQ(copy.from.span.column, 3U);
  EXPECT_EQ(copy.sources[0].span.line, 5U);
  EXPECT_EQ(copy.destination.span.column, 7U);
}

TEST(Instruction, BoundsHostileFiles) {
  EXPECT_FALSE(parse("Dockerfile", std::string(std::size_t{17} << 20, '\n')).ok());
  std::string many = "FROM a\n";
  for (int i = 0; i < 1000; ++i)
    many += "BAD\n";
  ParseResult result = parse("Dockerfile", many);
  EXPECT_LE(result.diagnostics.size(), 2000U);
  std::string nested;
  for (int i = 0; i < 10000; ++i)
    nested += "ONBUILD ";
  EXPECT_FALSE(parse("Dockerfile", "FROM a\n" + nested.substr(0, 60000) + "\n").ok());
  EXPECT_FALSE(parse("Dockerfile", "FROM a\nRUN <<EOF\n").ok());
  EXPECT_TRUE(parse("Dockerfile", "FROM a\nRUN " + std::string(60000, '[') + "\n").ok());
}

TEST(Instruction, VisitsExhaustively) {
  auto layers = [](const InstructionBody& body) {
    return std::visit(Overloaded{[](const RunBody&) { return 1; }, [](const Copy&) { return 1; },
                                 [](const Add&) { return 1; }, [](const Workdir&) { return 1; },
                                 [](const auto&) { return 0; }},
                      body);
  };
  EXPECT_EQ(layers(RunBody{}), 1);
  EXPECT_EQ(layers(Env{}), 0);
  EXPECT_EQ(keyword_of(InstructionBody(Onbuild{})), "ONBUILD");
  EXPECT_EQ(keyword_of(InstructionBody(RunBody{})), "RUN");
}

}  // namespace
}  // namespace suit::dockerfile
