// Real Dockerfiles of the container projects, with what the reference reads in them.

#include <algorithm>

#include <gtest/gtest.h>

#include "../support/corpora.h"
#include "dockerfile/parse.h"
#include "lines_support.h"

namespace suit::dockerfile {
namespace {

using corpora::Tally;
using nlohmann::json;

std::vector<json> files() {
  std::vector<json> out;
  std::ifstream in(std::string(SUIT_CORPORA) + "/dockerfiles-moby/cases.jsonl");
  for (std::string line; std::getline(in, line);)
    out.push_back(json::parse(line, nullptr, false));
  EXPECT_FALSE(out.empty());
  return out;
}

std::string all_messages(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const Diagnostic& one : diagnostics)
    out += one.message + "\n";
  return out;
}

TEST(MobyCorpora, HasTheReferencesLines) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfiles-moby/cases.jsonl, lines");
  for (const json& row : files()) {
    Lines lines = parse_lines(row["dockerfile"].get<std::string>());
    std::string why;
    if (row.contains("parse_error")) {
      std::string messages = all_messages(lines.diagnostics);
      if (messages.find(row["parse_error"].get<std::string>()) == std::string::npos)
        why = "error: " + messages;
    } else {
      const json& nodes = row["nodes"];
      if (nodes.size() != lines.lines.size()) why = "count";
      for (std::size_t i = 0; i < nodes.size() && why.empty(); ++i)
        why = difference(lines.lines[i], nodes[i]);
    }
    EXPECT_EQ(why, "") << row["name"];
    tally.count(why.empty());
  }
}

std::string value(const json& row, const char* key) {
  return row.contains(key) && row[key].is_string() ? row[key].get<std::string>() : "";
}

bool same_pairs(const std::vector<KeyValue>& pairs, const json& theirs) {
  bool ok = pairs.size() == theirs.size();
  for (std::size_t i = 0; ok && i < pairs.size(); ++i)
    ok = pairs[i].key.text == value(theirs[i], "Key") &&
         pairs[i].value.text == value(theirs[i], "Value") &&
         pairs[i].legacy == theirs[i].value("NoDelim", false);
  return ok;
}

bool same_args(const std::vector<ArgDefinition>& args, const json& theirs) {
  bool ok = args.size() == theirs.size();
  for (std::size_t i = 0; ok && i < args.size(); ++i)
    ok = args[i].key.text == value(theirs[i], "Key") &&
         args[i].value.value_or("") == value(theirs[i], "Value") &&
         args[i].value.has_value() == theirs[i].contains("Value") &&
         args[i].description == value(theirs[i], "DocComment");
  return ok;
}

bool same_files(const std::vector<InlineFile>& files, const json& row) {
  std::size_t count = row.contains("SourceContents") ? row["SourceContents"].size() : 0;
  bool ok = files.size() == count;
  for (std::size_t i = 0; ok && i < count; ++i) {
    const json& one = row["SourceContents"][i];
    ok = files[i].name == value(one, "Path") && files[i].content == value(one, "Data") &&
         files[i].expand == one["Expand"].get<bool>();
  }
  return ok;
}

/// Whether our typed instruction is the reference's, field for field.
struct Same {
  const json& row;

