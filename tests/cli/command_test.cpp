#include "cli/command.h"

#include <cerrno>

#include <gtest/gtest.h>

#include "cli/report.h"

namespace suit::cli {
namespace {

const Command* find(const std::vector<std::string>& words) {
  std::size_t used = 0;
  return find_command(words, used);
}

TEST(Commands, HaveDockersNamesAndAliases) {
  EXPECT_EQ(find({"image", "ls", "x"}), find({"images"}));
  EXPECT_EQ(find({"container", "ls"}), find({"ps"}));
  EXPECT_EQ(find({"image", "remove"}), find({"rmi"}));
  EXPECT_NE(find({"inspect"}), find({"image", "inspect"}));
  EXPECT_EQ(find({"image"}), nullptr);
  EXPECT_EQ(find({"nonsense"}), nullptr);
}

TEST(Commands, EachNameMeansOneCommand) {
  for (const Command& command : all_commands()) {
    for (std::string_view names = command.names; !names.empty();) {
      const std::string_view name = names.substr(0, names.find(','));
      names.remove_prefix(std::min(names.size(), name.size() + 1));
      const std::size_t space = name.find(' ');
      std::vector<std::string> words = {std::string(name.substr(0, space))};
      if (space != std::string_view::npos) words.emplace_back(name.substr(space + 1));
      EXPECT_EQ(find(words), &command) << name;
    }
  }
}

// Prints the help of each command into its console, which is then dropped; nothing else happens.
TEST(Commands, EachExplainsItself) {
  for (const Command& command : all_commands()) {
    if (command.name().starts_with("__")) continue;
    FlagSet flags;
    const std::string help = help_for(command, flags);
    EXPECT_TRUE(help.starts_with("Usage:  suit " + std::string(command.name()))) << help;
    EXPECT_FALSE(command.summary.empty()) << command.name();
    EXPECT_LE(command.least, command.most);
  }
}

TEST(Overview, ListsCommandsByGroup) {
  EXPECT_NE(help_overview("").find("  run         Create and run"), std::string::npos);
  const std::string image = help_overview("image");
  EXPECT_NE(image.find("  ls          List images"), std::string::npos) << image;
  EXPECT_EQ(image.find("  run "), std::string::npos);
}

TEST(ExitCode, IsDockers) {
  const Error plain(0, "no such image");
  EXPECT_EQ(exit_code(plain, ExitRule::Plain, Stopped::No), 1);
  EXPECT_EQ(exit_code(plain, ExitRule::Run, Stopped::No), 125);
  EXPECT_EQ(exit_code(plain, ExitRule::Plain, Stopped::ByFlags), 125);
  EXPECT_EQ(exit_code(plain, ExitRule::Run, Stopped::ByArguments), 1);
  EXPECT_EQ(exit_code(plain, ExitRule::Run, Stopped::ForHelp), 0);
  EXPECT_EQ(exit_code(Error(ENOENT, "x").with_step("exec"), ExitRule::Run, Stopped::No), 127);
  EXPECT_EQ(exit_code(Error(EACCES, "x").with_step("exec"), ExitRule::Run, Stopped::No), 126);
  EXPECT_EQ(exit_code(Error(ENOEXEC, "x").with_step("exec"), ExitRule::Run, Stopped::No), 126);
  EXPECT_EQ(exit_code(Error(ENOENT, "x").with_step("mount.proc"), ExitRule::Run, Stopped::No), 125);
}

TEST(Report, PutsTheExcerptAndTheHintUnderTheMessage) {
  EXPECT_EQ(
      render_error(Error(ENOENT, "open \"x\"").with_excerpt(">>> line\n").with_hint("make it")),
      "suit: open \"x\": No such file or directory (ENOENT)\n>>> line\n  help: make it\n");
}

}  // namespace
}  // namespace suit::cli
