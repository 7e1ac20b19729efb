// mistakes/NN-name: the mistakes that people make most, and what we say to each, to the letter. A
// folder holds a Dockerfile, perhaps a .dockerignore, and `expected`. Those with a list `files`
// need a context as well, so the program itself judges them (mistakes_build.py).
// `SUIT_GOLDEN_WRITE=1` writes what we say now; read the difference before keeping it.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dockerfile/ignore.h"
#include "dockerfile/lint.h"
#include "dockerfile/parse.h"

namespace suit::dockerfile {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::optional<IgnoreMatcher> read_ignore(const fs::path& folder) {
  if (!fs::exists(folder / ".dockerignore")) return std::nullopt;
  return IgnoreMatcher::create(read_ignore_file(read(folder / ".dockerignore")).value()).value();
}

// Errors of the text; of its stages when it reads; and what the checks say when it builds, each
// with its rule's reason and remedy.
std::string findings(const fs::path& folder) {
  const std::string text = read(folder / "Dockerfile");
  const ParseResult parsed = parse("Dockerfile", text);
  std::string out;
  for (const Diagnostic& one : parsed.diagnostics)
    out += render(one, "Dockerfile", text);
  if (!parsed.ok()) return out;
  const ResolveResult resolved = resolve(parsed.file, {});
  for (const Diagnostic& one : resolved.diagnostics)
    out += render(one, "Dockerfile", text);
  if (!resolved.ok()) return out;
  const std::optional<IgnoreMatcher> ignore = read_ignore(folder);
  LintOptions options;
  options.all_stages = true;
  options.ignore = ignore ? &*ignore : nullptr;
  LintResult checked = lint(parsed.file, options);
  for (LintWarning& one : checked.warnings) {
    one.diagnostic.notes.emplace_back(one.rule->why);
    if (one.diagnostic.help.empty()) one.diagnostic.help = one.rule->fix;
    out += render(one.diagnostic, "Dockerfile", text);
  }
  return out;
}

TEST(Mistakes, AreAnsweredWithPlaceReasonAndRemedy) {
  int judged = 0;
  int count = 0;
  std::set<std::string> answers;
  for (const auto& entry :
       fs::directory_iterator(fs::path(SUIT_SOURCE_DIR) / "tests/dockerfile/mistakes")) {
    ++count;
    if (fs::exists(entry.path() / "files")) continue;
    ++judged;
    const std::string ours = findings(entry.path());
    if (std::getenv("SUIT_GOLDEN_WRITE") != nullptr)
      std::ofstream(entry.path() / "expected") << ours;
    EXPECT_EQ(ours, read(entry.path() / "expected")) << entry.path();
    EXPECT_TRUE(ours.starts_with("Dockerfile:")) << entry.path();
    EXPECT_TRUE(answers.insert(ours).second) << entry.path() << " is answered as another one";
  }
  fmt::print("mistakes: {} of {} are judged by their text alone\n", judged, count);
  EXPECT_GE(count, 60);
}

}  // namespace
}  // namespace suit::dockerfile
