#include "cli/flags.h"

#include <array>
#include <set>

#include <gtest/gtest.h>

#include "../support/corpora.h"
#include "cli/run_options.h"

namespace suit::cli {
namespace {

struct Values {
  bool quiet = false, all = false;
  std::string name;
  std::vector<std::string> env;
  std::optional<std::int64_t> last;
  std::optional<std::string> explain;
};

constexpr std::array<std::string_view, 2> kUnsupported = {"m,memory", "gpus"};

// What is left after the flags, or the error.
std::string parse(Values& values, const std::vector<std::string>& args,
                  Order order = Order::Mixed) {
  FlagSet flags;
  flags.toggle('q', "quiet", values.quiet, "")
      .toggle('a', "all", values.all, "")
      .add('\0', "name", &values.name, "string", "")
      .add('e', "env", &values.env, "list", "")
      .add('n', "last", &values.last, "int", "")
      .optional_text("explain", values.explain, "text", "")
      .unsupported(kUnsupported);
  const Result<std::vector<std::string>> rest = flags.parse(args, order);
  if (!rest) return rest.error().message();
  std::string out;
  for (const std::string& arg : *rest)
    out += (out.empty() ? "" : " ") + arg;
  return out;
}

TEST(Flags, ComeInEveryFormOfPflag) {
  Values values;
  EXPECT_EQ(parse(values, {"-qa", "--name=x", "-eA=1", "-e", "B=2", "--env", "C=3", "--env=D=4",
                           "-e=E=5", "-n", "-1", "one"}),
            "one");
  EXPECT_TRUE(values.quiet && values.all);
  EXPECT_EQ(values.name, "x");
  EXPECT_EQ(values.env, (std::vector<std::string>{"A=1", "B=2", "C=3", "D=4", "E=5"}));
  EXPECT_EQ(values.last, -1);
}

TEST(Flags, SwitchesTakeAValueOnlyAfterAnEqualsSign) {
  Values values;
  EXPECT_EQ(parse(values, {"-q", "false", "--all=false"}), "false");
  EXPECT_TRUE(values.quiet);
  EXPECT_FALSE(values.all);
  EXPECT_EQ(parse(values, {"--quiet=maybe"}),
            "invalid argument \"maybe\" for \"-q, --quiet\" flag: strconv.ParseBool: parsing "
            "\"maybe\": invalid syntax");
}

TEST(Flags, AfterTheImageBelongToTheProgram) {
  Values values;
  EXPECT_EQ(parse(values, {"-q", "image", "-a", "--name", "y"}, Order::FlagsFirst),
            "image -a --name y");
  EXPECT_FALSE(values.all);
}

TEST(Flags, EndAtTwoDashes) {
  Values values;
  EXPECT_EQ(parse(values, {"-q", "--", "-a", "--x"}), "-a --x");
  EXPECT_EQ(parse(values, {"-"}), "-");
}

TEST(Flags, MayHaveAValueThatIsNotRequired) {
  Values values;
  EXPECT_EQ(parse(values, {"--explain", "json"}), "json");
  EXPECT_EQ(values.explain, "text");
  EXPECT_EQ(parse(values, {"--explain=json"}), "");
  EXPECT_EQ(values.explain, "json");
}

TEST(Flags, AreRefusedInDockersWords) {
  Values values;
  EXPECT_EQ(parse(values, {"--foo"}), "unknown flag: --foo");
  EXPECT_EQ(parse(values, {"--nme", "x"}), "unknown flag: --nme (did you mean --name?)");
  EXPECT_EQ(parse(values, {"-qz"}), "unknown shorthand flag: 'z' in -qz");
  EXPECT_EQ(parse(values, {"--name"}), "flag needs an argument: --name");
  EXPECT_EQ(parse(values, {"-e"}), "flag needs an argument: 'e' in -e");
  EXPECT_EQ(parse(values, {"--last=x"}),
            "invalid argument \"x\" for \"-n, --last\" flag: strconv.ParseInt: parsing \"x\": "
            "invalid syntax");
  EXPECT_EQ(parse(values, {"--=x"}), "bad flag syntax: --=x");
}

TEST(Flags, ThatDockerHasAndWeHaveNotAreRefusedByName) {
  Values values;
  EXPECT_EQ(parse(values, {"--gpus", "all"}), "flag --gpus is not supported yet");
  EXPECT_EQ(parse(values, {"-m", "1g"}), "flag --memory is not supported yet");
  EXPECT_EQ(parse(values, {"--memory=1g"}), "flag --memory is not supported yet");
}

TEST(FlagsHelp, FitsIntoEightyColumns) {
  bool flag = false;
  FlagSet flags;
  flags.toggle('q', "quiet", flag,
               std::string_view("say less than one would otherwise say about all "
                                "of this, and then some more of it"));
  EXPECT_EQ(flags.help_text(),
            "\nOptions:\n"
            "  -q, --quiet   say less than one would otherwise say about all of this, and\n"
            "                then some more of it\n");
}

// The table runs Docker's whole flag set. What we do not have is refused by name: those rows are
// counted apart; in the others, errors must be Docker's.
TEST(FlagsCorpora, RunAnswersAsDockerDoes) {
  // Docker's command line takes any word for a policy, and its daemon refuses it; we are one
  // program.
  const std::set<std::string> kByTheDaemon = {"run-flags-101", "run-flags-102"};
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/run-flags.json");
  for (const auto& row : corpora::cases("docker-cli/run-flags.json")) {
    auto args = row["args"].get<std::vector<std::string>>();
    args.insert(args.end(), {"ubuntu", "bash"});
    RunFlags run;
    FlagSet flags;
    declare_run_flags(flags, run);
    const Result<std::vector<std::string>> rest = flags.parse(args, Order::FlagsFirst);
    const Result<void> done =
        rest ? interpret(run, *rest) : Result<void>(std::unexpected(Error(rest.error())));
    const std::string error = done ? "" : done.error().message();
    if (error.find("not supported yet") != std::string::npos) {
      tally.deviate();
      continue;
    }
    if (kByTheDaemon.contains(row["name"].get<std::string>())) {
      EXPECT_FALSE(done) << row.dump();
      tally.deviate();
      continue;
    }
    const bool wants_error =
        row.contains("expected_error") || row.contains("expected_error_contains");
    const std::string expected =
        row.value("expected_error", row.value("expected_error_contains", ""));
    const bool ok = wants_error ? error.find(expected) != std::string::npos : error.empty();
    EXPECT_TRUE(ok) << row.dump() << "\n" << error;
    tally.count(ok);
  }
}

}  // namespace
}  // namespace suit::cli
