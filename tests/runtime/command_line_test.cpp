#include "runtime/oci_main/command_line.h"

#include <signal.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace suit::oci_main {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<Arguments> parse(const char* command, std::vector<std::string> words) {
  const Command* found = find_command(command);
  EXPECT_NE(found, nullptr) << command;
  return parse_arguments(words, found->options, found->stop);
}

// Command lines as conmon, podman, containerd's shim, dockerd and buildah write them.
TEST(CommandLine, ReadsWhatItsCallersWrite) {
  const struct {
    const char* command;
    std::vector<std::string> words;
    std::vector<std::string> positional;
  } cases[] = {
      {"create", {"--bundle", "/b", "--pid-file", "/b/pid", "web"}, {"web"}},
      {"create", {"--bundle=/b", "--console-socket", "/s", "--no-pivot", "web"}, {"web"}},
      {"create", {"-b", "/b", "--no-new-keyring", "--preserve-fds=3", "web"}, {"web"}},
      {"exec", {"--pid-file", "/p", "--process", "/x", "--detach", "web"}, {"web"}},
      {"exec",
       {"-t", "--user", "1:2", "--cap", "CAP_KILL", "web", "ls", "-l", "--all"},
       {"web", "ls", "-l", "--all"}},
      {"kill", {"--all", "web", "9"}, {"web", "9"}},
      {"kill", {"web", "KILL", "--all"}, {"web", "KILL"}},
      {"delete", {"--force", "web"}, {"web"}},
      {"run", {"web", "--config", "/c", "--keep"}, {"web"}},
      {"list", {"-q", "-f", "json"}, {}},
      {"ps", {"--format", "json", "web"}, {"web"}},
      {"ps", {"web", "-o", "pid,comm"}, {"web", "-o", "pid,comm"}},
      {"run", {"--detach=false", "--", "-web"}, {"-web"}},
  };
  for (const auto& c : cases) {
    auto args = parse(c.command, c.words);
    ASSERT_TRUE(args) << c.command << ": " << args.error().message();
    EXPECT_EQ(args->positional, c.positional) << c.command;
  }
}

TEST(CommandLine, KeepsValuesInOrderAndTheLastOneWins) {
  auto args = parse(
      "exec", {"-e", "A=1", "--env=B=2", "-env", "C=3", "--cwd", "/a", "--cwd=/b", "web", "env"});
  ASSERT_TRUE(args) << args.error().message();
  EXPECT_THAT(args->texts("env"), ElementsAre("A=1", "B=2", "C=3"));
  EXPECT_EQ(args->text("cwd"), "/b");
  EXPECT_FALSE(args->has("tty"));
  EXPECT_FALSE(parse("run", {"--detach=false", "x"})->has("detach"));
}

TEST(CommandLine, RefusesByNameAndSuggests) {
  EXPECT_THAT(parse("create", {"--bundel", "/b", "x"}).error().message(),
              HasSubstr("unknown option --bundel (did you mean \"bundle\"?)"));
  EXPECT_THAT(parse("create", {"x", "--pid-file"}).error().message(), HasSubstr("needs a value"));
  EXPECT_THAT(parse("run", {"--keep=maybe", "x"}).error().message(), HasSubstr("takes no value"));
  auto args = parse("create", {"--preserve-fds", "many", "x"});
  ASSERT_TRUE(args);
  EXPECT_THAT(args->number("preserve-fds", 0, 10).error().message(), HasSubstr("is not a number"));
  args = parse("create", {"--preserve-fds", "11", "x"});
  EXPECT_FALSE(args->number("preserve-fds", 0, 10));
}

TEST(CommandLine, ReadsSignalsAsPeopleAndProgramsWriteThem) {
  const std::pair<const char*, int> cases[] = {{"9", SIGKILL},
                                               {"KILL", SIGKILL},
                                               {"SIGTERM", SIGTERM},
                                               {"sigusr1", SIGUSR1},
                                               {"RTMIN", SIGRTMIN},
                                               {"RTMIN+3", SIGRTMIN + 3},
                                               {"SIGRTMAX-1", SIGRTMAX - 1},
                                               {"winch", SIGWINCH}};
  for (const auto& [text, number] : cases) {
    auto signal = parse_signal(text);
    ASSERT_TRUE(signal) << text;
    EXPECT_EQ(*signal, number) << text;
  }
  for (const char* text : {"", "0", "-1", "65", "SIGNOPE", "RTMIN+99", "9x"})
    EXPECT_FALSE(parse_signal(text)) << text;
}

TEST(CommandLine, DescribesEveryCommand) {
  for (const Command& command : all_commands()) {
    EXPECT_THAT(usage(), HasSubstr(command.name));
    EXPECT_THAT(usage(command), HasSubstr(command.summary));
  }
}

}  // namespace
}  // namespace suit::oci_main
