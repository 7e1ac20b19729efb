// Folders of files with what is said about them. golden/NAME: a Dockerfile that reads, and its
// summary. must_fail/NAME: one that does not, and the exact text of all its findings, as people see
// them. `SUIT_GOLDEN_WRITE=1` writes what we say now; read the difference before keeping it.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dockerfile/parse.h"
#include "dockerfile/scope.h"

namespace suit::dockerfile {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string word_list(const Instruction& instruction) {
  std::string out;
  for (const Word& word : expandable_words(instruction))
    out += fmt::format(" {}@{}:{}", word.text, word.span.line, word.span.column);
  return out;
}

// One line an instruction: keyword, place, and the words that expansion would see with theirs.
std::string summary(const Dockerfile& file) {
  std::string out;
  auto add = [&out](const Instruction& one) {
    out += fmt::format("{}:{}-{} {}{}\n", one.span.line, one.span.column, one.last_line,
                       keyword_of(one.body), word_list(one));
  };
  for (const Instruction& one : file.global_args)
    add(one);
  for (const Stage& stage : file.stages) {
    out += fmt::format("stage {}\n", stage.label());
    add(stage.from_instruction);
    for (const Instruction& one : stage.instructions)
      add(one);
  }
  return out;
}

std::string findings(std::string_view text) {
  ParseResult result = parse("Dockerfile", text);
  std::string out;
  for (const Diagnostic& one : result.diagnostics)
    out += render(one, "Dockerfile", text);
  if (!result.ok()) return out;
  ResolveResult resolved = resolve(result.file, {});
  for (const Diagnostic& one : resolved.diagnostics)
    out += render(one, "Dockerfile", text);
  return out;
}

template <typename Describe>
void check_folders(const std::string& kind, Describe describe) {
  int count = 0;
  for (const auto& entry :
       fs::directory_iterator(fs::path(SUIT_SOURCE_DIR) / "tests/dockerfile" / kind)) {
    std::string ours = describe(read(entry.path() / "Dockerfile"));
    if (std::getenv("SUIT_GOLDEN_WRITE") != nullptr)
      std::ofstream(entry.path() / "expected") << ours;
    EXPECT_EQ(ours, read(entry.path() / "expected")) << entry.path();
    ++count;
  }
  EXPECT_GT(count, 5);
}

TEST(Golden, ReadsGoodFiles) {
  check_folders("golden", [](const std::string& text) {
    ParseResult result = parse("Dockerfile", text);
    EXPECT_TRUE(result.ok());
    return findings(text) + summary(result.file);
  });
}

TEST(Golden, SaysWhatIsWrongWithBadFiles) {
  check_folders("must_fail", [](const std::string& text) {
    std::string said = findings(text);
    EXPECT_NE(said.find(": error: "), std::string::npos);
    return said;
  });
}

}  // namespace
}  // namespace suit::dockerfile
