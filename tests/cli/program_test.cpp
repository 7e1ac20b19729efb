// The program itself, as a shell sees it: what it prints where, and its exit codes.

#include <gtest/gtest.h>

#include "os/process.h"

namespace suit::cli {
namespace {

os::Captured suit(std::vector<std::string> args) {
  args.insert(args.begin(), SUIT_PROGRAM);
  return os::run_and_capture(args).value();
}

TEST(Program, TellsItsVersion) {
  const os::Captured run = suit({"--version"});
  EXPECT_EQ(run.status.code, 0);
  EXPECT_EQ(run.out, "Spacesuit version " SUIT_VERSION "\n");
  EXPECT_EQ(run.err, "");
}

TEST(Program, PrintsHelpToStdout) {
  for (const std::vector<std::string>& args : {std::vector<std::string>{},
                                               {"--help"},
                                               {"help"},
                                               {"image"},
                                               {"image", "--help"},
                                               {"run", "--help"},
                                               {"help", "run"},
                                               {"image", "ls", "-q", "--help"},
                                               {"tag", "--help"}}) {
    const os::Captured run = suit(args);
    EXPECT_EQ(run.status.code, 0) << run.err;
    EXPECT_TRUE(run.out.starts_with("Usage:  suit")) << run.out;
    EXPECT_EQ(run.err, "");
  }
}

TEST(Program, RefusesWrongFlagsWith125) {
  const os::Captured run = suit({"run", "--nme", "x", "image"});
  EXPECT_EQ(run.status.code, 125);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err,
            "suit: unknown flag: --nme (did you mean --name?)\n\n"
            "Usage:  suit run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nSee 'suit run --help'\n");
  EXPECT_EQ(suit({"ps", "--foo"}).status.code, 125);
  EXPECT_EQ(suit({"--foo"}).status.code, 125);
}

TEST(Program, RefusesFlagsOfDockerThatItHasNot) {
  const os::Captured run = suit({"run", "--isolation", "process", "image"});
  EXPECT_EQ(run.status.code, 125);
  EXPECT_TRUE(run.err.starts_with("suit: flag --isolation is not supported yet\n")) << run.err;
}

TEST(Program, RefusesWrongArgumentsWith1) {
  const os::Captured none = suit({"rm"});
  EXPECT_EQ(none.status.code, 1);
  EXPECT_TRUE(none.err.starts_with("suit: 'suit rm' requires at least 1 argument\n")) << none.err;
  EXPECT_TRUE(suit({"tag", "a"}).err.starts_with("suit: 'suit tag' requires 2 arguments\n"));
  EXPECT_TRUE(suit({"ps", "a"}).err.starts_with("suit: 'suit ps' accepts no arguments\n"));
}

TEST(Program, KnowsWhatIsNotACommand) {
  EXPECT_EQ(suit({"imagse"}).status.code, 1);
  EXPECT_EQ(suit({"imagse"}).err,
            "suit: unknown command: suit imagse (did you mean \"images\"?)\n"
            "  help: run 'suit --help' for more information\n");
  EXPECT_EQ(suit({"search", "x"}).err,
            "suit: search is not supported yet\n  help: run 'suit --help' for what there is\n");
}

TEST(Program, ChecksItsInputBeforeItTouchesAnything) {
  EXPECT_EQ(suit({"run", "-e", "=x", "image"}).err.substr(0, 41),
            "suit: invalid environment variable: =x\n  ");
  EXPECT_EQ(suit({"run", "--link", "a:b", "image"}).err,
            "suit: --link a:b is not supported yet: it is Docker's old way to names\n"
            "  help: put both on a network: suit network create NAME, then --network NAME; "
            "containers find each other by name there\n");
  EXPECT_EQ(suit({"run", "--link", "a:b", "image"}).status.code, 125);
  EXPECT_TRUE(suit({"build", "https://example.com/x.git"})
                  .err.starts_with("suit: a build context that is a URL is not supported yet\n"));
}

TEST(Program, CompletesCommandsAndFlags) {
  EXPECT_EQ(suit({"__complete", "container", "x"}).out.find("--"), std::string::npos);
  EXPECT_NE(suit({"__complete", "builder"}).out.find("prune\n"), std::string::npos);
  EXPECT_NE(suit({"__complete", "build"}).out.find("--iidfile\n"), std::string::npos);
}

TEST(Program, SaysWhenItsOutputIsLost) {
  const os::Captured run =
      os::run_and_capture({"/bin/sh", "-c", std::string(SUIT_PROGRAM) + " --help > /dev/full"})
          .value();
  EXPECT_EQ(run.status.code, 1);
  EXPECT_EQ(run.err, "suit: write to stdout: No space left on device (ENOSPC)\n");
}

}  // namespace
}  // namespace suit::cli