  bool command(const CommandLine& ours) const {
    return ours.words == strings(row, "CmdLine") &&
           ours.shell_form == row.value("PrependShell", false);
  }
  bool operator()(const From&) const { return false; }
  bool operator()(const Arg& ours) const { return same_args(ours.args, row["Args"]); }
  bool operator()(const Env& ours) const { return same_pairs(ours.pairs, row["Env"]); }
  bool operator()(const Label& ours) const { return same_pairs(ours.pairs, row["Labels"]); }
  bool operator()(const Maintainer& ours) const { return ours.name == value(row, "Maintainer"); }
  bool operator()(const Copy& ours) const {
    return texts(ours.sources) == strings(row, "SourcePaths") &&
           ours.destination.text == value(row, "DestPath") &&
           ours.from.text == value(row, "From") && ours.chown == value(row, "Chown") &&
           ours.chmod == value(row, "Chmod") && ours.link == row["Link"].get<bool>() &&
           ours.parents == row["Parents"].get<bool>() && same_files(ours.inline_files, row);
  }
  bool operator()(const Add& ours) const {
    return texts(ours.sources) == strings(row, "SourcePaths") &&
           ours.destination.text == value(row, "DestPath") && ours.chown == value(row, "Chown") &&
           ours.chmod == value(row, "Chmod") && ours.checksum == value(row, "Checksum") &&
           ours.link == row["Link"].get<bool>() && same_files(ours.inline_files, row);
  }
  bool operator()(const Run& ours) const {
    std::size_t mounts = row.contains("Mounts") ? row["Mounts"].size() : 0;
    bool ok = command(ours.command) && ours.mounts.size() == mounts;
    // The reference fills the other options when it expands them.
    for (std::size_t i = 0; ok && i < mounts; ++i)
      ok = ours.mounts[i].from == value(row["Mounts"][i], "From");
    std::size_t files = row.contains("Files") ? row["Files"].size() : 0;
    ok = ok && ours.heredocs.size() == files;
    for (std::size_t i = 0; ok && i < files; ++i)
      ok = ours.heredocs[i].name == value(row["Files"][i], "Name") &&
           ours.heredocs[i].content == value(row["Files"][i], "Data");
    return ok;
  }
  bool operator()(const Cmd& ours) const { return command(ours.command); }
  bool operator()(const Entrypoint& ours) const { return command(ours.command); }
  bool operator()(const Shell& ours) const { return ours.words == strings(row, "Shell"); }
  bool operator()(const Workdir& ours) const { return ours.path.text == value(row, "Path"); }
  bool operator()(const User& ours) const { return ours.user.text == value(row, "User"); }
  bool operator()(const Expose& ours) const {
    std::vector<std::string> ports = texts(ours.ports);
    std::ranges::sort(ports);  // the reference sorts what it reads
    return ports == strings(row, "Ports");
  }
  bool operator()(const Volume& ours) const { return texts(ours.paths) == strings(row, "Volumes"); }
  bool operator()(const Stopsignal& ours) const { return ours.signal.text == value(row, "Signal"); }
  bool operator()(const Healthcheck& ours) const {
    return ours.test == strings(row.contains("Health") ? row["Health"] : row, "Test");
  }
  bool operator()(const Onbuild& ours) const { return ours.trigger == value(row, "Expression"); }
};

std::string difference(const Stage& stage, const json& theirs) {
  if (stage.name != value(theirs, "name")) return "name of stage " + stage.label();
  if (stage.from.base.text != value(theirs, "base")) return "base of stage " + stage.label();
  if (stage.from.platform.text != value(theirs, "platform")) return "platform " + stage.label();
  if (stage.from.description != value(theirs, "doc_comment")) return "comment " + stage.label();
  std::size_t count = theirs["commands"].is_array() ? theirs["commands"].size() : 0;
  if (stage.instructions.size() != count) return "size of stage " + stage.label();
  for (std::size_t i = 0; i < count; ++i)
    if (!std::visit(Same{theirs["commands"][i]}, stage.instructions[i].body))
      return stage.instructions[i].text + " is not " + theirs["commands"][i].dump();
  return "";
}

std::string difference(const json& row) {
  ParseResult result = parse("Dockerfile", row["dockerfile"].get<std::string>());
  std::string messages = all_messages(result.diagnostics);
  std::string expected = value(row, "instructions_error") + value(row, "parse_error");
  if (!expected.empty()) {
    // The reference names the line in the text; ours is in the diagnostic's span.
    std::size_t prefix = expected.find(": ");
    if (expected.starts_with("dockerfile parse error")) expected = expected.substr(prefix + 2);
    return messages.find(expected) != std::string::npos ? "" : "error: " + messages;
  }
  if (!result.ok()) return "refused: " + messages;
  if (result.file.stages.size() != row["stages"].size()) return "stages";
  std::size_t globals = row["meta_args"].is_array() ? row["meta_args"].size() : 0;
  if (result.file.global_args.size() != globals) return "global args";
  for (std::size_t i = 0; i < globals; ++i)
    if (!same_args(std::get<Arg>(result.file.global_args[i].body).args,
                   row["meta_args"][i]["Args"]))
      return "global arg " + result.file.global_args[i].text;
  for (const Stage& stage : result.file.stages)
    if (std::string why = difference(stage, row["stages"][stage.index]); !why.empty()) return why;
  return "";
}

TEST(MobyCorpora, HasTheReferencesInstructions) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfiles-moby/cases.jsonl, instructions");
  for (const json& row : files()) {
    std::string why = difference(row);
    EXPECT_EQ(why, "") << row["name"];
    tally.count(why.empty());
  }
}

}  // namespace
}  // namespace suit::dockerfile
