// Layer one against the reference parser's own tables.

#include <gtest/gtest.h>

#include "../support/corpora.h"
#include "dockerfile/heredoc_internal.h"
#include "dockerfile/line.h"
#include "dockerfile/words_internal.h"
#include "lines_support.h"

namespace suit::dockerfile {
namespace {

using corpora::Tally;
using nlohmann::json;

std::string all_messages(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const Diagnostic& one : diagnostics)
    out += one.message + "\n";
  return out;
}

TEST(LineCorpora, SplitsWholeFiles) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-parser/testfiles.json");
  for (const json& row : corpora::cases("dockerfile-parser/testfiles.json")) {
    Lines lines = parse_lines(row["dockerfile"].get<std::string>());
    std::string why = lines.lines.size() == row["nodes"].size()
                          ? ""
                          : "instructions: " + std::to_string(lines.lines.size());
    if (std::string(1, lines.escape) != row["escape"]) why = "escape";
    for (std::size_t i = 0; i < lines.lines.size() && why.empty(); ++i)
      why = difference(lines.lines[i], row["nodes"][i]);
    EXPECT_EQ(why, "") << row["name"];
    tally.count(why.empty());
  }
}

TEST(LineCorpora, RejectsWhatTheReferenceRejects) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-parser/testfiles-negative.json");
  for (const json& row : corpora::cases("dockerfile-parser/testfiles-negative.json")) {
    Lines lines = parse_lines(row["dockerfile"].get<std::string>());
    std::string messages = all_messages(lines.diagnostics);
    bool ok = messages.find(row["expected_error"].get<std::string>()) != std::string::npos;
    EXPECT_TRUE(ok) << row["name"] << messages;
    tally.count(ok);
  }
}

TEST(LineCorpora, ReadsDirectives) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-parser/directives.json");
  for (const json& row : corpora::cases("dockerfile-parser/directives.json")) {
    std::string input = row["input"].get<std::string>();
    const json& expected = row["expected"];
    bool ok = false;
    if (row["api"] == "all") {
      auto found = parse_directives(input);
      ok = found.size() == expected.size();
      for (std::size_t i = 0; ok && i < found.size(); ++i)
        ok = found[i].name == expected[i]["name"] && found[i].value == expected[i]["value"];
    } else {
      Word word;
      if (row["api"] == "syntax") word = detect_syntax(input);
      for (const Directive& one : parse_directives(input))
        if (row["api"] == "check" && one.name == "check")
          word = {one.value.substr(0, one.value.find(' ')), one.span};
      ok = expected.is_null() ? word.text.empty() : word.text == expected["ref"];
      if (ok && !expected.is_null() && expected.contains("line"))
        ok = word.span.line == expected["line"];
    }
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(LineCorpora, ReadsHeredocs) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-parser/heredocs.json");
  std::ifstream in(std::string(SUIT_CORPORA) + "/dockerfile-parser/heredocs.json");
  json table = json::parse(in, nullptr, false);
  Lines lines = parse_lines(table["dockerfile"].get<std::string>());
  for (const json& row : table["cases"]) {
    auto index = row["child_index"].get<std::size_t>();
    ASSERT_LT(index, lines.lines.size());
    json node = row;
    // The reference gives an unknown keyword one empty word.
    if (row["args"] == json::array({""})) node["args"] = json::array();
    std::string why = difference(lines.lines[index], node);
    EXPECT_EQ(why, "") << row.dump();
    tally.count(why.empty());
  }
}

TEST(LineCorpora, TellsHeredocWords) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-parser/heredoc-words.json");
  for (const json& row : corpora::cases("dockerfile-parser/heredoc-words.json")) {
    auto mark = heredoc_of(row["input"].get<std::string>());
    bool ok = false;
    if (row.contains("expected_error"))
      ok = !mark;
    else if (row["expected_name"].is_null())
      ok = mark && !*mark;
    else
      ok = mark && *mark && (*mark)->name == row["expected_name"];
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(LineCorpora, FindsHeredocsInALine) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-parser/heredocs-from-line.json");
  for (const json& row : corpora::cases("dockerfile-parser/heredocs-from-line.json")) {
    std::vector<std::string> names;
    auto found = heredocs_of(row["input"].get<std::string>());
    if (found)
      for (const Heredoc& one : *found)
        names.push_back(one.name);
    bool ok = names == strings(row, "expected_names");
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(LineCorpora, ReadsJsonArrays) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-parser/json-arrays.json");
  for (const json& row : corpora::cases("dockerfile-parser/json-arrays.json")) {
    JsonArray array = parse_json_array(row["input"].get<std::string>(), 0);
    bool ok = false;
    if (row.contains("expected_error")) {
      ok = array.form == JsonForm::NotStrings;
    } else {
      std::vector<std::string> words;
      for (const Piece& piece : array.strings)
        words.push_back(piece.text);
      ok = array.form == JsonForm::Strings && words == strings(row, "expected");
    }
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(LineCorpora, SplitsWordsOutsideQuotes) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-parser/words.json");
  for (const json& row : corpora::cases("dockerfile-parser/words.json")) {
    std::vector<std::string> words;
    for (const Piece& piece : split_outside_quotes(row["input"].get<std::string>(), 0, '\\'))
      words.push_back(piece.text);
    bool ok = words == strings(row, "expected");
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

// The table's templates name what fills them in words.
std::string file_of(const json& row) {
  if (row.contains("dockerfile")) return row["dockerfile"].get<std::string>();
  std::string file = row.value("dockerfile_template", "");
  std::size_t at = file.find("%s");
  return at == std::string::npos ? file : file.replace(at, 2, std::string(65536, 'a'));
}

bool check_misc(const json& row) {
  std::string check = row["check"].get<std::string>();
  if (check == "chomp") {
    Heredoc heredoc{.name = "x", .content = row["input"].get<std::string>(), .chomp = true};
    return heredoc_text(heredoc) == row["expected"];
  }
  Lines lines = parse_lines(file_of(row));
  if (check == "error")
    return all_messages(lines.diagnostics).find(row["expected_error"].get<std::string>()) !=
           std::string::npos;
  if (check == "heredocs_empty") {
    for (const json& child : row["children"])
      if (!lines.lines.at(child.get<std::size_t>()).heredocs.empty()) return false;
    return true;
  }
  if (check == "chain")
    return texts(lines.lines.at(row["child"].get<std::size_t>()).words) ==
           strings(row, "expected_chain");
  if (check == "lines") {
    bool ok = lines.lines.size() == row["children"].size();
    for (std::size_t i = 0; ok && i < lines.lines.size(); ++i)
      ok = lines.lines[i].span.line == row["children"][i][0] &&
           lines.lines[i].last_line == row["children"][i][1];
    return ok;
  }
  bool ok = check == "warnings" && lines.diagnostics.size() == row["expected_warning_count"];
  for (std::size_t i = 0; ok && i < lines.diagnostics.size(); ++i) {
    ok = lines.diagnostics[i].message == row["warnings_upstream"][i] &&
         lines.diagnostics[i].help.find(row["expected_detail_contains"].get<std::string>()) !=
             std::string::npos;
  }
  for (std::size_t i = 0; ok && i < lines.lines.size(); ++i)
    ok = difference(lines.lines[i], row["nodes"][i]).empty();
  return ok;
}

TEST(LineCorpora, AnswersTheOddCases) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-parser/misc.json");
  for (const json& row : corpora::cases("dockerfile-parser/misc.json")) {
    bool ok = check_misc(row);
    EXPECT_TRUE(ok) << row["name"];
    tally.count(ok);
  }
}

}  // namespace
}  // namespace suit::dockerfile
